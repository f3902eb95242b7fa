"""`readiness/<study>/study.json`: a study at a glance, put together from the reports of its series.

Shape: `study.schema.json`. Written when a run changed the report of any series; holds UIDs and figures only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from .. import VERSION
from ..backlog.work_items import RecordObjects
from ..clock import format_time, read_time
from ..errors import Conflict
from ..model.metadata import Row
from . import report

SCHEMA_VERSION = 1
SHOWN = ("ready", "ready_degraded")
WORST_FIRST = ("failed", "blocked", "pending", "ready_degraded", "ready", "withdrawn")
"""`pending`: a series of the study has no report yet. A study without series is `withdrawn`."""


def name(study: str) -> str:
    return f"readiness/{study}/study.json"


def document(
    study: str,
    rows: Iterable[Row],
    reports: Mapping[str, Any],
    viewer_url: str,
    now: float,
    stored: float = 0.0,
) -> dict[str, Any]:
    """`reports` by series, as they are in the bucket; `now` in seconds since 1970, and so is `stored`: when the store
    announced the last instance, 0 where nothing was announced."""
    series: dict[str, int] = {}
    for row in rows:
        series[row.series] = series.get(row.series, 0) + 1
    rows_of_report = [_series(uid, count, reports.get(uid)) for uid, count in series.items()]
    statuses = {row["status"] for row in rows_of_report}
    return {
        "schema_version": SCHEMA_VERSION,
        "prepare_version": VERSION,
        "study": study,
        "status": next((status for status in WORST_FIRST if status in statuses), "withdrawn"),
        "instances": sum(series.values()),
        "delivered": _sum(row["delivered"] for row in rows_of_report),
        "series": rows_of_report,
        "viewer": f"{viewer_url}/studies/{study}" if viewer_url else "",
        "prepared_at": format_time(now),
        "stored_at": format_time(stored) if stored else "",
        "seconds_to_view": None,
    }


def measure(content: dict[str, Any], before: Any) -> dict[str, Any]:
    """With the seconds from the last instance until viewers see the study, once it is shown.

    `before` is the report that is replaced: while it said that something is missing, its instances count, too; where
    nothing came, what it measured stays.
    """
    known: dict[str, Any] = before if isinstance(before, dict) else {}
    was_shown = known.get("status") in SHOWN
    if not content["stored_at"] and content["status"] in SHOWN and was_shown:
        return content | {key: known.get(key, content[key]) for key in ("stored_at", "seconds_to_view")}
    stored = max(content["stored_at"], "" if was_shown else str(known.get("stored_at") or ""))
    if not stored or content["status"] not in SHOWN:
        return content | {"stored_at": stored}
    seconds = max(0.0, read_time(content["prepared_at"]) - read_time(stored))
    return content | {"stored_at": stored, "seconds_to_view": round(seconds, 3)}


def read_reports(study: str, rows: list[Row], known: Mapping[str, Any], records: RecordObjects) -> dict[str, Any]:
    """Reports by series: `known` are those at hand, others are read."""
    return {
        series: known[series] if series in known else records.read(report.name(study, series))[0]
        for series in dict.fromkeys(row.series for row in rows)
    }


def find_mismatches(reports: Mapping[str, Any], shown: Iterable[Row]) -> dict[str, str]:
    """Sentences by series: where `shown`, what viewers have of the study, is not what the reports say.

    Series that only viewers have are theirs (annotations are stored there), and none of this job's.
    """
    counts = Counter(row.series for row in shown)
    expected = {series: one.get("delivered") for series, one in reports.items() if isinstance(one, dict)}
    return {
        series: f"series {series}: viewers have {counts[series]} instances of it and should have {delivered}: somebody "
        "adds or deletes there; run again"
        for series, delivered in expected.items()
        if delivered is not None and counts[series] != delivered
    }


def counted(report: Any) -> int | None:
    """Instances of the study by its report; None where it is none."""
    count = report.get("instances") if isinstance(report, dict) else None
    return count if isinstance(count, int) else None


def write(content: dict[str, Any], records: RecordObjects, before: Any, generation: int) -> dict[str, Any]:
    """What was written, measured, in place of `before`. Another run that writes at the same time has the same right."""
    measured = measure(content, before)
    with suppress(Conflict):
        records.write(name(content["study"]), measured, generation)
    return measured


def _series(series: str, instances: int, content: Any) -> dict[str, Any]:
    is_known = isinstance(content, dict) and content.get("schema_version") == report.SCHEMA_VERSION
    known: dict[str, Any] = content if is_known else {}
    plan: dict[str, Any] = known.get("plan") or {}
    return {
        "series": series,
        "modality": known.get("modality", ""),
        "status": known.get("status", "pending"),
        "plan": plan.get("kind", ""),
        "reason": plan.get("reason", "") or known.get("reason", ""),
        "rules": sorted({finding["rule"] for finding in known.get("findings", [])}),
        "instances": instances,
        "delivered": known.get("delivered"),
    }


def _sum(counts: Iterable[int | None]) -> int | None:
    """None where viewers have no store of their own."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
