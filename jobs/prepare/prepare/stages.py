"""One series from listing to report: discover, skip if unchanged, inspect, judge, report.

Reads the store and the report of before; decides with `rules`; writes one object. Changes no image.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from . import report, rules
from .backlog import Objects
from .clock import Clock
from .codestream import header, identify
from .copying import Delivery
from .errors import Conflict, Gone, SeriesFailed
from .executor import Executor
from .image import Image
from .metadata import Row
from .plan import SeriesPlan
from .report import Report, fingerprint
from .retry import Traffic
from .slide import Probe, Slide, open_cost
from .store import DicomStore

IN_FLIGHT = 8
"""Probe frames asked for at once; a series has about as many levels."""


@dataclass(frozen=True)
class Outcome:
    """What became of a series: a report status, `unchanged` (the report stands) or `gone` (it left the store)."""

    study: str
    series: str
    status: str
    document: dict[str, Any] | None = None
    reason: str = ""


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
    _seconds: dict[str, float] = field(default_factory=dict[str, float])
    _discovered: float = 0.0

    def discover(self, study: str) -> list[Row]:
        """Lists the instances of a study. Raises Gone for none."""
        start = self.clock.monotonic()
        rows = self.store.instances(study)
        self._discovered = self.clock.monotonic() - start
        return rows

    def series(self, study: str, series: str, rows: list[Row]) -> Outcome:
        """Prepares one series; `rows` is what `discover` listed. Raises SeriesFailed, CannotRun."""
        self._seconds = {"discover": self._discovered}
        before = Traffic(self.traffic.requests, self.traffic.bytes)
        own = [row for row in rows if row.series == series]
        if not own:
            raise Gone(f"series {series} of study {study} is not in {self.store.name}, or no longer: check the UID")
        related = same_slides(own, rows)
        of = fingerprint(related, self._parameters())
        while True:
            with self._timed("compare"):
                present, generation = self.records.read(report.name(study, series))
            if report.is_current(present, of):
                return Outcome(study, series, "unchanged", present)
            document = self._delivered(self._judged(study, series, own, related, of), own, before).document()
            if not self.dry_run:
                try:
                    self.records.write(report.name(study, series), document, generation)
                except Conflict:
                    continue  # another run wrote: if it saw the same, its report stands
            return Outcome(study, series, document["status"], document)

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
        return {"viewer_url": self.viewer_url, "store": self.store.root, **viewers}

    def _delivered(self, judged: Report, own: list[Row], before: Traffic) -> Report:
        """The report with what carrying the plan out did, and all that it took."""
        delivery: Delivery | None = None
        plan = SeriesPlan(series=judged.series, kind="blocked" if judged.status == "blocked" else "none")
        if self.executor and self.executor.separate and not self.dry_run:
            with self._timed("store"):
                delivery = self.executor.carry_out(judged.study, plan, own)
        return replace(
            judged,
            written=tuple(sorted(delivery.written)) if delivery else (),
            delivered=len(delivery.written) + len(delivery.present) if delivery else None,
            seconds=dict(self._seconds),
            requests=self.traffic.requests - before.requests,
            bytes=self.traffic.bytes - before.bytes,
        )

    def _judged(self, study: str, series: str, own: list[Row], related: list[Row], of: str) -> Report:
        modality, before = own[0].modality, Traffic()
        if not any(row.whole_slide for row in own):  # radiology and the like pass through as they are
            return self._report(study, series, modality, "ready", of, len(own), before)
        with self._timed("inspect"):
            slide = self._inspect(study, series, related)
        with self._timed("judge"):
            found = rules.findings(slide)
            status = rules.status(found)
        cost = open_cost(slide) if status != "blocked" and slide.own else None
        return self._report(
            study, series, modality, status, of, len(own), before, findings=tuple(found), slide=slide, open_cost=cost
        )

    def _inspect(self, study: str, series: str, related: list[Row]) -> Slide:
        """The slide's images from the metadata of every series it spans, and one frame of each image of this series."""
        images: list[Image] = []
        for one in dict.fromkeys([series, *(row.series for row in related if row.whole_slide)]):
            images += [Image.of(item) for item in self.store.metadata(study, one)]
        pyramid = tuple(image for image in images if image.in_pyramid)
        own = [image for image in pyramid if image.series == series]
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            probes = dict(zip((image.instance for image in own), pool.map(self._probe(study), own), strict=True))
        return Slide(pyramid, series, probes)

    def _probe(self, study: str) -> Callable[[Image], Probe]:
        def probe(image: Image) -> Probe:
            number = image.frames // 2 + 1  # the middle of the slide, where tissue is
            frame = self.store.frame(study, image.series, image.instance, number)
            coding = identify(frame, image.raw_frame_bytes)
            if coding == "raw" and image.bits > 8:  # the bytes do not tell their order
                syntax = self.store.transfer_syntax(study, image.series, image.instance)
                big_endian = rules.table()["codestreams"]["raw-big-endian"]["transfer_syntaxes"]
                coding = "raw-big-endian" if syntax in big_endian else coding
            return Probe(number, len(frame), coding, header(frame, coding))

        return probe

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


def same_slides(own: Iterable[Row], rows: Iterable[Row]) -> list[Row]:
    """Rows that the viewer puts into the same slides as the series' own ones: SLIM groups over the whole study."""
    own = list(own)
    keys = {row.slide for row in own if row.whole_slide}
    series = {row.series for row in own}
    return [row for row in rows if row.series in series or (row.whole_slide and row.slide in keys)]


def explain(error: Exception) -> str:
    """The reason to report for an error; only our own sentences, never a message that may quote an attribute."""
    if isinstance(error, SeriesFailed):
        return str(error)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else "?"
    return f"unexpected {type(error).__name__} at {where}: this is a defect of the job, please report it"
