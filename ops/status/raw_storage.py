"""How many studies of the raw store moved to a cheaper storage class, what the job read of them since, what is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from ops.client.google import Json
from ops.status.records import RecordsReader
from ops.status.stores import gib


@dataclass(frozen=True)
class RawStorage:
    """Studies by storage class; those that are in no list are at the standard price."""

    moved: Mapping[str, int]
    due: int
    """Noted, and moved on the day that the note names."""
    reads: int = 0
    """Reads of moved studies by the job, each of which was paid for."""
    read_bytes: int = 0

    def document(self) -> Json:
        return asdict(self)

    def lines(self) -> Iterator[str]:
        if not self.moved and not self.due:
            yield "Raw store: no study was moved to a cheaper storage class, and none is to be."
            return
        moved = ", ".join(f"{count} in {name}" for name, count in sorted(self.moved.items())) or "none"
        yield f"Raw store: studies moved to a cheaper storage class: {moved}; {self.due} more will be."
        if self.reads:
            size = gib(self.read_bytes)
            yield f"  The job read of them again {self.reads} times, up to {size}: retrieval was paid for."


def count_moved_studies(records: RecordsReader) -> RawStorage:
    """Reads one object for each study that was moved. Raises `OpsRefused`."""
    names = list(records.names("archive/moved/"))
    moved = Counter(name.split("/")[2] for name in names)
    kept = [content for _, content in records.read_all(names)]
    reads, read = (sum(int(one.get(key) or 0) for one in kept) for key in ("reads", "read_bytes"))
    return RawStorage(dict(moved), sum(1 for _ in records.names("archive/due/")), reads, read)
