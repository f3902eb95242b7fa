"""Pushes DICOM files into a deployed stack's store: a folder by STOW, a Cloud Storage prefix by the store's own import.

Gets the stack's outputs and a way to tokens, no code of the stack. Says per file what became of it; "done" with
failures inside is a failure.
"""
