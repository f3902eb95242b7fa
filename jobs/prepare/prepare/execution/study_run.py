"""One study in one run: its listing, what viewers have of it that the raw store has not, and the report on the whole.

What viewers should not see any more is taken away before anything else is done. `series_run` does each series.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..backlog.deliveries import DeliveryRecord
from ..backlog.instance_counts import InstanceCounts
from ..dicomweb.inspection import Inspected, inspect
from ..errors import Gone
from ..model.metadata import Row
from ..pixels.instances import is_ours
from ..planning.following import Judged, judge
from ..reports import report, study_report, viewer_status
from ..reports.outcome import SeriesOutcome
from .preparation import Preparation, StageTimer, write_end
from .stale import adopt_deliveries, compare_contents, compare_known, find_difference


@dataclass
class StudyRun:
    """A study as it was listed when the run came to it; it is inspected once, when the first series needs that."""

    preparation: Preparation
    study: str
    rows: list[Row]
    listed_at: float = 0.0
    """Seconds since 1970, before it was listed."""
    discover_seconds: float = 0.0
    withdrawn: dict[str, SeriesOutcome] = field(default_factory=dict[str, SeriesOutcome])
    """Series that the raw store does not have any more, and that viewers had until now."""
    retracted: dict[str, int] = field(default_factory=dict[str, int])
    """Series -> generation of its report, since a withdrawal of this run made it say that it is not current."""
    report: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """On the study, once it is written."""
    _resent: set[str] = field(default_factory=set[str])
    _checked: bool = False
    _announced: bool = False

    @property
    def series_uids(self) -> list[str]:
        return list(dict.fromkeys(row.series for row in self.rows))

    def instances_of(self, series: str) -> list[Row]:
        return [row for row in self.rows if row.series == series]

    @staticmethod
    def open(preparation: Preparation, study: str) -> StudyRun:
        """Lists the instances of a study, those left out that this job added; none for a study that is not there."""
        timer, listed_at = StageTimer(preparation.clock), preparation.clock.time()
        with timer.measure("discover"):
            try:
                rows = [row for row in preparation.store.instances(study) if not is_ours(row.instance)]
            except Gone:
                rows = []
        return StudyRun(preparation, study, rows, listed_at, timer.seconds["discover"])

    def withdraw_stale(self, resent: str = "") -> None:
        """Takes away from viewers what the raw store has not, or has otherwise, before anything else is done.

        `resent` is a series of which some instance was sent again, for all that the store lists.
        """
        job, executor, ledger = self.preparation, self.preparation.executor, self.preparation.ledger
        if executor is None or ledger is None or job.dry_run:
            return
        if not self._checked:
            self._checked = True
            adopt_deliveries(executor.deliverer.list_target(self.study), self.study, self.rows, ledger)
            for record in ledger.of_study(self.study):
                rows = self.instances_of(record.series)
                reason = find_difference(job.store, record, rows) or self._compare_known(record, rows)
                if reason:
                    self.withdraw(record.series, reason)
                elif not rows:
                    sentence = f"the series is not in {job.store.name} any more; viewers had nothing of it"
                    self._end(record.series, sentence, record)
        if resent and resent not in self._resent:
            self._resent.add(resent)
            record = ledger.read(self.study, resent)
            if reason := compare_contents(executor, record, self.instances_of(resent)):
                self.withdraw(resent, reason)

    def _compare_known(self, record: DeliveryRecord, rows: list[Row]) -> str:
        """Where a report is made anew, for whatever reason: nobody says whether other instances were sent again too."""
        executor = self.preparation.executor
        if executor is None or record.state != "shown":
            return ""
        known = [row for row in rows if row.instance in record.sources]
        contents = self.inspected.contents_of(record.series)
        # What cannot be read now may be the same: the attempt fails, and what comes after it compares.
        some_came = len(rows) > len(known) and record.series not in self.inspected.unreadable
        return compare_known(executor, record, known, contents, some_came=some_came)

    def withdraw(self, series: str, reason: str) -> None:
        """Takes a series away from viewers. Its report is no longer current before, and viewers are told to wait."""
        job, executor = self.preparation, self.preparation.executor
        if executor is None:
            return
        self.announce()
        self.retracted[series] = report.retract(self.study, series, reason, job.records)
        record = executor.withdraw(self.study, series, reason)
        self.__dict__.pop("judged", None)  # what viewers have is another now, so plans are made again
        if not self.instances_of(series):
            self._end(series, f"{reason}: what viewers had of it was taken away", record)

    def _end(self, series: str, sentence: str, record: DeliveryRecord | None) -> None:
        """Ends the record of a series that neither store has."""
        job = self.preparation
        self.withdrawn[series] = write_end(job, self.study, series, "withdrawn", sentence, record)
        if job.ledger is not None:
            job.ledger.forget(self.study, series)

    def announce(self) -> None:
        """Tells viewers, once, that what they see of the study is about to change."""
        if not self._announced:
            self._announced = True
            viewer_status.set_pending(self.study, self.preparation.records, self.preparation.clock.time())

    def write_study_report(
        self, outcomes: Iterable[SeriesOutcome], resumed: bool = False, stored: float = 0.0
    ) -> list[SeriesOutcome]:
        """The report on the study, when `outcomes` (of its series) changed that on any of them.

        With `resumed` also when an earlier run was ended before it wrote that.

        Returns the failures of series of which viewers do not have what their reports say.
        """
        outcomes = list(outcomes)
        job = self.preparation
        no_news = all(outcome.status in ("unchanged", "gone") for outcome in outcomes)
        if job.dry_run or (no_news and not (resumed and viewer_status.is_unfinished(self.study, job.records))):
            return []
        known = {outcome.series: outcome.document for outcome in outcomes if outcome.document}
        reports = study_report.read_reports(self.study, self.rows, known, job.records)
        executor = job.executor
        shown = executor.deliverer.list_target(self.study) if executor and self.rows else None
        mismatches = study_report.find_mismatches(reports, shown) if shown is not None else {}
        failed = [write_end(job, self.study, series, "failed", reason) for series, reason in mismatches.items()]
        reports |= {outcome.series: outcome.document for outcome in failed if outcome.document}
        now = job.clock.time()
        content = study_report.document(self.study, self.rows, reports, job.viewer_url, now, stored)
        if job.moves is not None and content["status"] == "ready":
            job.moves.plan(self.study, now)  # before the report: a run that is killed between comes back to it
        before, generation = job.records.read(study_report.name(self.study))
        if job.ledger is not None:
            InstanceCounts(job.records).note_change(self.study, study_report.counted(before) or 0, content["instances"])
        self.report = study_report.write(content, job.records, before, generation)
        viewer_status.write(viewer_status.document(self.study, content["status"], reports, now), job.records)
        return failed

    @cached_property
    def inspected(self) -> Inspected:
        """What the store says of every series. A label may be in any, so a policy about labels reads them all."""
        job = self.preparation
        return inspect(job.store, self.study, self.rows, everything=job.options.label_policy == "withhold")

    @cached_property
    def judged(self) -> Judged:
        """Findings and plans of all series."""
        return judge(self.inspected.study, self.inspected.slides, self.preparation.options, self._existing_additions())

    @cached_property
    def stored_bytes(self) -> int:
        """What the raw store keeps of the study; 0 where it does not tell."""
        return self.preparation.store.stored_bytes(self.study) if self.rows else 0

    def _existing_additions(self) -> frozenset[str]:
        """What this job has added to the study where viewers read."""
        executor = self.preparation.executor
        if executor is None:
            return frozenset()
        return frozenset(row.instance for row in executor.deliverer.list_target(self.study) if is_ours(row.instance))
