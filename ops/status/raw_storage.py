"""How many studies of the raw store the job moved to a cheaper storage class, and how many are due to move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from ops.client.google import Json
from ops.status.records import RecordsReader


@dataclass(frozen=True)
class RawStorage:
    """Studies by storage class; those that are in no list are at the standard price."""

    moved: Mapping[str, int]
    due: int
    """Noted, and moved on the day that the note names."""

    def document(self) -> Json:
        return asdict(self)

    def lines(self) -> Iterator[str]:
        if not self.moved and not self.due:
            yield "Raw store: no study was moved to a cheaper storage class, and none is to be."
            return
        moved = ", ".join(f"{count} in {name}" for name, count in sorted(self.moved.items())) or "none"
        yield f"Raw store: studies moved to a cheaper storage class: {moved}; {self.due} more will be."


def count_moved_studies(records: RecordsReader) -> RawStorage:
    """Lists names, and reads nothing. Raises `OpsRefused`."""
    moved = Counter(name.split("/")[2] for name in records.names("archive/moved/"))
    return RawStorage(dict(moved), sum(1 for _ in records.names("archive/due/")))
