"""What people at a terminal see: a line a series as it is done, and the plan as a table. Programs get JSON lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, TextIO

from ..log import Log

COLUMNS = ("STUDY", "SERIES", "STATUS", "PLAN")
MARKS = {"ready": "+", "unchanged": "=", "ready_degraded": "~", "blocked": "!", "failed": "x", "gone": "-"}


class ListedOutcome(Protocol):
    """An outcome, as far as the table shows it."""

    @property
    def study(self) -> str: ...
    @property
    def series(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def document(self) -> Mapping[str, Any] | None: ...


class Terminal(Log):
    """The log as people read it: numbered lines, what is wrong below."""

    done = 0

    def line(self, severity: Literal["INFO", "WARNING", "ERROR"], message: str, **fields: Any) -> None:
        if "status" in fields:
            self.done += 1
            seconds = sum(fields.get("seconds", {}).values())
            mark = MARKS.get(fields["status"], " ")
            plan = f"  {fields['plan']}" if fields.get("plan") else ""
            message = f"{self.done:4} {mark} {message}{plan}  {fields.get('requests', 0)} requests  {seconds:.1f} s"
        print(message if severity == "INFO" else f"{severity.lower()}: {message}", file=self.stream, flush=True)


def log_for(stream: TextIO, fixed: dict[str, Any]) -> Log:
    return Terminal(stream) if stream.isatty() else Log(stream, fixed)


def plan_words(document: Mapping[str, Any]) -> str:
    """A report's plan in a few words: `repair: transcode 3, make_level 2`; empty without one."""
    plan = document.get("plan")
    if not plan:
        return ""
    if plan["kind"] == "blocked":
        return f"blocked: {plan['reason']}"
    counts: dict[str, int] = {}
    for action in plan["actions"]:
        added = action["action"] == "make_level"
        counts[action["action"]] = counts.get(action["action"], 0) + (1 if added else len(action["instances"]))
    words = ", ".join(f"{name} {count}" for name, count in counts.items())
    return f"{plan['kind']}: {words}" if words else plan["kind"]


def plan_table(outcomes: Sequence[ListedOutcome]) -> str:
    """A row a series, and below it the sentences: why it is blocked, and what is found."""
    rows = [
        (outcome.study, outcome.series, outcome.status, plan_words(outcome.document or {}) or outcome.reason)
        for outcome in outcomes
    ]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    lines = [_row(COLUMNS, widths)]
    for row, one in zip(rows, outcomes, strict=True):
        lines.append(_row(row, widths))
        document = one.document or {}
        plan = document.get("plan") or {}
        lines += [f"    {plan['sentence']}"] if plan.get("sentence") else []
        findings = [*document.get("findings", []), *document.get("mended", [])]
        lines += [f"    {finding['rule']} {finding['severity']}: {finding['sentence']}" for finding in findings]
    return "\n".join(lines)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
