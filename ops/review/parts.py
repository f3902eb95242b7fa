"""The parts of the comment on a pull request, each a few lines of Markdown about every stack that was looked at.

Owns: the words of each part. Deliberately not: their order and that they fit (`comment`), and a plan's own words
(`words`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.review import cost, words
from ops.review.dangers import Danger
from ops.review.plan import Plan
from policy.check import Report
from policy.resource import Violation


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """One stack, looked at."""

    plan: Plan
    dangers: Sequence[Danger]
    allowed: Sequence[str] = ()
    """Sentences about dangers that a reviewed exception lets through."""
    agreement: str = ""
    """URN of the one entry by which a reviewer agrees to all mere differences."""
    controls: Report
    """Of the program as it is here, run in process: every value is known."""
    note: str = ""
    """Why the plan is not Pulumi's, where Pulumi was asked for one."""

    only_before: Sequence[str] = ()
    """What the judge of the merge base holds against the change, and the change's own judge does not."""
    only_now: Sequence[str] = ()
    """What the change's own judge alone holds against it."""

    @property
    def stops(self) -> bool:
        """Whether this must not be merged as it is."""
        return bool(self.note or self.only_before or self.dangers or self.controls.violations or self.controls.open)


def describe_dispute(reviewed: Sequence[Reviewed]) -> str:
    """Before all else: where the change comes with a judge who says something else than the one before it."""
    lines = [
        f"- {words.code(item.plan.stack)}, {who} only: {words.plain(line)}"
        for item in reviewed
        for who, said in (("the judge of the merge base", item.only_before), ("this change's judge", item.only_now))
        for line in said
    ]
    title = "**This change comes with a judge who says something else than the one before it**"
    return "\n".join([title, "", *lines]) if lines else ""


def not_looked_at(reviewed: Sequence[Reviewed]) -> str:
    """First of all: where Pulumi was asked and could not say what it would do."""
    lines = [
        f"- {words.code(item.plan.stack)}: {words.plain(item.note)}. What is said of it here is the difference between "
        "the two programs; what is at Google was not looked at."
        for item in reviewed
        if item.note
    ]
    return "\n".join(["**Pulumi could not say what it would do**", "", *lines]) if lines else ""


def dangerous(reviewed: Sequence[Reviewed]) -> list[str]:
    parts = [
        f"### {words.code(item.plan.stack)}\n\n{words.dangerous(item.dangers, item.allowed, item.agreement)}"
        for item in reviewed
        if item.dangers or item.allowed
    ]
    return parts or [words.dangerous([])]


def overview(reviewed: Sequence[Reviewed], use: cost.Usage) -> str:
    lines = ["| stack | plan | dangerous | rules broken | USD a month |", "| --- | --- | ---: | ---: | ---: |"]
    for item in reviewed:
        after = cost.estimate(item.plan.after(), use).total
        more = sum(now - was for _, was, now in cost.difference(item.plan.before(), item.plan.after(), use))
        change = f" ({more:+,.2f})" if abs(more) >= 0.005 else ""
        source = ", by Pulumi" if item.plan.source != "graph" else ", not by Pulumi" if item.note else ""
        lines.append(
            f"| {words.code(item.plan.stack)} | {words.summary(item.plan)}{source} | {len(item.dangers)} | "
            f"{len(item.controls.violations)} | {after:,.2f}{change} |"
        )
    return "\n".join(lines)


def controls(reviewed: Sequence[Reviewed]) -> str:
    broken = [(item.plan.stack, violation) for item in reviewed for violation in item.controls.violations]
    warned = [(item.plan.stack, violation) for item in reviewed for violation in item.controls.warnings]
    undecided = [
        f"- {words.code(item.plan.stack)} {words.plain(str(one))}" for item in reviewed for one in item.controls.open
    ]
    title = f"Controls: {len(broken)} broken, {words.count_of(len(warned), 'warning')}"
    title += f", {len(undecided)} not decided" * bool(undecided)
    lists = [words.fold(title, [*map(_finding, broken), *undecided]) if broken or undecided else f"**{title}**"]
    if warned:
        lists.append(words.fold("Warnings, here before this change or not", list(map(_finding, warned)), longest=0))
    return "\n\n".join(lists)


def _finding(one: tuple[str, Violation]) -> str:
    stack, violation = one
    return (
        f"- {words.code(stack)} {words.code(violation.rule)} ({words.plain(', '.join(violation.controls))}): "
        f"{words.plain(violation.message)} {words.plain(violation.remedy)}"
    )


def costs(reviewed: Sequence[Reviewed], use: cost.Usage) -> str:
    lines = [
        f"- {words.code(item.plan.stack)} {words.code(name)}: {was:,.2f} → {now:,.2f}"
        for item in reviewed
        for name, was, now in cost.difference(item.plan.before(), item.plan.after(), use)
    ]
    assumed = f"for {words.decimal(use['studies'])} stored studies, list prices; `make cost` shows every assumption"
    if not lines:
        return f"**Cost** ({assumed}): as it was."
    return words.fold(f"Cost, {assumed}: {words.count_of(len(lines), 'resource')} changed", lines)


def viewer(url: str) -> str:
    if not url:
        return ""
    safe = url if url.startswith("https://") and not set(url) & set(" <>()[]\"'`\n") else ""
    return f"**Preview viewer:** <{safe}>" if safe else f"**Preview viewer:** {words.code(url)}"


def smoke(reports: Mapping[str, Any]) -> str:
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
