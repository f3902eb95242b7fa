"""What a person sees: a progress bar at a terminal, plain lines elsewhere, and the sum at the end."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from ops.load.bulk import Counters
from ops.load.outcome import Outcome, Verdict

STYLES = {
    Verdict.STORED: "green",
    Verdict.PRESENT: "cyan",
    Verdict.SKIPPED: "dim",
    Verdict.REFUSED: "red",
}


def draws_bars(console: Console) -> bool:
    """Whether a bar can be drawn: at a terminal that can move its cursor, which TERM=dumb cannot."""
    return console.is_terminal and not console.is_dumb_terminal


class View:
    """A line per file, above a bar of bytes when the output is a terminal."""

    def __init__(self, console: Console, total: int, verb: str) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=console,
            transient=True,
            disable=not draws_bars(console),
        )
        self._task: TaskID = self._bar.add_task(verb, total=total or None)
        self._lock = threading.Lock()

    def __enter__(self) -> View:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, count: int) -> None:
        with self._lock:
            self._bar.advance(self._task, count)

    def outcome(self, outcome: Outcome) -> None:
        style = STYLES[outcome.verdict]
        said = f": {outcome.reason}" if outcome.reason else ""
        self._print(f"{outcome.verdict.value:14}", style, f"{outcome.file}{said}")

    def counters(self, counters: Counters) -> None:
        total = counters.pending + counters.success + counters.failure
        self._bar.update(self._task, completed=total - counters.pending, total=total or None)
        if not draws_bars(self._console):
            said = f"{counters.success} imported, {counters.failure} failed, {counters.pending} to go"
            self._print("importing     ", "cyan", said)

    def _print(self, label: str, style: str, text: str) -> None:
        self._console.print(Text.assemble((label, style), f" {text}"), soft_wrap=True)


def summary(console: Console, outcomes: Iterable[Outcome], imported: int = 0) -> None:
    """A table of how many files, and how many bytes, ended which way."""
    files: Counter[Verdict] = Counter()
    sizes: Counter[Verdict] = Counter()
    for outcome in outcomes:
        files[outcome.verdict] += 1
        sizes[outcome.verdict] += outcome.bytes
    files[Verdict.STORED] += imported
    table = Table("", "files", "MB", box=None, pad_edge=False)
    for verdict in Verdict:
        if files[verdict]:
            table.add_row(verdict.value, str(files[verdict]), f"{sizes[verdict] / 1e6:.1f}", style=STYLES[verdict])
    console.print(table)
