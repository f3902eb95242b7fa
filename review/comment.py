"""The one comment on a pull request: everything that a reviewer must know, the dangerous first.

    python -m review comment --base REF --out FILE [--plan STACK=PLAN.json]… [--preview-url URL] [--reports FOLDER]

Owns: the order of the parts, the hidden marker by which the comment is found again, and that it fits. Deliberately not:
posting it. Plans come from `pulumi preview --json` where one is given, and else from the merge base and this checkout,
so that a laptop without an account makes the same comment.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localcloud.declared import declared as every
from policy import exceptions
from policy.check import Report, check
from review import cost, words
from review.base import graphs_at, merge_base
from review.compare import plan_of
from review.dangers import Danger
from review.gate import read
from review.graph import CANNOT_RUN, ROOT, Graph, deployed, of_deployment
from review.judgement import judge
from review.plan import Plan, Unreadable

MARKER = "<!-- dicom-platform: what this change does -->"
LONGEST = 65_000
"""GitHub refuses a comment of more than 65,536 characters."""
STACKS = ("local", "dev", "prod")


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """One stack, looked at."""

    plan: Plan
    dangers: Sequence[Danger]
    allowed: Sequence[str] = ()
    """Sentences about dangers that a reviewed exception lets through."""
    controls: Report
    """Of the program as it is here, run in process: every value is known."""


def look(base: str, stacks: Sequence[str], plans: Mapping[str, str]) -> list[Reviewed]:
    """`plans` are texts that Pulumi printed, by stack; the others are worked out from the merge base with `base`."""
    before = graphs_at(merge_base(base), [stack for stack in stacks if stack not in plans])
    found: list[Reviewed] = []
    permits, today = exceptions.load(ROOT), datetime.now(UTC).date()
    for stack in stacks:
        deployment = deployed(stack)
        text = plans.get(stack)
        former = before.get(stack) or Graph(stack=stack, nodes=())
        plan = read(text, stack) if text is not None else plan_of(former, of_deployment(stack, deployment))
        judged = judge(plan, permits, today)
        controls = check(every(deployment), exceptions=permits, today=today)
        found.append(Reviewed(plan=plan, dangers=judged.stopped, allowed=judged.allowed, controls=controls))
    return found


def write(
    reviewed: Sequence[Reviewed], use: cost.Usage, *, preview_url: str = "", smoke: Mapping[str, Any] | None = None
) -> str:
    """The comment; the longest parts are left out, and named, when it would not fit."""
    head = [MARKER, "## What this change does", *_dangerous(reviewed), _overview(reviewed, use)]
    tail = [_controls(reviewed), _costs(reviewed, use), _viewer(preview_url), _smoke(smoke or {})]
    changed = [item.plan for item in reviewed if item.plan.changes]
    details = {plan.stack: f"{words.heading(plan)}\n\n{words.details(plan)}" for plan in changed}
    text = _joined([*head, *details.values(), *tail])
    for stack in sorted(details, key=lambda name: -len(details[name])):
        if len(text) <= LONGEST:
            break
        details[stack] = f"### {words.code(stack)}\n\nToo long for a comment: see the words in the check's artefacts."
        text = _joined([*head, *details.values(), *tail])
    note = "\n\nThe rest is too long for a comment: see the words in the check's artefacts.\n"
    return text if len(text) <= LONGEST else text[: LONGEST - len(note)].rpartition("\n")[0] + note


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _dangerous(reviewed: Sequence[Reviewed]) -> list[str]:
    parts = [
        f"### {words.code(item.plan.stack)}\n\n{words.dangerous(item.dangers, item.allowed)}"
        for item in reviewed
        if item.dangers or item.allowed
    ]
    return parts or [words.dangerous([])]


def _overview(reviewed: Sequence[Reviewed], use: cost.Usage) -> str:
    lines = ["| stack | plan | dangerous | rules broken | USD a month |", "| --- | --- | ---: | ---: | ---: |"]
    for item in reviewed:
        after = cost.estimate(item.plan.after(), use).total
        more = sum(now - was for _, was, now in cost.difference(item.plan.before(), item.plan.after(), use))
        change = f" ({more:+,.2f})" if abs(more) >= 0.005 else ""
        source = "" if item.plan.source == "graph" else ", by Pulumi"
        lines.append(
            f"| {words.code(item.plan.stack)} | {words.summary(item.plan)}{source} | {len(item.dangers)} | "
            f"{len(item.controls.violations)} | {after:,.2f}{change} |"
        )
    return "\n".join(lines)


def _controls(reviewed: Sequence[Reviewed]) -> str:
    lines = [
        f"- {words.code(item.plan.stack)} {words.code(found.rule)} ({words.plain(', '.join(found.controls))}): "
        f"{words.plain(found.message)} {words.plain(found.remedy)}"
        for item in reviewed
        for found in item.controls.violations
    ]
    warned = sum(len(item.controls.warnings) for item in reviewed)
    title = f"Controls: {len(lines)} broken, {warned} warnings"
    return words.folded(title, lines) if lines else f"**{title}**"


def _costs(reviewed: Sequence[Reviewed], use: cost.Usage) -> str:
    lines = [
        f"- {words.code(item.plan.stack)} {words.code(name)}: {was:,.2f} → {now:,.2f}"
        for item in reviewed
        for name, was, now in cost.difference(item.plan.before(), item.plan.after(), use)
    ]
    assumed = f"for {use['studies']:g} stored studies, list prices; `make cost` shows every assumption"
    if not lines:
        return f"**Cost** ({assumed}): as it was."
    return words.folded(f"Cost, {assumed}: {len(lines)} resources differ", lines)


def _viewer(url: str) -> str:
    if not url:
        return ""
    safe = url if url.startswith("https://") and not set(url) & set(" <>()[]\"'`\n") else ""
    return f"**Preview viewer:** <{safe}>" if safe else f"**Preview viewer:** {words.code(url)}"


def _smoke(reports: Mapping[str, Any]) -> str:
    lines = [f"- {words.code(stack)}: {words.plain(_verdict(report))}" for stack, report in reports.items()]
    return "\n".join(["**Smoke tests**", "", *lines]) if lines else ""


def _verdict(report: Any) -> str:
    if not isinstance(report, dict) or not isinstance(report.get("results"), list):
        return "the report cannot be read"
    results = [result for result in report["results"] if isinstance(result, dict)]
    statuses = [result.get("status") for result in results]
    counts = {status: statuses.count(status) for status in ("pass", "warn", "fail", "skip")}
    failed = [f"{result.get('name')}: {result.get('reason')}" for result in results if result.get("status") == "fail"]
    said = ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "no check"
    return f"{report.get('verdict', '')} ({said})" + ("".join(f"; {text[:200]}" for text in failed[:5]))


def reports_in(folder: Path) -> dict[str, Any]:
    """`FOLDER/STACK/smoke.json`, those there are."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*/smoke.json")):
        try:
            found[path.parent.name] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found[path.parent.name] = None
    return found


