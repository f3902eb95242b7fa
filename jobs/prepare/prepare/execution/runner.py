"""What one execution does: named studies or series at once, every study, or the backlog (`backlog_run`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from ..backlog.study_leases import StudyLeases
from ..backlog.work_items import WorkBacklog
from ..clock import Clock, read_time
from ..errors import SeriesFailed
from ..log import Log
from ..model.work_item import shard
from ..reports import study_report
from ..reports.outcome import SeriesOutcome
from ..reports.outcome_log import OutcomeLog
from ..settings import JobSettings
from .archiving import Archivist
from .backlog_run import BacklogRun
from .preparation import Preparation
from .reconcile import RawStoreAudit
from .scale_out import ScaleOut
from .study_preparer import StudyPreparer

SWEEP_LOOK_SECONDS = 30.0
"""Between two looks of a sweep for what has come."""


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

    @cached_property
    def _preparer(self) -> StudyPreparer:
        printed = self.settings.json or self.settings.dry_run
        outcomes = OutcomeLog(self.log, printed, self.outcomes)
        return StudyPreparer(self.preparation, self.log, outcomes, self.settings.from_backlog)

    def _backlog_run(self, backlog: WorkBacklog) -> BacklogRun:
        return BacklogRun(
            backlog,
            replace(self._preparer, from_backlog=True),
            self.log,
            self.clock,
            self.settings,
            self.leases,
            self.scale_out,
            find_losses=self._find_losses,
            move_due=self._move_due,
        )

    def prepare_named(self, studies: Iterable[str], series: Iterable[str]) -> None:
        """Prepares what was asked for by UID, now; of several tasks each does the studies of its shard."""
        wanted: dict[str, list[str] | None] = dict.fromkeys(studies)
        for uid in series:
            try:
                study = self.preparation.store.study_of(uid)
            except SeriesFailed as error:
                self._preparer.outcomes.record(SeriesOutcome("", uid, "failed", None, str(error)))
                continue
            chosen = wanted.setdefault(study, [])
            if chosen is not None:
                chosen.append(uid)
        for study, chosen in wanted.items():
            if self._is_mine(study):
                self._preparer.prepare_study(study, chosen, thorough=True)

    def _is_mine(self, study: str) -> bool:
        """Whether the study is of this task's shard."""
        return shard(study, self.settings.task_count) == self.settings.task_index

    def sweep(self, backlog: WorkBacklog | None = None) -> None:
        """Prepares every study with slides that the store lists or viewers have; unchanged ones cost three requests.

        What comes meanwhile is not left to wait for its end: nobody starts another execution while one runs.
        """
        coming = self._backlog_run(backlog) if backlog is not None and not self.settings.dry_run else None
        looked = self.clock.monotonic()
        moves, ledger = self.preparation.moves, self.preparation.ledger
        moved = moves.list_known() if moves is not None else set[str]()
        slides = self.preparation.store.slide_studies()
        delivered = ledger.series_by_study() if ledger is not None else {}
        for study in filter(self._is_mine, unique(chain(slides, delivered))):
            self._preparer.prepare_study(study)
            if study not in moved:
                self._plan_move(study)
            if coming is not None and self.clock.monotonic() >= looked + SWEEP_LOOK_SECONDS:
                coming.work(wait_seconds=0.0)
                looked = self.clock.monotonic()
        if self._audit is not None and self.settings.task_index == 0:
            self._audit.list_studies()
        while self._move_due():
            pass
        if coming is not None:
            coming.work(self.settings.wait_seconds)

    def _plan_move(self, study: str) -> None:
        """Notes the move of a study that was ready before the setting asked for moves."""
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
        """Drains and acts until no series of this task's shard is left to wait for, or `wait_seconds` are over."""
        self._backlog_run(backlog).work(self.settings.wait_seconds)

    def _find_losses(self) -> int:
        """How many studies wait because the raw store has less of them than it had.

        Only a task that does the studies of all shards looks, as the scheduled ones are: nobody else may be there to
        do them.
        """
        audit = self._audit
        return audit.find_losses() if audit is not None and self.settings.task_count == 1 else 0

    @cached_property
    def _audit(self) -> RawStoreAudit | None:
        job = self.preparation
        if job.ledger is None or self.settings.dry_run:
            return None
        return RawStoreAudit(job.store, job.records, job.ledger, self.clock, self.log)


def unique(names: Iterable[str]) -> Iterator[str]:
    """Each name once, in the order of its first place."""
    seen: set[str] = set()
    for name in names:
        if name not in seen:
            seen.add(name)
            yield name
