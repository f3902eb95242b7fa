"""The one comment on a pull request: everything that a reviewer must know, the dangerous first.

    python -m ops comment --base REF --out FILE [--plan STACK=PLAN.json]… [--preview-url URL] [--reports FOLDER]

Owns: the order of the parts, the hidden marker by which the comment is found again, and that it fits. Deliberately not:
posting it. Plans come from `pulumi preview --json` where one is given, and else from the merge base and this checkout,
so that a laptop without an account makes the same comment.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops.review import cost, parts, words
from ops.review.base import between, describe, graphs_at, merge_base, permits_since, verdict, verdict_of, with_files
from ops.review.compare import settings_step
from ops.review.exceptions_applied import judge
from ops.review.gate import OWNERS_AGREE, read
from ops.review.graph import CANNOT_RUN, ROOT, Graph, deploy_graph, set_by, settings_of
from ops.review.judge import declared_resources as every
from ops.review.parts import Reviewed
from ops.review.plan import Plan, Unreadable
from policy import exceptions
from policy.check import check

MARKER = "<!-- dicom-platform: what this change does -->"
LONGEST = 65_000
"""GitHub refuses a comment of more than 65,536 characters."""
TITLE = "## What this change does"
ELSEWHERE = "the whole text is in the check's artefacts, as comment.whole.md"
STACKS = ("local", "dev", "prod")


def look(
    base: str, stacks: Sequence[str], plans: Mapping[str, str | Unreadable], *, owners_agree: bool = False
) -> list[Reviewed]:
    """`plans` are texts that Pulumi printed, by stack, or why there is none; the others are worked out from the merge
    base with `base`, and so are those that cannot be read, with a note."""
    made, notes = _read(plans)
    commit = merge_base(base)
    former = graphs_at(commit, list(stacks), as_set=None)
    permits, since, today = exceptions.load(ROOT), permits_since(commit, ROOT), datetime.now(UTC).date()
    reviewed: list[Reviewed] = []
    for stack in stacks:
        settings = settings_of(stack)
        written = former[stack] or Graph(stack=stack, nodes=())
        if plan := made.get(stack):
            steps = settings_step(stack, written.settings, settings) if former[stack] else []
            plan = with_files(replace(plan, steps=(*plan.steps, *steps)), commit, ROOT)
        else:
            plan = between(commit, stack, set_by(written.settings) | set_by(settings))
        judged = judge(plan, since, today, owners_agree=owners_agree)
        controls = check(every(deploy_graph(stack), settings), exceptions=permits, today=today)
        before = verdict_of(commit, stack)
        # Asked only where there is another judge to compare with: it runs both programs once more.
        now = frozenset[str]() if before is None else frozenset(verdict(commit, stack, ROOT))
        reviewed.append(
            Reviewed(
                plan=plan,
                dangers=judged.stopped,
                allowed=judged.allowed,
                agreement=judged.agreement,
                controls=controls,
                note=notes.get(stack, ""),
                only_before=tuple(sorted((before or frozenset()) - now)),
                only_now=tuple(sorted(now - (before or frozenset()))),
            )
        )
    return reviewed


def _read(plans: Mapping[str, str | Unreadable]) -> tuple[dict[str, Plan], dict[str, str]]:
    """The plans, and why there is none of the others."""
    made: dict[str, Plan] = {}
    notes: dict[str, str] = {}
    for stack, text in plans.items():
        try:
            if isinstance(text, Unreadable):
                raise text
            made[stack] = read(text, stack)
        except Unreadable as problem:
            notes[stack] = str(problem)
    return made, notes


def write(
    reviewed: Sequence[Reviewed],
    use: cost.Usage,
    *,
    what: str = "",
    preview_url: str = "",
    smoke: Mapping[str, Any] | None = None,
    longest: float = LONGEST,
) -> str:
    """The comment; the longest parts are left out, and named, when it would not fit. `what` says what was compared."""
    head = [
        MARKER,
        TITLE,
        words.sentence(what),
        parts.describe_dispute(reviewed),
        parts.not_looked_at(reviewed),
        *parts.dangerous(reviewed),
    ]
    head.append(parts.overview(reviewed, use))
    tail = [parts.controls(reviewed), parts.costs(reviewed, use), parts.viewer(preview_url), parts.smoke(smoke or {})]
    changed = [item.plan for item in reviewed if item.plan.changes]
    details = {plan.stack: f"{words.heading(plan)}\n\n{words.details(plan)}" for plan in changed}
    text = _join([*head, *details.values(), *tail])
    for stack in sorted(details, key=lambda name: -len(details[name])):
        if len(text) <= longest:
            break
        details[stack] = f"### {words.code(stack)}\n\nToo long for a comment: {ELSEWHERE}."
        text = _join([*head, *details.values(), *tail])
    return text if len(text) <= longest else _cut(text, int(longest))


def _cut(text: str, longest: int) -> str:
    """The beginning, whole lines, with what is folded closed again."""
    note = f"\n\n</details>\n\nThe rest is too long for a comment: {ELSEWHERE}.\n"
    begun = text[: longest - len(note)].rpartition("\n")[0]
    folded = begun.count("<details>") > begun.count("</details>")
    return begun + (note if folded else note.replace("\n\n</details>", "", 1))


def failure_comment(what: str, why: str) -> str:
    """The comment of a review that failed: what stood there of an earlier commit must not stand there any longer."""
    return _join([MARKER, TITLE, words.sentence(what), "**This change could not be looked at.**", words.code(why)])


def _join(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def reports_in(folder: Path) -> dict[str, Any]:
    """`FOLDER/STACK/smoke.json`, those there are."""
    return {path.parent.name: _report(path) for path in sorted(folder.glob("*/smoke.json"))}


def _reports(folder: Path, named: Sequence[str]) -> dict[str, Any]:
    pairs = (text.partition("=") for text in named)
    return reports_in(folder) | {stack: _report(Path(path)) for stack, _, path in pairs}


def _report(path: Path) -> Any:
    """None for one that cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def main(arguments: Sequence[str]) -> int:
    options = _options().parse_args(arguments)
    what = ""
    try:
        what = _describe_commits(options.base, options.commit)
        plans = dict(_plan(text) for text in options.plan)
        reviewed = look(options.base, options.stack or STACKS, plans, owners_agree=options.owners_agree)
        use = cost.usage(studies=options.studies)
    except (*CANNOT_RUN, Unreadable, OSError, ValueError) as problem:
        print(f"comment: {problem}", file=sys.stderr)
        if options.out:
            _keep(options.out, failure_comment(what, str(problem)))
        return 2
    more: dict[str, Any] = {
        "what": what,
        "preview_url": options.preview_url,
        "smoke": _reports(options.reports, options.smoke),
    }
    text = write(reviewed, use, **more)
    if options.out:
        _keep(options.out, text)
        if (whole := write(reviewed, use, **more, longest=math.inf)) != text:
            _keep(options.out.with_suffix(".whole.md"), whole)
    else:
        print(text, end="")
    return 1 if options.gate and any(item.stops for item in reviewed) else 0


