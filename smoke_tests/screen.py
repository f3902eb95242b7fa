"""What a person sees while the checks run: a line for each, a line for all that are skipped for one reason."""

from __future__ import annotations

from rich.console import Console

from smoke_tests.reports import MARKS
from smoke_tests.results import Result, SuiteOutcome

STYLES = {"pass": "green", "warn": "yellow", "fail": "red", "skip": "dim"}


class Screen:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.skipped: set[tuple[str, str]] = set()

    def show(self, result: Result) -> None:
        line = f"{result.name}  {result.ms} ms"
        if result.status == "skip":
            if (result.id, result.reason) in self.skipped:
                return
            self.skipped.add((result.id, result.reason))
            line = f"skipped: {result.reason}"
        elif result.reason:
            line = f"{result.name}: {result.reason}"
        self._line(f"  {MARKS[result.status]} {result.id:>2}  {line}", STYLES[result.status])

    def end(self, outcome: SuiteOutcome) -> None:
        said = "" if outcome.problem == outcome.verdict else outcome.problem
        for problem in filter(None, [said, *outcome.leaks]):
            self._line(f"  {problem}", "red")
        self._line(f"Smoke tests {outcome.summary()}", "bold")

    def _line(self, text: str, style: str) -> None:
        # Text from a target is data: no markup, and one line however long.
        self.console.print(text, style=style, markup=False, emoji=False, soft_wrap=True)
