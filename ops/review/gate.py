"""The plan gate: is there anything in this plan that must not happen unseen?

    python -m ops gate PLAN.json [--stack STACK] [--out FILE.md] [--plan-out FILE.json]
    python -m ops gate --base REF --stack STACK

Reads what `pulumi preview --json` printed, or a plan of ours, or, with `--base`, compares the program of the merge base
with the one here. Prints the plan in words. Exit code 0: go on; 1: something dangerous; 2: it could not be read, which
is no permission either.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ops.review import preview
from ops.review.exceptions_applied import judge
from ops.review.plan import Plan, Unreadable, from_json, to_json
from ops.review.words import in_words
from policy import exceptions

ROOT = Path(__file__).resolve().parents[2]
GO, STOP, UNREAD = 0, 1, 2
OWNERS_AGREE = "GitHub merges nothing without a review by the owners of files: show those that no graph shows, only"


def read(text: str, stack: str = "") -> Plan:
    """A plan from Pulumi's output or from our own JSON. Raises `Unreadable`."""
    try:
        document = json.loads(text)
    except ValueError:
        return preview.plan_of(text, stack)
    if isinstance(document, dict) and "source" in document:
        return from_json(document)
    return preview.plan_of(text, stack)


def against(base: str, stack: str) -> tuple[Plan, exceptions.Exceptions]:
    """The plan from the merge base with `base` to the working tree, and what was agreed to before the change."""
    # Only here: running the program needs the SDK and the local cloud, which take longer to load than a plan to judge.
    from ops.review.base import between, graphs_at, merge_base, permits_since
    from ops.review.graph import CANNOT_RUN, Graph, set_by, settings_of

    commit = merge_base(base)
    try:
        former = graphs_at(commit, [stack], as_set=None)[stack] or Graph(stack=stack, nodes=())
        plan = between(commit, stack, set_by(former.settings) | set_by(settings_of(stack)))
        return plan, permits_since(commit, ROOT)
    except CANNOT_RUN as problem:
        raise Unreadable(f"the program here cannot be run for stack {stack}: {problem}") from problem


def main(arguments: Sequence[str]) -> int:
    options = _options().parse_args(arguments)
    try:
        if options.base:
            plan, permits = against(options.base, options.stack or "dev")
        else:
            plan, permits = read(_text(options.plan), options.stack), exceptions.load(ROOT)
    except Unreadable as problem:
        print(f"gate: {problem}", file=sys.stderr)
        return UNREAD
    today = datetime.now(UTC).date()
    judgement = judge(plan, permits, today, owners_agree=options.owners_agree)
    words = in_words(plan, judgement.stopped, judgement.allowed, judgement.agreement)
    if options.plan_out:
        options.plan_out.write_text(json.dumps(to_json(plan), indent=1) + "\n", encoding="utf-8")
    if options.out:
        options.out.write_text(words, encoding="utf-8")
    print(words, end="")
    return STOP if judgement.stopped else GO


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path} cannot be read: {error}") from error


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops gate", description=(__doc__ or "").partition("\n")[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("plan", nargs="?", type=Path, help="what pulumi preview --json printed, or a plan of ours")
    source.add_argument("--base", help="compare with the merge base of this branch and REF instead")
    parser.add_argument("--stack", default="", help="which stack; with a plan, only its name in the words")
    parser.add_argument("--out", type=Path, help="also write the words there")
    parser.add_argument("--plan-out", type=Path, help="write the plan there, in the shape of plan.schema.json")
    parser.add_argument("--owners-agree", action="store_true", help=OWNERS_AGREE)
    return parser
