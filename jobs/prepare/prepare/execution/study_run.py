"""One study in one run: each series from comparison to report, then the report on the study.

A series is compared with its last report, inspected, planned, acted on and reported. Reads the store and the reports of
before; `planning` decides and `executor` acts; writes one object a series.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..backlog.work_items import RecordObjects, forget_failure
from ..checks import rules
from ..clock import Clock
from ..dicomweb.inspection import Inspected, inspect
from ..dicomweb.store import DicomStore
from ..errors import Conflict, Gone
from ..http.retry import Traffic
from ..model.metadata import Row
from ..pixels.instances import is_ours
from ..planning.following import Judged, judge
from ..planning.planner import Options
from ..planning.result import plan_result
from ..reports import report, study_report, viewer_status
from ..reports.outcome import SeriesOutcome
from ..reports.report import ReadinessReport, fingerprint
from .copying import SeriesDelivery
from .executor import NOTHING, Additions, Executor
from .verify import verify

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

    def open_study(self, study: str) -> StudyRun:
        """Lists the instances of a study, those left out that this job added. Raises Gone for none."""
        timer = StageTimer(self.clock)
        with timer.measure("discover"):
            rows = [row for row in self.store.instances(study) if not is_ours(row.instance)]
        return StudyRun(self, study, rows, timer.seconds["discover"])

    @property
    def separate_viewers(self) -> Executor | None:
        """The executor, where viewers have a store of their own."""
        return self.executor if self.executor is not None and self.executor.separate else None

    @property
    def parameters(self) -> dict[str, str]:
        """The settings that a report depends on."""
        separate = self.separate_viewers
        return {
            "viewer_url": self.viewer_url,
            "store": self.store.root,
            "viewer_store": self.options.viewer_store,
            "label_policy": self.options.label_policy,
            **({"viewers": separate.deliverer.target.root} if separate else {}),
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


@dataclass
class StudyRun:
    """A study as it was listed when the run came to it; it is inspected once, when the first series needs that."""

    preparation: Preparation
    study: str
    rows: list[Row]
    discover_seconds: float = 0.0

    @property
    def series_uids(self) -> list[str]:
        return list(dict.fromkeys(row.series for row in self.rows))

    def instances_of(self, series: str) -> list[Row]:
        return [row for row in self.rows if row.series == series]

    def prepare_series(self, series: str) -> SeriesOutcome:
        """Prepares one series and writes its report. Raises SeriesFailed, Gone, CannotRun."""
        return SeriesRun(self, series).prepare()

    def write_study_report(self, outcomes: Iterable[SeriesOutcome]) -> list[SeriesOutcome]:
        """The report on the study, when `outcomes` (of its series) changed that on any of them.

        Returns the failures of series of which viewers do not have what their reports say.
        """
        outcomes = list(outcomes)
        job = self.preparation
        if job.dry_run or not self.rows or all(outcome.status == "unchanged" for outcome in outcomes):
            return []
        known = {outcome.series: outcome.document for outcome in outcomes if outcome.document}
        reports = study_report.read_reports(self.study, self.rows, known, job.records)
        executor = job.separate_viewers
        shown = executor.deliverer.list_target(self.study) if executor else None
        mismatches = study_report.find_mismatches(reports, shown) if shown is not None else {}
        failed = [self.write_failure(series, reason) for series, reason in mismatches.items()]
        reports |= {outcome.series: outcome.document for outcome in failed if outcome.document}
        now = job.clock.time()
        content = study_report.document(self.study, self.rows, reports, job.viewer_url, now)
        study_report.write(content, job.records)
        viewer_status.write(viewer_status.document(self.study, content["status"], reports, now), job.records)
        return failed

    def write_failure(self, series: str, reason: str) -> SeriesOutcome:
        """Writes the report of a series that could not be prepared."""
        return write_failure(self.preparation, self.study, series, reason)

    @cached_property
    def inspected(self) -> Inspected:
        """What the store says of every series. A label may be in any, so a policy about labels reads them all."""
        job = self.preparation
        return inspect(job.store, self.study, self.rows, everything=job.options.label_policy == "withhold")

    @cached_property
    def judged(self) -> Judged:
        """Findings and plans of all series."""
        return judge(self.inspected.study, self.inspected.slides, self.preparation.options, self._existing_additions())

    def _existing_additions(self) -> frozenset[str]:
        """What this job has added to the study where viewers have a store of their own."""
        executor = self.preparation.separate_viewers
        if executor is None:
            return frozenset()
        return frozenset(row.instance for row in executor.deliverer.list_target(self.study) if is_ours(row.instance))


class SeriesRun:
    """One series of a study on its way to a report, with what that took."""

    def __init__(self, run: StudyRun, series: str) -> None:
        self._run, self._job, self._study, self._series = run, run.preparation, run.study, series
        self._rows = run.instances_of(series)
        self._timer = StageTimer(self._job.clock, {"discover": run.discover_seconds})
        self._before = Traffic(self._job.traffic.requests, self._job.traffic.bytes)

    def prepare(self) -> SeriesOutcome:
        job, study, series = self._job, self._study, self._series
        if not self._rows:
            raise Gone(f"series {series} of study {study} is not in {job.store.name}, or no longer: check the UID")
        current = fingerprint(self._run.rows, job.parameters)
        while True:
            with self._timer.measure("compare"):
                present, generation = job.records.read(report.name(study, series))
            if report.is_current(present, current):
                return SeriesOutcome(study, series, "unchanged", present)
            document = self._carry_out(current).document()
            if not job.dry_run:
                try:
                    job.records.write(report.name(study, series), document, generation)
                except Conflict:
                    continue  # another run wrote: if it saw the same, its report stands
                if report.had_failed(present):
                    forget_failure(job.records, study, series)
            note = report.describe_unreadable(present, generation)
            return SeriesOutcome(study, series, document["status"], document, note=note)

    def _carry_out(self, current: str) -> ReadinessReport:
        """Looks, plans, acts (unless that needs what is not there), and reports what is then true."""
        job, series = self._job, self._series
        judged = self._judge()
        plan = judged.plan.of(series)
        delivery = self._deliver(judged)
        result = plan_result(judged, series, delivery is not None or not plan.actions, job.options.label_policy)
        return replace(
            new_report(job, self._study, series, result.status, self._timer.seconds, self._before),
            modality=self._rows[0].modality,
            fingerprint=current,
            instances=len(self._rows),
            findings=result.left,
            mended=result.mended,
            plan=plan,
            slide=result.slide,
            open_cost=result.cost,
            open_cost_before=result.cost_before,
            written=tuple(sorted(delivery.written)) if delivery else (),
            delivered=len(delivery.written) + len(delivery.present) if delivery and job.separate_viewers else None,
        )

    def _judge(self) -> Judged:
        with self._timer.measure("inspect"):
            unreadable = self._run.inspected.unreadable
        if self._series in unreadable:
            raise unreadable[self._series]
        with self._timer.measure("plan"):
            return self._run.judged

    def _deliver(self, judged: Judged) -> SeriesDelivery | None:
        """Carries the plan out; None when it was not."""
        job, study, series = self._job, self._study, self._series
        if job.executor is None or job.dry_run:
            return None
        task = job.task_maker(study, judged, series) if job.task_maker else NOTHING
        if not task.uids and not job.separate_viewers:
            return None
        with self._timer.measure("act"):
            delivery = job.executor.carry_out(study, judged.plan.of(series), self._rows, task)
        if task.uids & set(delivery.written):
            with self._timer.measure("verify"):
                deliverer = job.executor.deliverer
                verify(deliverer.target, study, series, deliverer.list_target(study), job.options.label_policy)
        return delivery


def write_failure(job: Preparation, study: str, series: str, reason: str) -> SeriesOutcome:
    """Writes the report of a series that could not be prepared."""
    document = replace(new_report(job, study, series, "failed", {}, job.traffic), reason=reason).document()
    if not job.dry_run:
        _, generation = job.records.read(report.name(study, series))
        try:
            job.records.write(report.name(study, series), document, generation)
        except Conflict:
            return SeriesOutcome(study, series, "failed", None, reason)
    return SeriesOutcome(study, series, "failed", document, reason)


def new_report(
    job: Preparation, study: str, series: str, status: rules.Status, seconds: dict[str, float], before: Traffic
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
