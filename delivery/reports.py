"""What workflows at GitHub run: a preview's plan, the comment's posting, the drift report. Nothing at Google changes.

Kept apart from the steps of a delivery, as it needs `review`, which a delivery does not.
"""

from __future__ import annotations

import sys
from pathlib import Path

from delivery import cli, drift, steps
from delivery.github import GitHub
from delivery.google import Refused
from delivery.stack import Stack
from review.comment import MARKER
from review.plan import Unreadable
from review.preview import plan_of


def preview(stack: Stack, out: Path) -> None:
    """The plan of this checkout for the stack as it is, with the image that it runs, as JSON."""
    steps.settings(stack)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(cli.preview(stack), encoding="utf-8")


def comment(number: int, file: Path) -> None:
    """Posts the one comment of a pull request, or changes it."""
    text = file.read_text(encoding="utf-8")
    if MARKER not in text:
        raise Refused(f"{file} is no comment of ours: make it with python -m review comment --out {file}")
    print(GitHub().stick(number, MARKER, text))


def find_drift(stack: Stack, out: Path) -> int:
    """Writes the report (nothing into it when nothing drifted); returns how much was found."""
    release = steps.settings(stack)
    try:
        plan = plan_of(cli.preview(stack, refresh=True), stack.name, refreshed=True)
    except Unreadable as problem:
        raise Refused(f"drift of {stack.name}: {problem}") from None
    found = drift.find(stack, plan, release, stack.google())
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(drift.report(stack.name, found) if found else "", encoding="utf-8")
    print(f"{stack.name}: {len(found)} findings", *(f"  {one.kind} {one.where}: {one.what}" for one in found), sep="\n")
    return len(found)


def track(stack: str, file: Path) -> None:
    """Opens, updates or closes the stack's tracking issue after the report in `file`."""
    text = file.read_text(encoding="utf-8")
    title = f"Drift of stack {stack}"
    print(GitHub().track(drift.marker(stack), title, text or None), file=sys.stderr)
