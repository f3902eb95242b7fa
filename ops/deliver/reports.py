"""What workflows at GitHub run: a preview's plan, the comment's posting, the drift report. Nothing at Google changes.

Kept apart from the steps of a delivery, as it needs `review`, which a delivery does not.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from ops.client.refusal import OpsRefused
from ops.deliver import cli, drift, steps
from ops.deliver.github import GitHub
from ops.deliver.stack import Stack
from ops.review.comment import MARKER
from ops.review.plan import Unreadable, failure
from ops.review.preview import plan_of


def preview(stack: Stack, out: Path) -> None:
    """The plan of this checkout for the stack as it is, with the image that it runs, as JSON.

    When there is none, why: whoever reads only the comment must see that nobody asked Google.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        steps.settings(stack)
        text = cli.preview(stack)
    except OpsRefused as refused:
        why = _why(refused)
        out.write_text(json.dumps(failure(why)) + "\n", encoding="utf-8")
        raise OpsRefused(why) from refused
    out.write_text(text, encoding="utf-8")


def _why(refused: OpsRefused) -> str:
    """With the errors that Pulumi puts into its JSON; a broken rule of the policy pack is not among them."""
    if not isinstance(refused, cli.Failed):
        return str(refused)
    try:
        plan_of(refused.printed)
    except Unreadable as problem:
        return f"{refused}: {problem}"
    return f"{refused}: no error is in its JSON, so a rule of the policy pack is broken, or the log says more"


def comment(number: int, file: Path) -> None:
    """Posts the one comment of a pull request, or changes it."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise OpsRefused(f"there is no comment to post: {error}") from None
    if MARKER not in text:
        raise OpsRefused(f"{file} is no comment of ours: make it with .venv/bin/python -m ops comment --out {file}")
    print(GitHub().stick(number, MARKER, text))


def find_drift(stack: Stack, out: Path) -> int:
    """Writes the report (nothing into it when nothing drifted); returns how much was found."""
    release = steps.settings(stack)
    try:
        plan = plan_of(cli.preview(stack, refresh=True), stack.name, refreshed=True)
    except cli.Failed as failed:
        raise OpsRefused(f"drift of {stack.name}: {_why(failed)}") from None
    except Unreadable as problem:
        raise OpsRefused(f"drift of {stack.name}: {problem}") from None
    findings = drift.find(stack, plan, release, stack.google())
    out.parent.mkdir(parents=True, exist_ok=True)
    waiting = release.commit if release and release.commit != os.environ.get("GITHUB_SHA", release.commit) else ""
    out.write_text(drift.report(stack.name, findings, waiting) if findings else "", encoding="utf-8")
    print(
        f"{stack.name}: {len(findings)} findings",
        *(f"  {finding.kind} {finding.where}: {finding.what}" for finding in findings),
        sep="\n",
    )
    return len(findings)


def track(stack: str, file: Path) -> None:
    """Opens, updates or closes the stack's tracking issue after the report in `file`."""
    text = file.read_text(encoding="utf-8")
    title = f"Drift of stack {stack}"
    print(GitHub().track(drift.marker(stack), title, text or None, drift.fingerprint_of(text)), file=sys.stderr)
