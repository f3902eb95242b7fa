"""What the raw store has lost without telling: looked for when a run finds nothing else to do.

Google tells of what is stored and imported (`notificationConfig`), not of what is deleted. One request says whether the
store has other totals than when it was last looked through; only then are its studies listed, a page at a time.
"""

from __future__ import annotations

from typing import Any

from ..backlog.deliveries import DeliveryLedger
from ..backlog.work_items import RecordObjects
from ..dicomweb.store import DicomStore
from ..errors import Conflict

NAME = "state/raw-store.json"
SCHEMA_VERSION = 1


def find_changed_studies(store: DicomStore, records: RecordObjects, ledger: DeliveryLedger) -> list[str]:
    """Studies that viewers have and that `store` has not, or has with other numbers of series or instances."""
    totals = store.totals()
    content, generation = records.read(NAME)
    known: dict[str, Any] = content if isinstance(content, dict) else {}
    if not totals or totals == known.get("totals"):
        return []
    counts = dict(store.study_counts())
    before: dict[str, str] = known.get("studies", {})
    delivered = ledger.studies()
    changed = [study for study in delivered if study not in counts or counts[study] != before.get(study, counts[study])]
    try:
        records.write(NAME, {"schema_version": SCHEMA_VERSION, "totals": totals, "studies": counts}, generation)
    except Conflict:
        return []  # another run looks
    return changed
