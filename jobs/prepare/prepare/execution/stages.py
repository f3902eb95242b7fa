"""One series from listing to report: discover, skip if unchanged, inspect, plan, act, report.

Reads the store and the report of before; `following` decides, `executor` acts; writes one object.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ..backlog.work_items import Objects, forget_failure
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
from ..planning.result import verdict
from ..reports import report, study_report
from ..reports.outcome import Outcome
from ..reports.report import Report, fingerprint
from .copying import Delivery
from .executor import NOTHING, Executor, Task
from .verify import verify

Maker = Callable[[str, Judged, str], Task]
"""(study, what was judged, series) -> the new instances that its plan asks for."""


@dataclass
class Stages:
    """Prepares series of one store. `viewer_url` without trailing slash, or empty."""

    store: DicomStore
    records: Objects
    clock: Clock
    traffic: Traffic
    viewer_url: str = ""
    execution: str = ""
    dry_run: bool = False
    executor: Executor | None = None
    """What carries plans out; None to look only."""
    maker: Maker | None = None
    """What makes new instances; None: plans that need some are told, not carried out."""
    options: Options = field(default_factory=Options)
    _seen: tuple[tuple[Row, ...], Inspected, frozenset[str]] | None = None
    """The last study looked into, with what stands of it already: its series are prepared one after the other."""
    _seconds: dict[str, float] = field(default_factory=dict[str, float])
    _discovered: float = 0.0

    def discover(self, study: str) -> list[Row]:
        """Lists the instances of a study, those left out that this job added. Raises Gone for none."""
        start = self.clock.monotonic()
        rows = [row for row in self.store.instances(study) if not is_ours(row.instance)]
        self._discovered = self.clock.monotonic() - start
        return rows

    def series(self, study: str, series: str, rows: list[Row]) -> Outcome:
        """Prepares one series; `rows` is what `discover` listed. Raises SeriesFailed, CannotRun."""
        self._seconds = {"discover": self._discovered}
        before = Traffic(self.traffic.requests, self.traffic.bytes)
        own = [row for row in rows if row.series == series]
        if not own:
            raise Gone(f"series {series} of study {study} is not in {self.store.name}, or no longer: check the UID")
        of = fingerprint(rows, self._parameters())
        while True:
            with self._timed("compare"):
                present, generation = self.records.read(report.name(study, series))
            if report.is_current(present, of):
                return Outcome(study, series, "unchanged", present)
            document = self._prepared(study, series, rows, of, before).document()
            if not self.dry_run:
                try:
                    self.records.write(report.name(study, series), document, generation)
                except Conflict:
                    continue  # another run wrote: if it saw the same, its report stands
                if report.had_failed(present):
                    forget_failure(self.records, study, series)
            return Outcome(study, series, document["status"], document, note=report.strange(present, generation))

    def study(self, study: str, rows: list[Row], outcomes: Iterable[Outcome]) -> list[Outcome]:
        """The report on the study, when `outcomes` (of its series) changed that on any of them.

        Returns the failures of series of which viewers do not have what their reports say.
        """
        told = list(outcomes)
        if self.dry_run or not rows or all(one.status == "unchanged" for one in told):
            return []
        known = {one.series: one.document for one in told if one.document}
        found = study_report.reports(study, rows, known, self.records)
        shown = self.executor.deliverer.listed(study) if self.executor and self._separate else None
        wrong = study_report.astray(found, shown) if shown is not None else {}
        failed = [self.failure(study, series, reason) for series, reason in wrong.items()]
        found |= {one.series: one.document for one in failed if one.document}
        study_report.write(study, rows, found, self.records, self.viewer_url, self.clock.time())
        return failed

    def failure(self, study: str, series: str, reason: str) -> Outcome:
        """Writes the report of a series that could not be prepared."""
        document = self._report(study, series, "", "failed", "", 0, Traffic(), reason=reason).document()
        if not self.dry_run:
            _, generation = self.records.read(report.name(study, series))
            try:
                self.records.write(report.name(study, series), document, generation)
            except Conflict:
                return Outcome(study, series, "failed", None, reason)
        return Outcome(study, series, "failed", document, reason)

    def _parameters(self) -> dict[str, str]:
        separate = self.executor is not None and self.executor.separate
        viewers = {"viewers": self.executor.deliverer.target.root} if self.executor and separate else {}
        options = {"viewer_store": self.options.viewer_store, "label_policy": self.options.label_policy}
        return {"viewer_url": self.viewer_url, "store": self.store.root, **options, **viewers}

    def _prepared(self, study: str, series: str, rows: list[Row], of: str, before: Traffic) -> Report:
        """Looks, plans, acts (unless that needs what is not there), and reports what is then true."""
        own = [row for row in rows if row.series == series]
        judged = self._judged(study, series, rows)
        plan = judged.plan.of(series)
        delivery = self._delivered(study, judged, series, own)
        true = verdict(judged, series, delivery is not None or not plan.acts, self.options.label_policy)
        return replace(
            self._report(study, series, own[0].modality, true.status, of, len(own), before),
            findings=true.left,
            mended=true.mended,
            plan=plan,
            slide=true.slide,
            open_cost=true.cost,
            open_cost_before=true.cost_before,
            written=tuple(sorted(delivery.written)) if delivery else (),
            delivered=len(delivery.written) + len(delivery.present) if delivery and self._separate else None,
        )

    def _judged(self, study: str, series: str, rows: list[Row]) -> Judged:
        with self._timed("inspect"):
            if self._seen is None or self._seen[0] != tuple(rows):
                self._seen = (tuple(rows), self._inspected(study, rows), self._standing(study))
        _, seen, standing = self._seen
        if series in seen.unreadable:
            raise seen.unreadable[series]
        with self._timed("plan"):
            return judge(seen.study, seen.slides, self.options, standing)

    def _inspected(self, study: str, rows: list[Row]) -> Inspected:
        """A label may be in any series, so a policy about labels reads them all."""
        return inspect(self.store, study, rows, everything=self.options.label_policy == "withhold")

    def _standing(self, study: str) -> frozenset[str]:
        """What this job has added to the study where viewers have a store of their own."""
        if self.executor is None or not self._separate:
            return frozenset()
        return frozenset(row.instance for row in self.executor.deliverer.listed(study) if is_ours(row.instance))

    @property
    def _separate(self) -> bool:
        return self.executor is not None and self.executor.separate

    def _delivered(self, study: str, judged: Judged, series: str, own: list[Row]) -> Delivery | None:
        """What carrying the plan out did; None when it was not."""
        if self.executor is None or self.dry_run:
            return None
        plan = judged.plan.of(series)
        task = self.maker(study, judged, series) if self.maker else NOTHING
        if not task.uids and not self._separate:
            return None
        with self._timed("act"):
            delivery = self.executor.carry_out(study, plan, own, task)
        if task.uids & set(delivery.written):
            with self._timed("verify"):
                deliverer = self.executor.deliverer
                verify(deliverer.target, study, series, deliverer.listed(study), self.options.label_policy)
        return delivery

    def _report(
        self,
        study: str,
        series: str,
        modality: str,
        status: rules.Status,
        of: str,
        count: int,
        before: Traffic,
        **more: Any,
    ) -> Report:
        return Report(
            study=study,
            series=series,
            modality=modality,
            status=status,
            fingerprint=of,
            instances=count,
            seconds=dict(self._seconds),
            requests=self.traffic.requests - before.requests,
            bytes=self.traffic.bytes - before.bytes,
            viewer=f"{self.viewer_url}/studies/{study}/series/{series}" if self.viewer_url else "",
            execution=self.execution,
            prepared=self.clock.time(),
            **more,
        )

    @contextmanager
    def _timed(self, stage: str) -> Generator[None]:
        start = self.clock.monotonic()
        try:
            yield
        finally:
            self._seconds[stage] = self._seconds.get(stage, 0.0) + self.clock.monotonic() - start
