"""How long studies took from their last instance until viewers saw them: median and 95th percentile of all."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from ops.client.google import Json
from ops.status.records import RecordsReader


@dataclass(frozen=True)
class TimeToView:
    """Seconds, of `studies` whose time is known: not of what was stored before the store announced instances."""

    studies: int
    median_seconds: float | None
    p95_seconds: float | None

    def document(self) -> Json:
        return asdict(self)

    def lines(self) -> Iterator[str]:
        if self.median_seconds is None or self.p95_seconds is None:
            yield "Time to view: not known of any study yet."
            return
        yield (
            f"Time to view, from a study's last instance until it is shown: median {self.median_seconds:.1f} s, "
            f"95th percentile {self.p95_seconds:.1f} s ({self.studies} studies)."
        )


def measure_time_to_view(records: RecordsReader) -> TimeToView:
    """Reads one object for each study. Raises `OpsRefused`."""
    reports = (name for name in records.names("readiness/") if name.endswith("/study.json"))
    seconds = sorted(
        float(report["seconds_to_view"])
        for _, report in records.read_all(reports)
        if report.get("seconds_to_view") is not None
    )
    if not seconds:
        return TimeToView(0, None, None)
    # the smallest time that 95 of 100 studies keep: of few studies the slowest, and never more than was measured
    slow = seconds[-(-95 * len(seconds) // 100) - 1]
    return TimeToView(len(seconds), statistics.median(seconds), slow)