def main(arguments: Sequence[str]) -> int:
    options = _options().parse_args(arguments)
    try:
        plans = {stack: Path(path).read_text(encoding="utf-8") for stack, _, path in
                 (text.partition("=") for text in options.plan)}  # fmt: skip
        reviewed = look(options.base, options.stack or STACKS, plans)
        use = cost.usage(studies=options.studies)
    except (*CANNOT_RUN, Unreadable, OSError) as problem:
        print(f"comment: {problem}", file=sys.stderr)
        return 2
    text = write(reviewed, use, preview_url=options.preview_url, smoke=reports_in(options.reports))
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return 1 if options.gate and any(item.dangers or item.controls.violations for item in reviewed) else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m review comment", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", default="main", help="what the change goes into (default: %(default)s)")
    parser.add_argument("--stack", action="append", help=f"may be repeated (default: {', '.join(STACKS)})")
    parser.add_argument("--plan", action="append", default=[], metavar="STACK=FILE", help="what a preview printed")
    parser.add_argument("--preview-url", default="", help="where the preview of the viewer is")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="folder of the smoke tests' reports")
    parser.add_argument("--studies", type=float, default=cost.table()["usage"]["studies"]["value"])
    parser.add_argument("--out", type=Path, help="write the comment there instead of printing it")
    parser.add_argument(
        "--gate", action="store_true", help="exit with 1 when anything is dangerous or a rule is broken"
    )
    return parser
