"""One series from comparison to report: skip if unchanged, inspect, plan, take away what is old, deliver, verify.

Reads the store and the report of before; `planning` decides and `executor` acts; writes one object.
"""

from __future__ import annotations

from dataclasses import replace

from ..backlog.deliveries import DeliveryRecord
from ..backlog.work_items import forget_failure
from ..errors import CannotRun, Conflict, Gone, SeriesFailed
from ..http.retry import Traffic
from ..planning.following import Judged
from ..planning.result import plan_result
from ..reports import report
from ..reports.outcome import SeriesOutcome, explain
from ..reports.report import ReadinessReport, fingerprint
from .copying import SeriesDelivery
from .executor import NOTHING, Additions
from .preparation import StageTimer, new_report
from .stale import compare_frames
from .study_run import StudyRun
from .verify import verify


def prepare_series(run: StudyRun, series: str, noticed_until: float = 0.0, thorough: bool = False) -> SeriesOutcome:
    """Prepares one series and writes its report. Raises SeriesFailed, Gone, CannotRun.

    `noticed_until` is when the store last said that something happened to it, in seconds since 1970. With `thorough`
    pixels are compared too, where nothing else says that the series is another.
    """
    return SeriesRun(run, series, noticed_until, thorough).prepare()


class SeriesRun:
    """One series of a study on its way to a report, with what that took."""

    def __init__(self, run: StudyRun, series: str, noticed_until: float, thorough: bool) -> None:
        self._run, self._job, self._study, self._series = run, run.preparation, run.study, series
        self._noticed_until, self._thorough = noticed_until, thorough
        self._rows = run.instances_of(series)
        self._timer = StageTimer(self._job.clock, {"discover": run.discover_seconds})
        self._before = Traffic(self._job.traffic.requests, self._job.traffic.bytes)

    def prepare(self) -> SeriesOutcome:
        job, study, series = self._job, self._study, self._series
        if not self._rows:
            self._run.withdraw_stale()
            if series in self._run.withdrawn:
                return self._run.withdrawn[series]
            raise Gone(f"series {series} of study {study} is not in {job.store.name}, or no longer: check the UID")
        current = fingerprint(self._run.rows, {**job.parameters, "bytes": str(self._run.stored_bytes)})
        while True:
            with self._timer.measure("compare"):
                present, generation = job.records.read(report.name(study, series))
            resent = report.was_listed_before(present, self._noticed_until)
            stands = report.is_current(present, current) and not resent
            blocked = stands and self._thorough and report.is_blocked(present)
            if stands and not blocked and not self._shows_other_pixels():
                return SeriesOutcome(study, series, "unchanged", present)
            if job.ledger is not None:
                with self._timer.measure("withdraw"):
                    self._run.withdraw_stale(series if resent else "")
            document = self._carry_out(current).document()
            if blocked and report.is_blocked(document):  # looked at again, because it was asked for by name
                return SeriesOutcome(study, series, "unchanged", present)
            if not job.dry_run:
                generation = self._run.retracted.pop(series, generation)
                try:
                    job.records.write(report.name(study, series), document, generation)
                except Conflict:
                    continue  # another run wrote: if it saw the same, its report stands
                if report.had_failed(present):
                    forget_failure(job.records, study, series)
            note = report.describe_unreadable(present, generation) or self._note_read()
            return SeriesOutcome(study, series, document["status"], document, note=note)

    def _note_read(self) -> str:
        """Counts what was read of a study that had been moved, and says so: retrieval is paid for."""
        job = self._job
        if job.moves is None or job.dry_run:
            return ""
        read = job.traffic.bytes - self._before.bytes
        moved = job.moves.note_read(self._study, job.clock.time(), read)
        if moved is None:
            return ""
        return (
            f"read again from {moved.storage_class} storage, up to {read} bytes: retrieval is paid for; "
            f"{moved.reads} reads of this study since {moved.moved_at}"
        )

    def _shows_other_pixels(self) -> bool:
        """Looks, where it was asked for by name, and takes away what shows something else."""
        executor, ledger = self._job.executor, self._job.ledger
        if not self._thorough or executor is None or ledger is None or self._job.dry_run:
            return False
        if not any(row.whole_slide for row in self._rows):
            return False
        with self._timer.measure("compare"):
            reason = compare_frames(executor, ledger.read(self._study, self._series), self._rows)
        if reason:
            self._run.withdraw(self._series, reason)
        return bool(reason)

    def _carry_out(self, current: str) -> ReadinessReport:
        """Looks, plans, acts (unless that needs what is not there), and reports what is then true."""
        job, series = self._job, self._series
        judged, additions = self._plan()
        plan = judged.plan.of(series)
        delivery, record = self._deliver(judged, additions)
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
            delivered=len(delivery.written) + len(delivery.present) if delivery else None,
            withdrawals=record.withdrawals if record else (),
            listed=self._run.listed_at,
        )

    def _plan(self) -> tuple[Judged, Additions]:
        """What is to be done, when all that viewers are not to see any more is out of the way."""
        job, study, series = self._job, self._study, self._series
        while True:
            judged = self._judge()
            additions = job.task_maker(study, judged, series) if job.task_maker else NOTHING
            executor = job.executor
            if executor is None or job.dry_run:
                return judged, additions
            plan = judged.plan.of(series)
            surplus = executor.surplus(study, series, executor.wanted(plan, self._rows, additions))
            if not surplus:
                return judged, additions
            blocked = f"the series is blocked now ({plan.reason})" if plan.kind == "blocked" else ""
            reason = blocked or f"its plan is another now, by which {len(surplus)} of the instances are not shown"
            self._run.withdraw(series, reason)

    def _judge(self) -> Judged:
        with self._timer.measure("inspect"):
            unreadable = self._run.inspected.unreadable
        if self._series in unreadable:
            raise unreadable[self._series]
        with self._timer.measure("plan"):
            return self._run.judged

    def _deliver(self, judged: Judged, additions: Additions) -> tuple[SeriesDelivery | None, DeliveryRecord | None]:
        """Carries the plan out; None when it was not. A failure once the copy began takes back what viewers got."""
        job, study, series = self._job, self._study, self._series
        if job.executor is None or job.dry_run:
            return None, None
        plan = judged.plan.of(series)
        if plan.kind != "blocked":
            self._run.announce()
        try:
            with self._timer.measure("act"):
                delivery = job.executor.carry_out(study, plan, self._rows, additions)
            if additions.uids & set(delivery.written):
                with self._timer.measure("verify"):
                    deliverer = job.executor.deliverer
                    verify(deliverer.target, study, series, deliverer.list_target(study), job.options.label_policy)
            wanted = job.executor.wanted(plan, self._rows, additions)
            return delivery, job.executor.mark_shown(
                study, self._rows, series, wanted, self._run.inspected.contents_of(series)
            )
        except CannotRun:
            raise
        except Exception as error:
            self._take_back(error)
            raise

    def _take_back(self, error: Exception) -> None:
        """Takes all of a slide that failed on the way from viewers, so that they see nothing rather than a part."""
        ledger = self._job.ledger
        if ledger is None or ledger.read(self._study, self._series).state != "delivering":
            return  # nothing was sent
        try:
            self._run.withdraw(self._series, "its delivery failed on the way")
        except (SeriesFailed, CannotRun) as second:
            sentence = f"{explain(error)}; and what viewers had got could not be taken back: {second}"
            raise SeriesFailed(sentence) from error
