"""Tasks follow the work: an execution that finds more than one task does in its time starts as many as that takes.

One decision a window, claimed in the records (`starts/scale-<window>.json`) before it is acted on: of several that see
the same work one starts tasks, and what it saw and did can be read there. Nothing depends on it: what a decision that
was killed or refused did not start is found by the next one, and the work waits where it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..backlog.records import ABSENT
from ..backlog.study_leases import StudyLeases
from ..backlog.work_items import RecordObjects
from ..clock import Clock, format_time
from ..errors import CannotRun, Conflict, SeriesFailed
from ..log import Log

PREFIX = "starts/scale-"
WINDOW_SECONDS = 30.0
"""Longer than a container takes to start and to show that it works."""
TARGET_SECONDS = 120.0
"""What waits is to be done within this."""
STUDY_SECONDS = 30.0
"""One study, until this run has measured its own."""


def tasks_needed(waiting: int, seconds_each: float, most: int) -> int:
    """Tasks that do `waiting` studies in `TARGET_SECONDS`; at least one, at most `most`."""
    return max(1, min(most, math.ceil(waiting * seconds_each / TARGET_SECONDS)))


def tasks_to_start(needed: int, running: int, most: int) -> int:
    return max(0, min(needed, most) - running)


@dataclass
class ScaleOut:
    """Decides for one execution of `own` tasks; `start` starts an execution of so many and returns its name."""

    records: RecordObjects
    leases: StudyLeases
    start: Callable[[int], str]
    clock: Clock
    log: Log
    execution: str
    own: int
    most: int
    _decided: float = field(default=-math.inf, repr=False)

    def consider(self, waiting: int, seconds_each: float) -> int:
        """How many tasks were started for `waiting` studies."""
        needed = tasks_needed(waiting, seconds_each, self.most)
        now = self.clock.time()
        if needed <= self.own or now < self._decided + WINDOW_SECONDS:
            return 0
        self._decided = now
        running = self._running(now)
        count = tasks_to_start(needed, running, self.most)
        if not count:
            return 0
        name = f"{PREFIX}{int(now // WINDOW_SECONDS)}.json"
        decision: dict[str, Any] = {
            "schema_version": 1,
            "at": format_time(now),
            "execution": self.execution,
            "waiting": waiting,
            "seconds_each": round(seconds_each, 3),
            "running": running,
            "tasks": count,
            "outcome": "deciding",
        }
        try:
            generation = self.records.write(name, decision, ABSENT)
        except Conflict:
            return 0  # somebody has decided in this window
        try:
            started = self.start(count)
        except (CannotRun, SeriesFailed) as error:
            self.log.line("WARNING", f"{count} more tasks were not started: {error}")
            self._note(name, {**decision, "outcome": "refused", "reason": str(error)}, generation)
            return 0
        self.log.line("INFO", f"{waiting} studies wait: {count} more tasks started", execution_started=started)
        self._note(name, {**decision, "outcome": "started", "started": started}, generation)
        return count

    def _running(self, now: float) -> int:
        """Tasks that work, or that were started a window ago and may not have begun."""
        content, _ = self.records.read(f"{PREFIX}{int(now // WINDOW_SECONDS) - 1}.json")
        begun = content if isinstance(content, dict) and content.get("outcome") == "started" else {}
        return max(self.own, self.leases.count_working(), int(begun.get("running", 0)) + int(begun.get("tasks", 0)))

    def _note(self, name: str, decision: dict[str, Any], generation: int) -> None:
        try:
            self.records.write(name, decision, generation)
        except Conflict:
            return
