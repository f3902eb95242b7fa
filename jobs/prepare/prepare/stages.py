"""One series from listing to report: discover, skip if unchanged, inspect, plan, act, report.

Reads the store and the report of before; `following` decides, `executor` acts; writes one object.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from . import report, rules, study_report
from .backlog import Objects
from .clock import Clock
from .copying import Delivery
from .errors import Conflict, Gone, SeriesFailed
from .executor import NOTHING, Executor, Task
from .following import Judged, judge
from .foresee import foreseen, named, provisional
from .inspection import Inspected, inspect
from .metadata import Row
from .pixels.instances import is_ours
from .plan import SeriesPlan
from .planner import Options
from .report import Report, fingerprint
from .retry import Traffic
from .slide import Slide, open_cost
from .store import DicomStore
from .successors import groups, level_uid
from .verify import verify

Maker = Callable[[str, Judged, str], Task]
"""(study, what was judged, series) -> the new instances that its plan asks for."""


@dataclass(frozen=True)
class Outcome:
    """What became of a series: a report status, `unchanged` (the report stands) or `gone` (it left the store)."""

    study: str
    series: str
    status: str
    document: dict[str, Any] | None = None
    reason: str = ""
    note: str = ""
    """Something else worth a line of the log."""
    gone: bool = False
    """There is nothing (any more) to report on."""


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
    _seen: tuple[tuple[Row, ...], Inspected] | None = None
    """The last study looked into: its series are prepared one after the other."""
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
            return Outcome(study, series, document["status"], document, note=report.strange(present, generation))

    def study(self, study: str, rows: list[Row], outcomes: Iterable[Outcome]) -> None:
        """The report on the study, when `outcomes` (of its series) changed that on any of them."""
        told = list(outcomes)
        if self.dry_run or not rows or all(one.status == "unchanged" for one in told):
            return
        known = {one.series: one.document for one in told if one.document}
        study_report.write(study, rows, known, self.records, self.viewer_url, self.clock.time())

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
        plan, found = judged.plan.of(series), judged.findings[series]
        delivery = self._delivered(study, judged, series, own)
        slide = judged.slides.get(series)
        acted = delivery is not None or not plan.acts
        after = _shown(slide, plan) if slide and acted else slide
        left = [*rules.findings(after, self.options.label_policy)] if after else []
        cured = {(one.rule, one.problem) for one in left}
        remaining = [one for one in found if not acted or plan.kind == "blocked" or _remains(one, cured, slide)]
        status = "blocked" if plan.kind == "blocked" else rules.status(remaining)
        opens = after is not None and after.own and status != "blocked"
        return replace(
            self._report(study, series, own[0].modality, status, of, len(own), before),
            findings=tuple(remaining),
            mended=tuple(one for one in found if one not in remaining),
            plan=plan,
            slide=after,
            open_cost=open_cost(after) if after and opens else None,
            open_cost_before=open_cost(slide) if slide and slide.own and rules.status(found) != "blocked" else None,
            written=tuple(sorted(delivery.written)) if delivery else (),
            delivered=len(delivery.written) + len(delivery.present) if delivery and self._separate else None,
        )

    def _judged(self, study: str, series: str, rows: list[Row]) -> Judged:
        with self._timed("inspect"):
            if self._seen is None or self._seen[0] != tuple(rows):
                self._seen = (tuple(rows), inspect(self.store, study, rows))
        seen = self._seen[1]
        if series in seen.unreadable:
            raise seen.unreadable[series]
        with self._timed("plan"):
            return judge(seen.study, seen.slides, self.options)

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


def _shown(slide: Slide, plan: SeriesPlan) -> Slide:
    """The slide as viewers have it after the plan, with the UIDs of its new instances."""
    images = {image.instance: image for image in (*slide.images, *slide.labels)}
    names = {provisional(level): level_uid(level, plan, images) for level in plan.new_levels}
    names |= {group.instances[0]: group.uid for group in groups(plan, images)}
    return named(foreseen(slide, plan), names)


def _remains(finding: rules.Finding, left: set[tuple[str, str]], slide: object) -> bool:
    """Whether a finding is still true after the plan; those about the study are only mended by repairs."""
    if slide is None or finding.rule in rules.STUDY_CHECKS:
        return finding.remedy == "none" or slide is None
    return (finding.rule, finding.problem) in left


def explain(error: Exception) -> str:
    """The reason to report for an error; only our own sentences, never a message that may quote an attribute."""
    if isinstance(error, SeriesFailed):
        return str(error)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else "?"
    return f"unexpected {type(error).__name__} at {where}: this is a defect of the job, please report it"
