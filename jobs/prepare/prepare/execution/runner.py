"""What one execution does: named studies or series at once, or the backlog until it is empty or only noisy.

Owns the order of things and what a failure means for the rest; `study_run` does a study, `backlog` keeps the items.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import chain

from google.auth.exceptions import GoogleAuthError

from ..backlog.records import ABSENT
from ..backlog.study_leases import StudyLeases
from ..backlog.work_items import Drained, WorkBacklog
from ..clock import Clock, read_time
from ..errors import CannotRun, Gone, SeriesFailed
from ..log import Log
from ..model.completeness import is_complete
from ..model.work_item import Item, quiet_in, shard
from ..reports import report, study_report
from ..reports.outcome import SeriesOutcome, explain
from ..reports.screen import plan_words
from ..settings import JobSettings
from .archiving import Archivist
from .preparation import Preparation, write_end
from .reconcile import changed_studies
from .scale_out import STUDY_SECONDS, ScaleOut
from .series_run import prepare_series
from .study_run import StudyRun

LOOK_SECONDS = 2.0
"""Between two looks for messages while something is waited for: a pull and a listing of what waits."""


@dataclass
class JobRunner:
    preparation: Preparation
    log: Log
    clock: Clock
    settings: JobSettings
    outcomes: list[SeriesOutcome] = field(default_factory=list[SeriesOutcome])
    archivist: Archivist | None = None
    """What moves studies to another storage class, when nothing else is to be done; None where they stay."""
    leases: StudyLeases | None = None
    """Which studies are this task's while it works on them; None where it is the only one."""
    scale_out: ScaleOut | None = None
    """What starts more tasks; None where one has to do."""
    _studies: int = 0
    _seconds: float = 0.0
    """Studies done from the backlog, and how long they took."""

    def prepare_named(self, studies: Iterable[str], series: Iterable[str]) -> None:
        """Prepares what was asked for by UID, now; of several tasks each does the studies of its shard."""
        wanted: dict[str, list[str] | None] = dict.fromkeys(studies)
        for uid in series:
            try:
                study = self.preparation.store.study_of(uid)
            except SeriesFailed as error:
                self._record(SeriesOutcome("", uid, "failed", None, str(error)))
                continue
            chosen = wanted.setdefault(study, [])
            if chosen is not None:
                chosen.append(uid)
        for study, chosen in wanted.items():
            if self._is_mine(study):
                self._prepare_study(study, chosen, thorough=True)

    def _is_mine(self, study: str) -> bool:
        """Whether the study is of this task's shard."""
        return shard(study, self.settings.task_count) == self.settings.task_index

    def _prepare_study(self, study: str, chosen: list[str] | None, thorough: bool = False) -> None:
        """Every series, or those `chosen`, of a study of whichever shard."""
        try:
            run = StudyRun.open(self.preparation, study)
            if not run.rows:
                run.withdraw_stale()
        except SeriesFailed as error:
            self._record(SeriesOutcome(study, "", "failed", None, str(error)))
            return
        if not run.rows and not run.withdrawn:
            name = self.preparation.store.name
            reason = f"study {study} is not in {name}: check the UID and the store"
            self._record(SeriesOutcome(study, "", "failed", None, reason))
            return
        series = chosen if chosen is not None and run.rows else run.series_uids
        self._finish(
            run, [self._record(self._with_report(self._attempt(run, uid, thorough=thorough))) for uid in series]
        )

    def sweep(self) -> None:
        """Prepares every study with slides that the store lists or viewers have; unchanged ones cost three requests."""
        moves, ledger = self.preparation.moves, self.preparation.ledger
        moved = moves.known() if moves is not None else set[str]()
        slides = self.preparation.store.slide_studies()
        for study in filter(self._is_mine, unique(chain(slides, ledger.studies() if ledger is not None else ()))):
            self._prepare_study(study, None)
            if study not in moved:
                self._plan_move(study)
        while self._move_due():
            pass

    def _plan_move(self, study: str) -> None:
        """Of a study that was ready before it was wanted that such studies move."""
        moves = self.preparation.moves
        if moves is None or self.settings.dry_run:
            return
        content, _ = self.preparation.records.read(study_report.name(study))
        if isinstance(content, dict) and content.get("status") == "ready":
            moves.plan(study, read_time(content["prepared_at"]))

    def _move_due(self) -> int:
        """How many studies were moved; more may be due."""
        if self.archivist is None or self.settings.dry_run:
            return 0
        return self.archivist.work(self.settings.task_index, self.settings.task_count)

    def restore_backlog(self, backlog: WorkBacklog) -> None:
        """Brings back what the settings want before the backlog is worked off; done once, by the first task."""
        if self.settings.task_index:
            return
        if self.settings.replay:
            backlog.replay(self.settings.replay)
            self.log.line("INFO", f"messages since {self.settings.replay} are given once more")
        if self.settings.retry_failed:
            count = backlog.retry_failed(self.clock.time())
            self.log.line("INFO", f"{count} work items that had been set aside are back")

    def work_off_backlog(self, backlog: WorkBacklog) -> None:
        """Drains and acts until no series of this task's shard is left to wait for, or `wait_seconds` are over.

        It looks for messages every few seconds; a study is only listed again when there is news of it, or when it may
        have become quiet.
        """
        settings, clock = self.settings, self.clock
        until = clock.monotonic() + settings.wait_seconds
        tried: set[str] = set()
        quiet_at: dict[str, float] = {}
        idle = True
        while True:
            if not settings.dry_run:
                drained = self._drain(backlog)
                idle = idle and not drained.messages
                for study in drained.studies:
                    quiet_at.pop(study, None)
            studies = backlog.studies(settings.task_index, settings.task_count)
            waiting = {
                study: left for study, names in studies.items() if (left := [n for n in names if n not in tried])
            }
            ready = [study for study in waiting if quiet_at.get(study, 0.0) <= clock.monotonic()]
            for done, study in enumerate(ready):
                self._start_more(len(ready) - done, backlog.listed)
                wait = self._prepare_quiet(backlog, study, waiting[study], tried)
                quiet_at[study] = clock.monotonic() + wait if wait > 0 else 0.0
            waits = {study: quiet_at[study] - clock.monotonic() for study in waiting if quiet_at[study] > 0}
            if not waiting or (settings.dry_run and not waits):
                if idle and not self.outcomes:
                    self._reconcile()
                if not self._move_due():
                    if not self.outcomes:
                        self.log.line("INFO", "no images wait for this task")
                    return
            elif waits:
                first = max(0.0, min(waits.values()))
                if settings.dry_run or clock.monotonic() + first > until:
                    self.log.line("INFO", f"{len(waits)} studies still receive instances: left for the next run")
                    return
                clock.sleep(min(first, LOOK_SECONDS))

    def _start_more(self, waiting: int, listed: int) -> None:
        """More tasks, where there is more to do than this one does in its time; the first task of an execution asks."""
        if self.scale_out is not None and self.settings.task_index == 0 and not self.settings.dry_run:
            each = self._seconds / self._studies if self._studies else STUDY_SECONDS
            self.scale_out.consider(max(waiting, listed - self._studies), each)

    def _reconcile(self) -> None:
        """In a quiet hour: the studies that the raw store has lost or that have shrunk, of which nothing told.

        The first task handles those of every shard, as what it has seen once is not found again.
        """
        if not self.settings.dry_run and self.settings.task_index == 0 and self.preparation.ledger is not None:
            for study in changed_studies(self.preparation.store, self.preparation.records, self.preparation.ledger):
                self._prepare_study(study, None)

    def _drain(self, backlog: WorkBacklog) -> Drained:
        drained = backlog.drain(self.clock.time())
        if drained.messages:
            self.log.line("INFO", f"{drained.messages} messages about {drained.series} series taken")
        if drained.unreadable:
            self.log.line(
                "WARNING",
                f"{drained.unreadable} messages are no notifications of {self.preparation.store.name}: "
                "left for the dead letter",
            )
        return drained

    def _prepare_quiet(self, backlog: WorkBacklog, study: str, names: list[str], tried: set[str]) -> float:
        """Acts on the quiet items of one study; returns the seconds until the next becomes quiet, 0 for none."""
        began = self.clock.monotonic()
        with self._hold(study) as mine:
            if not mine:
                tried.update(names)  # another task is at it; what it does not do waits for the next run
                return 0.0
            wait = self._prepare_items(backlog, study, names, tried)
        if not wait:
            self._studies += 1
            self._seconds += self.clock.monotonic() - began
        return wait

    def _hold(self, study: str) -> AbstractContextManager[bool]:
        if self.leases is None or self.settings.dry_run:
            return nullcontext(True)
        return self.leases.hold(study)

    def _prepare_items(self, backlog: WorkBacklog, study: str, names: list[str], tried: set[str]) -> float:
        dry = self.settings.dry_run
        items = backlog.items(names)
        if not items:
            return 0.0  # another task has done them meanwhile
        try:
            run = StudyRun.open(self.preparation, study)
        except SeriesFailed as error:
            for item, generation in items:
                self._count_failure(backlog, item, generation, str(error), tried)
            return 0.0
        waits: list[float] = []
        quiet: list[tuple[Item, int]] = []
        for item, generation in items:
            count = len(run.instances_of(item.series))
            wait = quiet_in(item, count, self.clock.time(), self.settings.quiet_seconds)
            if wait > 0 and self._has_all(run, item.series):
                wait = 0.0
            if count != item.instances and not dry:
                item, generation = backlog.counted(item, generation, count, self.clock.time())
            if wait > 0:
                waits.append(wait)
            else:
                quiet.append((item, generation))
        outcomes: list[SeriesOutcome] = []
        prepared: list[tuple[Item, int]] = []
        for item, generation in quiet:
            outcome = self._attempt(run, item.series, item.published)
            if outcome.status == "failed":
                outcomes.append(self._count_failure(backlog, item, generation, outcome.reason, tried))
                continue
            outcomes.append(self._record(outcome))
            if dry:
                tried.add(item.name)
            else:
                prepared.append((item, generation))
        if quiet:
            outcomes += self._prepare_neighbours(run, {item.series for item, _ in items})
            self._finish(run, outcomes, from_item=True, stored=max(item.published for item, _ in quiet))
        for item, generation in prepared:  # only now: a run that is killed before comes back to the study's report
            backlog.done(item, generation)
        return min(waits, default=0.0)

    def _has_all(self, run: StudyRun, series: str) -> bool:
        """A series that is new here and says itself that it is complete; what is sent again is waited for."""
        if not is_complete(run.instances_of(series)):
            return False
        _, generation = self.preparation.records.read(report.name(run.study, series))
        return generation == ABSENT

    def _finish(
        self, run: StudyRun, outcomes: list[SeriesOutcome], from_item: bool = False, stored: float = 0.0
    ) -> None:
        named = {outcome.series for outcome in outcomes}
        outcomes += [self._record(outcome) for series, outcome in run.withdrawn.items() if series not in named]
        for outcome in run.write_study_report(outcomes, from_item, stored):
            self._record(outcome)
        seconds = run.report.get("seconds_to_view")
        if stored and seconds is not None:
            line = f"study {run.study}: shown {seconds:.1f} s after its last instance"
            self.log.line("INFO", line, study=run.study, seconds_to_view=seconds)

    def _prepare_neighbours(self, run: StudyRun, looked_at: set[str]) -> list[SeriesOutcome]:
        """Other slides of the study: what arrived may change what is true of them (R03). Unchanged ones cost a read."""
        others = dict.fromkeys(row.series for row in run.rows if row.whole_slide and row.series not in looked_at)
        outcomes = (self._attempt(run, series) for series in others)
        return [self._record(outcome) for outcome in outcomes if outcome.status != "unchanged"]

    def _attempt(self, run: StudyRun, series: str, noticed_until: float = 0.0, thorough: bool = False) -> SeriesOutcome:
        """One series; a failure becomes an outcome, so that the others go on."""
        try:
            return prepare_series(run, series, noticed_until, thorough)
        except (CannotRun, GoogleAuthError):
            raise
        except Gone as error:
            status = "failed" if not self.settings.from_backlog else "gone"
            return SeriesOutcome(run.study, series, status, None, str(error), gone=True)
        except Exception as error:  # a series that we cannot read must not end the run for the others
            return SeriesOutcome(run.study, series, "failed", None, explain(error))

    def _with_report(self, outcome: SeriesOutcome) -> SeriesOutcome:
        """With a report of its own, when it failed: what was asked for by UID has no item that would come back."""
        if outcome.status != "failed" or outcome.gone:
            return outcome
        return write_end(self.preparation, outcome.study, outcome.series, "failed", outcome.reason)

    def _count_failure(
        self, backlog: WorkBacklog, item: Item, generation: int, reason: str, tried: set[str]
    ) -> SeriesOutcome:
        """Counts a failed attempt on the item; the last one sets it aside and writes a report that says so."""
        tried.add(item.name)
        outcome = SeriesOutcome(item.study, item.series, "failed", None, reason)
        if not self.settings.dry_run and backlog.failed(item, generation, reason, self.settings.max_attempts):
            sentence = f"{reason} (set aside after {item.attempts + 1} attempts)"
            outcome = write_end(self.preparation, item.study, item.series, "failed", sentence)
        return self._record(outcome)

    def _record(self, outcome: SeriesOutcome) -> SeriesOutcome:
        """Logs and counts it. Its report is kept only where it is printed at the end: a backlog may be long."""
        printed = self.settings.json or self.settings.dry_run
        self.outcomes.append(outcome if printed else replace(outcome, document=None))
        document = outcome.document or {}
        if outcome.note:
            self.log.line(
                "INFO", f"series {outcome.series}: {outcome.note}", study=outcome.study, series=outcome.series
            )
        self.log.line(
            "ERROR" if outcome.status == "failed" else "INFO",
            f"series {outcome.series or 'of study ' + outcome.study}: {outcome.status}"
            + (f": {outcome.reason}" if outcome.reason else ""),
            study=outcome.study,
            series=outcome.series,
            status=outcome.status,
            plan=plan_words(document),
            findings=[finding["rule"] for finding in document.get("findings", [])],
            requests=document.get("requests", 0) if outcome.status != "unchanged" else 0,
            seconds=document.get("seconds", {}) if outcome.status != "unchanged" else {},
        )
        return outcome


def unique(names: Iterable[str]) -> Iterator[str]:
    """Each name once, in the order of its first place."""
    seen: set[str] = set()
    for name in names:
        if name not in seen:
            seen.add(name)
            yield name
