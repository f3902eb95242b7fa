"""The backlog worked off by one task: drained, each study once it is quiet, until none is left to wait for.

Owns when a study is looked at again, what a failure means for its item, and when more tasks are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from ..backlog.records import ABSENT
from ..backlog.study_leases import StudyLeases
from ..backlog.work_items import Drained, WaitingStudies, WorkBacklog
from ..clock import Clock
from ..errors import SeriesFailed
from ..log import Log
from ..model.completeness import is_complete
from ..model.work_item import Item, quiet_in
from ..reports import report
from ..reports.outcome import SeriesOutcome
from ..settings import JobSettings
from .preparation import write_end
from .scale_out import STUDY_SECONDS, ScaleOut
from .study_preparer import StudyPreparer
from .study_run import StudyRun

LOOK_SECONDS = 2.0
"""Between two looks for messages while something is waited for: a pull and a listing of what waits."""
LAST_LOOK_SECONDS = 1.0
"""A run that ends looked for messages at most so long before: who sees it running relies on that."""


@dataclass
class BacklogRun:
    backlog: WorkBacklog
    preparer: StudyPreparer
    log: Log
    clock: Clock
    settings: JobSettings
    leases: StudyLeases | None
    """Which studies are this task's while it works on them; None where it is the only one."""
    scale_out: ScaleOut | None
    """What starts more tasks; None where one has to do."""
    find_losses: Callable[[], int]
    """Looks for what nobody told of, once, when nothing waits; how many studies wait because of that."""
    move_due: Callable[[], int]
    """Moves what is due to another storage class when nothing waits; how many studies it moved, of which more may be.
    """
    _tried: set[str] = field(default_factory=set[str])
    """Names of items that are left for the next run."""
    _quiet_at: dict[str, float] = field(default_factory=dict[str, float])
    """By study: when it may have become quiet. A study that is not in here was not looked at since there was news."""
    _quiet: int = 0
    _noisy: int = 0
    """Studies that were quiet when they were looked at for the first time, and that still received instances."""
    _done: int = 0
    _seconds: float = 0.0
    """Studies done, and how long they took."""

    def work(self, wait_seconds: float) -> None:
        """Drains and acts until no series of this task's shard is left to wait for, or `wait_seconds` are over.

        It looks for messages every few seconds; a study is only listed again when there is news of it, or when it may
        have become quiet.
        """
        settings, clock = self.settings, self.clock
        until = clock.monotonic() + wait_seconds
        idle = True
        while True:
            looked = clock.monotonic()
            idle = not self._look() and idle
            waiting = self._waiting()
            ready = [study for study in waiting.mine if self._quiet_at.get(study, 0.0) <= clock.monotonic()]
            for number, study in enumerate(ready):
                known = sum(one in self._quiet_at for one in ready[number + 1 :])
                unknown = len(ready) - number - 1 - known + waiting.others
                wait = self._prepare_quiet(study, waiting.mine[study], known, unknown)
                self._quiet_at[study] = clock.monotonic() + wait if wait > 0 else 0.0
            waits = [at - clock.monotonic() for study in waiting.mine if (at := self._quiet_at[study]) > 0]
            if not waiting.mine or (settings.dry_run and not waits):
                if idle and not self.preparer.outcomes.outcomes:
                    idle = False
                    if self.find_losses():
                        continue
                if self.move_due() or (clock.monotonic() > looked + LAST_LOOK_SECONDS and self._look()):
                    continue
                if not self.preparer.outcomes.outcomes:
                    self.log.line("INFO", "no images wait for this task")
                return
            if waits:
                first = max(0.0, min(waits))
                if settings.dry_run or clock.monotonic() + first > until:
                    self.log.line("INFO", f"{len(waits)} studies still receive instances: left for the next run")
                    return
                clock.sleep(min(first, LOOK_SECONDS))

    def _waiting(self) -> WaitingStudies:
        """What waits, without the items that this run leaves for the next one."""
        found = self.backlog.studies(self.settings.task_index, self.settings.task_count)
        mine = {study: [one for one in names if one not in self._tried] for study, names in found.mine.items()}
        return WaitingStudies({study: names for study, names in mine.items() if names}, found.others)

    def _start_more(self, known: int, unknown: int) -> None:
        """More tasks, where there is more to do than this one does in its time; the first task of an execution asks.

        Besides the study at hand `known` ones have become quiet, and of `unknown` ones, which nobody has looked at, as
        many are expected to be quiet as of those that were looked at.
        """
        if self.scale_out is not None and self.settings.task_index == 0 and not self.settings.dry_run:
            each = self._seconds / self._done if self._done else STUDY_SECONDS
            expected = unknown * self._quiet / max(1, self._quiet + self._noisy)
            self.scale_out.consider(1 + known + math.ceil(expected), each)

    def _look(self) -> int:
        """How many messages were taken. Studies of which there is news are listed again."""
        if self.settings.dry_run:
            return 0
        drained = self._drain()
        for study in drained.studies:
            self._quiet_at.pop(study, None)
        return drained.messages

    def _drain(self) -> Drained:
        drained = self.backlog.drain(self.clock.time())
        if drained.messages:
            self.log.line("INFO", f"{drained.messages} messages about {drained.series} series taken")
        if drained.unreadable:
            self.log.line(
                "WARNING",
                f"{drained.unreadable} messages are no notifications of {self.preparer.preparation.store.name}: "
                "left for the dead letter",
            )
        return drained

    def _prepare_quiet(self, study: str, names: list[str], known: int, unknown: int) -> float:
        """Acts on the quiet items of one study; returns the seconds until the next becomes quiet, 0 for none."""
        with self._hold(study) as mine:
            if mine:
                return self._prepare_items(study, names, known, unknown)
        self._tried.update(names)  # another task is at it; what it does not do waits for the next run
        return 0.0

    def _hold(self, study: str) -> AbstractContextManager[bool]:
        if self.leases is None or self.settings.dry_run:
            return nullcontext(True)
        return self.leases.hold(study)

    def _prepare_items(self, study: str, names: list[str], known: int, unknown: int) -> float:
        items = self.backlog.items(names)
        if not items:
            return 0.0  # another task has done them meanwhile
        began = self.clock.monotonic()
        try:
            run = StudyRun.open(self.preparer.preparation, study)
        except SeriesFailed as error:
            for item, generation in items:
                self._count_failure(item, generation, str(error))
            return 0.0
        quiet, wait = self._part(run, items)
        if study not in self._quiet_at:
            self._quiet += bool(quiet)
            self._noisy += not quiet
        if quiet:
            self._start_more(known, unknown)
            self._act(run, items, quiet)
        if not wait:
            self._done += 1
            self._seconds += self.clock.monotonic() - began
        return wait

    def _part(self, run: StudyRun, items: list[tuple[Item, int]]) -> tuple[list[tuple[Item, int]], float]:
        """The items of series that are quiet, and the seconds until the next is, 0 for none."""
        waits: list[float] = []
        quiet: list[tuple[Item, int]] = []
        for item, generation in items:
            count = len(run.instances_of(item.series))
            wait = quiet_in(item, count, self.clock.time(), self.settings.quiet_seconds)
            if wait > 0 and self._has_all(run, item.series):
                wait = 0.0
            if count != item.instances and not self.settings.dry_run:
                item, generation = self.backlog.note_count(item, generation, count, self.clock.time())
            if wait > 0:
                waits.append(wait)
            else:
                quiet.append((item, generation))
        return quiet, min(waits, default=0.0)

    def _has_all(self, run: StudyRun, series: str) -> bool:
        """A series that is new here and says itself that it is complete; what is sent again is waited for."""
        if not is_complete(run.instances_of(series)):
            return False
        _, generation = self.preparer.preparation.records.read(report.name(run.study, series))
        return generation == ABSENT

    def _act(self, run: StudyRun, items: list[tuple[Item, int]], quiet: list[tuple[Item, int]]) -> None:
        """Prepares the series of the `quiet` ones of `items`, and what their arrival may change."""
        outcomes: list[SeriesOutcome] = []
        prepared: list[tuple[Item, int]] = []
        for item, generation in quiet:
            outcome = self.preparer.attempt(run, item.series, item.published)
            if outcome.status == "failed":
                outcomes.append(self._count_failure(item, generation, outcome.reason))
                continue
            outcomes.append(self.preparer.outcomes.record(outcome))
            if self.settings.dry_run:
                self._tried.add(item.name)
            else:
                prepared.append((item, generation))
        outcomes += self.preparer.prepare_neighbours(run, {item.series for item, _ in items})
        stored = max(item.published for item, _ in quiet)
        self.preparer.finish(run, outcomes, from_item=True, stored=stored)
        for item, generation in prepared:  # only now: a run that is killed before comes back to the study's report
            self.backlog.finish(item, generation)

    def _count_failure(self, item: Item, generation: int, reason: str) -> SeriesOutcome:
        """Counts a failed attempt on the item; the last one sets it aside and writes a report that says so."""
        self._tried.add(item.name)
        outcome = SeriesOutcome(item.study, item.series, "failed", None, reason)
        if not self.settings.dry_run and self.backlog.note_failure(
            item, generation, reason, self.settings.max_attempts
        ):
            sentence = f"{reason} (set aside after {item.attempts + 1} attempts)"
            outcome = write_end(self.preparer.preparation, item.study, item.series, "failed", sentence)
        return self.preparer.outcomes.record(outcome)
