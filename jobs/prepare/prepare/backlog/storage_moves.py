"""Which studies of the raw store are due to move to another storage class, and which have been moved.

`archive/due/<day>/<study>.json` is a study that was ready; the day is the first (UTC) that begins after it may be
moved. A listing ends at today, so its length does not depend on how many studies there are, and whatever is listed may
be moved now: a run without work asks nothing else of what is not due. Once its move has begun, the entry names the
operation that moves it, and stays until that has ended.
`archive/moved/<class>/<study>.json` says when it was moved, and how often and how much of it was read back since.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from ..clock import format_time
from ..errors import Conflict
from .records import ABSENT
from .work_items import RecordObjects

SCHEMA_VERSION = 1
DAY = 86_400.0
DUE, MOVED = "archive/due/", "archive/moved/"
StorageClass = Literal["standard", "nearline", "coldline", "archive"]


@dataclass(frozen=True)
class DueMove:
    """One entry: a study, and the day from which on it may be moved."""

    study: str
    name: str


@dataclass(frozen=True, kw_only=True)
class MovedStudy:
    """A study in another class. Times are RFC 3339."""

    study: str
    storage_class: str
    moved_at: str
    instances: int
    operation: str = ""
    """Name of the operation that moved it; Google keeps its outcome for a while."""
    reads: int = 0
    """How often this job read of it again since, each time paying for retrieval."""
    read_bytes: int = 0
    last_read: str = ""


@dataclass(frozen=True)
class MoveRecords:
    """The entries in `objects`, for moves to `storage_class` that become due `after_days` after the study was shown."""

    objects: RecordObjects
    storage_class: StorageClass
    after_days: float

    def plan(self, study: str, prepared: float) -> str:
        """Notes that a study that was ready at `prepared` (seconds since 1970) is to move; returns the entry's name."""
        return self.put(study, _next_day(prepared + self.after_days * DAY), prepared_at=format_time(prepared))

    def put_off(self, study: str, now: float, operation: str = "") -> str:
        """Notes that a study, or the operation that moves it, is to be looked at tomorrow; returns the entry's name."""
        return self.put(study, _next_day(now), operation=operation)

    def put(self, study: str, day: str, **told: str) -> str:
        """Notes that a study may be moved from `day` on; returns the name of the entry, which has `told`.

        An entry that is there is written again: a run that was about to remove it then sees that there is news.
        """
        name = f"{DUE}{day}/{study}.json"
        content = {"schema_version": SCHEMA_VERSION, "study": study, **told}
        generation = ABSENT
        while True:
            try:
                self.objects.write(name, content, generation)
                return name
            except Conflict:
                _, generation = self.objects.read(name)

    def due(self, now: float) -> Iterable[DueMove]:
        """What may be moved now, the oldest first."""
        for name in self.objects.names(DUE, before=f"{DUE}{_next_day(now)}"):
            yield DueMove(name.removesuffix(".json").rpartition("/")[2], name)

    def load(self, due: DueMove) -> tuple[str, int]:
        """(operation that moves the study, or empty; generation of the entry)."""
        content, generation = self.objects.read(due.name)
        return str(content.get("operation") or "") if isinstance(content, dict) else "", generation

    def note_operation(self, due: DueMove, operation: str, generation: int) -> None:
        """Notes that its move has begun, unless the entry was written again meanwhile."""
        content = {"schema_version": SCHEMA_VERSION, "study": due.study, "operation": operation}
        with suppress(Conflict):
            self.objects.write(due.name, content, generation)

    def forget(self, due: DueMove, generation: int) -> None:
        """Removes an entry, unless it was written again meanwhile."""
        try:
            self.objects.delete(due.name, generation)
        except Conflict:
            return

    def list_known(self) -> set[str]:
        """Studies that are in the class, or on their way: a listing of all, for the sweep only."""
        moved = self.objects.names(f"{MOVED}{self.storage_class}/")
        return {name.removesuffix(".json").rpartition("/")[2] for name in (*moved, *self.objects.names(DUE))}

    def mark_moved(self, study: str, now: float, instances: int, operation: str) -> None:
        """What was counted of reads stays: a late instance makes the study move again."""

        def as_moved(present: MovedStudy | None) -> MovedStudy:
            fresh = MovedStudy(
                study=study, storage_class=self.storage_class, moved_at=format_time(now), instances=instances
            )
            return replace(present or fresh, moved_at=fresh.moved_at, instances=instances, operation=operation)

        self._update(study, as_moved)

    def note_read(self, study: str, now: float, read: int) -> MovedStudy | None:
        """Counts `read` bytes that were read of a study; None where it was not moved to the class."""

        def as_read(present: MovedStudy | None) -> MovedStudy | None:
            return present and replace(
                present, reads=present.reads + 1, read_bytes=present.read_bytes + read, last_read=format_time(now)
            )

        return self._update(study, as_read)

    def _update(self, study: str, change: Any) -> MovedStudy | None:
        name = f"{MOVED}{self.storage_class}/{study}.json"
        while True:
            content, generation = self.objects.read(name)
            wanted: MovedStudy | None = change(_parse(content))
            if wanted is None:
                return None
            try:
                self.objects.write(name, {"schema_version": SCHEMA_VERSION, **asdict(wanted)}, generation)
                return wanted
            except Conflict:
                continue


def _parse(content: Any) -> MovedStudy | None:
    """None for what is not there or cannot be read."""
    try:
        return MovedStudy(**{key: content[key] for key in MovedStudy.__dataclass_fields__})
    except (TypeError, KeyError):
        return None


def _next_day(seconds: float) -> str:
    """The first day (UTC) that begins after a time."""
    return datetime.fromtimestamp(seconds + DAY, UTC).date().isoformat()