def _describe_commits(base: str, commit: str) -> str:
    """`commit` is the one that was pushed, when what is checked out is GitHub's merge of it."""
    return f"Commit `{commit[:10]}`, merged: {describe(base)}." if commit else f"{describe(base)}."


def _plan(text: str) -> tuple[str, str | Unreadable]:
    stack, _, path = text.partition("=")
    try:
        return stack, Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        return stack, Unreadable(f"there is no plan to read ({error}): look at the check that makes it")


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops comment", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", default="main", help="what the change goes into (default: %(default)s)")
    parser.add_argument("--commit", default="", help="what was pushed, when a merge of it is checked out")
    parser.add_argument("--stack", action="append", help=f"may be repeated (default: {', '.join(STACKS)})")
    parser.add_argument("--plan", action="append", default=[], metavar="STACK=FILE", help="what a preview printed")
    parser.add_argument("--preview-url", default="", help="where the preview of the viewer is")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="folder of the smoke tests' reports")
    parser.add_argument("--smoke", action="append", default=[], metavar="STACK=FILE", help="one report of them")
    parser.add_argument("--studies", type=float, default=cost.table()["usage"]["studies"]["value"])
    parser.add_argument("--out", type=Path, help="write the comment there instead of printing it")
    parser.add_argument(
        "--gate", action="store_true", help="exit with 1 when anything is dangerous, broken or not looked at"
    )
    parser.add_argument("--owners-agree", action="store_true", help=OWNERS_AGREE)
    return parser
