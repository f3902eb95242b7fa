"""`readiness/<study>/<series>.json`: what was found about one series. Shape: `readiness.schema.json`.

Holds UIDs and technical figures only; no attribute of a patient or a specimen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .. import VERSION
from ..backlog.deliveries import Withdrawal
from ..backlog.work_items import RecordObjects
from ..checks.rules import SlideFinding, Status, table
from ..clock import format_time, read_time
from ..errors import Conflict
from ..model.metadata import Row
from ..model.plan import SeriesPlan
from ..model.slide import OpenCost, PyramidLevel, Slide, pyramids

SCHEMA_VERSION = 3
SCHEMA_WITHOUT_RECORDS = 2
"""Of versions that kept no record of what they delivered."""
ReportStatus = Status | Literal["withdrawn"]
"""`withdrawn`: viewers had the series, and the raw store does not have it any more."""


def name(study: str, series: str) -> str:
    return f"readiness/{study}/{series}.json"


def fingerprint(rows: Iterable[Row], parameters: Mapping[str, str]) -> str:
    """`sha256:…` of everything a report depends on: this version, its rules, what the store lists of the slide.

    The listing has a checksum of each instance; `parameters` have the bytes that the store keeps of the study, where
    it tells them. What neither shows is seen by the store's notification (`was_listed_before`).
    """
    listed = sorted(
        (row.series, row.instance, row.frames, row.columns, row.rows, *row.slide, row.version) for row in rows
    )
    basis = json.dumps([VERSION, table(), dict(parameters), listed], sort_keys=True)
    return "sha256:" + hashlib.sha256(basis.encode()).hexdigest()


def is_current(report: Any, of: str) -> bool:
    """Whether `report` (as read from the bucket) already tells what a new one would.

    The report of a failure has no fingerprint, so it never does.
    """
    if not isinstance(report, dict):
        return False
    return bool(report.get("schema_version") == SCHEMA_VERSION and report.get("fingerprint") == of)


def is_blocked(report: Any) -> bool:
    return isinstance(report, dict) and report.get("status") == "blocked"


def is_of_version_without_records(report: Any) -> bool:
    return isinstance(report, dict) and report.get("schema_version") == SCHEMA_WITHOUT_RECORDS


def was_listed_before(report: Any, noticed_until: float) -> bool:
    """Whether the store said, after it was listed for `report`, that something happened to the series."""
    try:
        return noticed_until >= read_time(report["listed_at"])
    except (TypeError, KeyError, ValueError):
        return False


def retract(study: str, series: str, why: str, records: RecordObjects) -> int:
    """Lets a report say that it is not current, before what it says is undone. Returns its generation."""
    content, generation = records.read(name(study, series))
    if not isinstance(content, dict) or not content.get("fingerprint"):
        return generation
    reason = f"{why}: what viewers have of it is being taken away"
    try:
        retracted = {**content, "status": "failed", "reason": reason, "fingerprint": ""}
        return records.write(name(study, series), retracted, generation)
    except Conflict:
        return retract(study, series, why, records)


def had_failed(report: Any) -> bool:
    """Whether `report` (as read from the bucket) says that the series could not be prepared."""
    return isinstance(report, dict) and report.get("status") == "failed"


def describe_unreadable(report: Any, generation: int) -> str:
    """What to say of a report that this version cannot go by; empty when there was none, or one of this version."""
    if not generation or (isinstance(report, dict) and report.get("schema_version") == SCHEMA_VERSION):
        return ""
    version = report.get("schema_version") if isinstance(report, dict) else None
    kind = (
        f"a report of another version (schema {version})"
        if isinstance(version, int)
        else "a report that cannot be read"
    )
    return f"{kind} was there: ignored, and written anew"


@dataclass(frozen=True, kw_only=True)
class ReadinessReport:
    """One series, judged."""

    study: str
    series: str
    modality: str
    status: ReportStatus
    fingerprint: str
    instances: int
    findings: tuple[SlideFinding, ...] = ()
    """What is true of the series as viewers see it after this run."""
    mended: tuple[SlideFinding, ...] = ()
    """What was found and is mended by the plan."""
    plan: SeriesPlan | None = None
    """None when it could not be looked at."""
    slide: Slide | None = None
    open_cost: OpenCost | None = None
    """None when the slide does not open, or is no slide."""
    open_cost_before: OpenCost | None = None
    seconds: Mapping[str, float]
    """Stage -> seconds."""
    requests: int
    bytes: int
    """Requests sent and bytes received for this report, retries included."""
    viewer: str
    """Link that opens the series in the viewer; empty when no viewer is known."""
    execution: str
    prepared: float
    """Seconds since 1970."""
    reason: str = ""
    """Why it failed."""
    written: tuple[str, ...] = ()
    """Instances that this run stored."""
    delivered: int | None = None
    """Instances of the series in the viewers' own store; None where there is none."""
    withdrawals: tuple[Withdrawal, ...] = ()
    """What was taken away from viewers, and when."""
    listed: float = 0.0
    """Seconds since 1970, before the store was asked what there is; 0 when it was not."""

    def document(self) -> dict[str, Any]:
        pyramid = pyramids(self.slide.own) if self.slide else {}
        return {
            "schema_version": SCHEMA_VERSION,
            "prepare_version": VERSION,
            "study": self.study,
            "series": self.series,
            "modality": self.modality,
            "status": self.status,
            "reason": self.reason,
            "findings": [_finding(finding) for finding in self.findings],
            "mended": [_finding(finding) for finding in self.mended],
            "plan": self.plan.document() if self.plan else None,
            "fingerprint": self.fingerprint,
            "instances": self.instances,
            "delivered": self.delivered,
            "written": list(self.written),
            "withdrawals": [asdict(withdrawal) for withdrawal in self.withdrawals],
            "levels": [self._level(path, level) for path, levels in pyramid.items() for level in levels],
            "open_cost": asdict(self.open_cost) if self.open_cost else None,
            "open_cost_before": asdict(self.open_cost_before) if self.open_cost_before else None,
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
            "requests": self.requests,
            "bytes": self.bytes,
            "viewer": self.viewer,
            "execution": self.execution,
            "listed_at": format_time(self.listed) if self.listed else "",
            "prepared_at": format_time(self.prepared),
        }

    def _level(self, path: str, level: PyramidLevel) -> dict[str, Any]:
        first = level.images[0]
        probes = self.slide.probes if self.slide else {}
        return {
            "optical_path": path,
            "columns": first.total_columns,
            "rows": first.total_rows,
            "tile": [first.columns, first.rows],
            "frames": sum(image.frames for image in level.images),
            "coding": sorted({probes[image.instance].codestream for image in level.images if image.instance in probes}),
            "instances": sorted(image.instance for image in level.images),
        }


def _finding(finding: SlideFinding) -> dict[str, Any]:
    return {**asdict(finding), "instances": list(finding.instances)}
