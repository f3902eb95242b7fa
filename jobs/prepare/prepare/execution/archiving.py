"""Moves what viewers do not read to a storage class that costs less: the raw store's instances of ready studies.

Viewers read the viewer store; of the raw store only a repair, an export or a restore reads a prepared study again.
Moved is what was ready `after_days` ago and has not changed since; never what is blocked, failed or on its way. A move
is an operation of the store: it is begun, and looked at once the others have begun; what is under way then is looked at
tomorrow. Only what has ended well is on record as moved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from ..backlog.storage_moves import DAY, DueMove, MoveRecords
from ..clock import Clock, read_time
from ..errors import Gone, SeriesFailed
from ..log import Log
from ..model.work_item import shard
from ..reports import study_report

LONGEST_SECONDS = 20.0
"""So long at a time: between two times it is looked whether new images have come."""
MOST_FAILURES = 3
"""In one run: after them something is wrong with the store rather than with a study."""
Verdict = Literal["move", "later", "drop"]


def judge_move(report: Any, now: float, after_days: float) -> Verdict:
    """What is to be done with a study that is due, by the report on it as it is now."""
    if not isinstance(report, dict) or report.get("status") != "ready":
        return "drop"  # once it is ready, it becomes due anew
    try:
        prepared = read_time(report["prepared_at"])
    except (KeyError, TypeError, ValueError):
        return "drop"
    return "move" if prepared + after_days * DAY <= now else "later"


@dataclass
class Archivist:
    """Moves what is due, of the studies of one task's shard."""

    records: MoveRecords
    move: Callable[[str, str], str]
    """(study, storage class) -> name of the operation; raises Gone, CannotRun, SeriesFailed."""
    is_done: Callable[[str], bool | None]
    """Whether an operation has ended well; None for one that is not known any more. Raises SeriesFailed where it has
    ended otherwise, or cannot be looked at."""
    clock: Clock
    log: Log
    _begun: set[str] = field(default_factory=set[str])
    """Studies whose move this run began: once, whatever the store says of it, or a run might never end."""

    def work(self, task: int, tasks: int) -> int:
        """How many studies began to move, or have moved: while there are some, more may be to be done."""
        until, moved, failures = self.clock.monotonic() + LONGEST_SECONDS, 0, 0
        for due in self.records.due(self.clock.time()):
            if shard(due.study, tasks) != task:
                continue
            if self.clock.monotonic() > until or failures >= MOST_FAILURES:
                break
            try:
                moved += self._handle(due)
            except SeriesFailed as error:
                failures += 1
                self.log.line("WARNING", f"{error} (its move is tried again tomorrow)", study=due.study)
                self._put_off(due)
        if moved:
            self.log.line("INFO", f"{moved} moves of studies to {self.records.storage_class} have begun or ended")
        return moved

    def _handle(self, due: DueMove) -> bool:
        """Whether its move began, or has ended."""
        operation, generation = self.records.load(due)
        if not generation:
            return False  # another run has done it
        ended = self.is_done(operation) if operation else None
        if ended is None and due.study not in self._begun:
            return self._begin(due, generation)
        if not ended:
            self._put_off(due, operation)
            return False
        report, _ = self.records.objects.read(study_report.name(due.study))
        instances = study_report.counted(report) or 0
        self.records.mark_moved(due.study, self.clock.time(), instances, operation)
        self.records.forget(due, generation)
        return True

    def _begin(self, due: DueMove, generation: int) -> bool:
        """Whether its move began."""
        records, now = self.records, self.clock.time()
        if records.objects.names(f"work/{due.study}/"):
            return False  # something of it has just come: its report decides when it is prepared
        report, _ = records.objects.read(study_report.name(due.study))
        verdict = judge_move(report, now, records.after_days)
        if verdict == "later":  # it was prepared again since
            records.plan(due.study, read_time(report["prepared_at"]))
        if verdict == "move":
            try:
                operation = self.move(due.study, records.storage_class)
            except Gone:
                pass
            else:
                self._begun.add(due.study)
                records.note_operation(due, operation, generation)
                return True
        records.forget(due, generation)
        return False

    def _put_off(self, due: DueMove, operation: str = "") -> None:
        """One that fails is tried again tomorrow, and is not in the way of the others; nor is one under way."""
        _, generation = self.records.load(due)
        self.records.put_off(due.study, self.clock.time(), operation)
        self.records.forget(due, generation)
