"""What preparing any study takes, and the reports that say no more than how it ended."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ..backlog.deliveries import DeliveryLedger, DeliveryRecord
from ..backlog.storage_moves import MoveRecords
from ..backlog.work_items import RecordObjects
from ..clock import Clock
from ..dicomweb.store import DicomStore
from ..errors import Conflict
from ..http.retry import Traffic
from ..planning.following import Judged
from ..planning.planner import Options
from ..reports import report
from ..reports.outcome import SeriesOutcome
from ..reports.report import ReadinessReport, ReportStatus
from .executor import Additions, Executor

TaskMaker = Callable[[str, Judged, str], Additions]
"""(study, what was judged, series) -> the new instances that its plan asks for."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What preparing any study takes. `viewer_url` without trailing slash, or empty."""

    store: DicomStore
    records: RecordObjects
    clock: Clock
    traffic: Traffic
    viewer_url: str = ""
    execution: str = ""
    dry_run: bool = False
    executor: Executor | None = None
    """What carries plans out; None to look only."""
    task_maker: TaskMaker | None = None
    """What makes new instances; None: plans that need some are told, not carried out."""
    options: Options = field(default_factory=Options)
    moves: MoveRecords | None = None
    """Where studies are noted that are to move to another storage class; None where they stay."""

    @property
    def ledger(self) -> DeliveryLedger | None:
        """What this job put before viewers; None where nothing of it is ever taken away."""
        return self.executor.ledger if self.executor else None

    @property
    def parameters(self) -> dict[str, str]:
        """The settings that a report depends on."""
        return {
            "viewer_url": self.viewer_url,
            "store": self.store.root,
            "label_policy": self.options.label_policy,
            **({"viewers": self.executor.deliverer.target.root} if self.executor else {}),
        }


@dataclass
class StageTimer:
    """Seconds by stage; a stage that is entered twice is summed."""

    clock: Clock
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def measure(self, stage: str) -> Generator[None]:
        start = self.clock.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + self.clock.monotonic() - start


def write_end(
    job: Preparation,
    study: str,
    series: str,
    status: ReportStatus,
    reason: str,
    record: DeliveryRecord | None = None,
) -> SeriesOutcome:
    """Writes the report of a series of which there is nothing to see: it failed, or left the store."""
    blank = new_report(job, study, series, status, {}, job.traffic)
    if record is None and job.ledger is not None:
        record = job.ledger.read(study, series)
    document = replace(blank, reason=reason, withdrawals=record.withdrawals if record else ()).document()
    if not job.dry_run:
        _, generation = job.records.read(report.name(study, series))
        try:
            job.records.write(report.name(study, series), document, generation)
        except Conflict:
            return SeriesOutcome(study, series, status, None, reason)
    return SeriesOutcome(study, series, status, document, reason)


def new_report(
    job: Preparation, study: str, series: str, status: ReportStatus, seconds: dict[str, float], before: Traffic
) -> ReadinessReport:
    """A report that says no more than the status and what came of looking; `before` is what was sent until then."""
    return ReadinessReport(
        study=study,
        series=series,
        modality="",
        status=status,
        fingerprint="",
        instances=0,
        seconds=dict(seconds),
        requests=job.traffic.requests - before.requests,
        bytes=job.traffic.bytes - before.bytes,
        viewer=f"{job.viewer_url}/studies/{study}/series/{series}" if job.viewer_url else "",
        execution=job.execution,
        prepared=job.clock.time(),
    )
