"""Proof that a deployed platform stores, finds and shows a slide; knows its target by URL and declared capabilities."""
