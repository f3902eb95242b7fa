"""`viewer/<study>.json`: what viewers may know of a study, for a page that shows it or says why it does not.

Shape: `viewer_status.schema.json`. The groups of the viewers may read what is below `viewer/`, and nothing else of the
bucket: so it holds UIDs, states and our own sentences, no figure of the work and no attribute of a patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..backlog.work_items import RecordObjects
from ..clock import format_time
from ..errors import Conflict

SCHEMA_VERSION = 1
SENTENCES: Mapping[str, str] = {
    "ready": "It is shown.",
    "ready_degraded": "It is shown, but opens slowly.",
    "pending": "It has arrived and is being prepared.",
    "blocked": "It cannot be shown as it is, so it is not.",
    "failed": "It could not be prepared, so it is not shown; the next run tries again.",
    "withdrawn": "It was taken away, because the archive does not have it any more.",
}
"""By status; of a blocked series the plan's sentence says more."""


def name(study: str) -> str:
    return f"viewer/{study}.json"


def document(study: str, status: str, reports: Mapping[str, Any], now: float) -> dict[str, Any]:
    """`reports` by series, as they are in the bucket; `now` in seconds since 1970."""
    return {
        "schema_version": SCHEMA_VERSION,
        "study": study,
        "status": status,
        "sentence": SENTENCES[status],
        "series": [_series(uid, report) for uid, report in reports.items()],
        "updated_at": format_time(now),
    }


def write(content: dict[str, Any], records: RecordObjects) -> None:
    """Another run that writes at the same time has the same right."""
    _, generation = records.read(name(content["study"]))
    try:
        records.write(name(content["study"]), content, generation)
    except Conflict:
        return


def set_pending(study: str, records: RecordObjects, now: float) -> None:
    """Before what viewers see changes; the report on the study then says what came of it."""
    content, generation = records.read(name(study))
    if isinstance(content, dict) and content.get("status") == "pending":
        return
    try:
        records.write(name(study), document(study, "pending", {}, now), generation)
    except Conflict:
        return  # another run says something else of it, and has the same right


def is_unfinished(study: str, records: RecordObjects) -> bool:
    """Whether a run was ended before it could say what came of a study."""
    content, _ = records.read(name(study))
    return not isinstance(content, dict) or content.get("status") == "pending"


def _series(uid: str, report: Any) -> dict[str, Any]:
    known: dict[str, Any] = report if isinstance(report, dict) else {}
    status = known.get("status", "pending")
    plan: dict[str, Any] = known.get("plan") or {}
    return {
        "series": uid,
        "status": status,
        "reason": plan.get("reason", ""),
        "sentence": plan.get("sentence") or SENTENCES.get(status, ""),
    }
