"""`delivered/<study>/<series>.json`: which instances this job put before viewers, and of what it made them.

It is the mark of what is ours: written before the first instance is sent, so that whatever a run that was killed left
in the viewer store is known, and read before anything is taken away, because nothing else ever is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from ..errors import Conflict
from .records import ABSENT
from .work_items import RecordObjects

SCHEMA_VERSION = 1
PREFIX = "delivered/"
KEPT_WITHDRAWALS = 10
"""Of one series; older ones are in the log."""


@dataclass(frozen=True)
class Withdrawal:
    """Instances that were taken away from viewers."""

    at: str
    """RFC 3339, when it began."""
    instances: int
    reason: str
    """A sentence without its full stop; no attribute of a patient."""


@dataclass(frozen=True, kw_only=True)
class DeliveryRecord:
    """One series. `delivering` and `withdrawing` are states that a killed run leaves."""

    study: str
    series: str
    state: Literal["delivering", "shown", "withdrawing", "withdrawn"] = "withdrawn"
    instances: tuple[str, ...] = ()
    """SOPInstanceUIDs in the viewer store that this job put there, or is about to."""
    sources: Mapping[str, str] = field(default_factory=dict[str, str])
    """SOPInstanceUID in the raw store -> version (`Row.version`) that was delivered; empty when not known."""
    bytes: int = 0
    """What the raw store kept of the series then; 0 when the store does not tell."""
    withdrawals: tuple[Withdrawal, ...] = ()
    contents: Mapping[str, str] = field(default_factory=dict[str, str])
    """SOPInstanceUID in the raw store -> checksum of what was read of it (`Inspected.contents_of`)."""

    @property
    def name(self) -> str:
        return record_name(self.study, self.series)

    def withdrawing(self, at: str, count: int, reason: str) -> DeliveryRecord:
        """The record while `count` instances are taken away; a withdrawal that had begun keeps its time and reason."""
        if self.state == "withdrawing":
            return self
        withdrawals = (*self.withdrawals, Withdrawal(at, count, reason))[-KEPT_WITHDRAWALS:]
        return replace(self, state="withdrawing", withdrawals=withdrawals)

    def withdrawn(self) -> DeliveryRecord:
        return replace(self, state="withdrawn", instances=(), sources={}, bytes=0, contents={})


@dataclass(frozen=True)
class DeliveryLedger:
    """The records of all series, in `objects`."""

    objects: RecordObjects

    def read(self, study: str, series: str) -> DeliveryRecord:
        return self._load(study, series)[0]

    def of_study(self, study: str) -> list[DeliveryRecord]:
        return [self.read(study, series) for _, series in self._series_below(f"{PREFIX}{study}/")]

    def series_by_study(self) -> dict[str, list[str]]:
        """Of every study of which viewers have something, or had and may again: a listing of all records."""
        studies: dict[str, list[str]] = {}
        for study, series in self._series_below(PREFIX):
            studies.setdefault(study, []).append(series)
        return studies

    def update(self, study: str, series: str, change: Callable[[DeliveryRecord], DeliveryRecord]) -> DeliveryRecord:
        """Writes what `change` makes of the record as it is now; nothing when that is the same."""
        while True:
            present, generation = self._load(study, series)
            wanted = change(present)
            if wanted == present:
                return present
            try:
                self.objects.write(wanted.name, {"schema_version": SCHEMA_VERSION, **asdict(wanted)}, generation)
            except Conflict:
                continue  # another run wrote: what it wrote is changed
            return wanted

    def forget(self, study: str, series: str) -> None:
        """Removes the record of a series that neither store has any more."""
        present, generation = self._load(study, series)
        if generation == ABSENT or present.state != "withdrawn":
            return
        try:
            self.objects.delete(present.name, generation)
        except Conflict:
            return  # it was delivered again meanwhile

    def _series_below(self, prefix: str) -> Iterator[tuple[str, str]]:
        """(study, series) of every record; somebody may have put other objects beside them."""
        for name in self.objects.names(prefix):
            parts = name.removesuffix(".json").split("/")
            if len(parts) == 3 and all(parts) and name.endswith(".json"):
                yield parts[1], parts[2]

    def _load(self, study: str, series: str) -> tuple[DeliveryRecord, int]:
        """An empty record where there is none; one that cannot be read marks nothing as ours."""
        content, generation = self.objects.read(record_name(study, series))
        try:
            return _parse(content), generation
        except (TypeError, KeyError, AttributeError):
            return DeliveryRecord(study=study, series=series), generation


def record_name(study: str, series: str) -> str:
    return f"{PREFIX}{study}/{series}.json"


def _parse(content: Any) -> DeliveryRecord:
    content = {"contents": {}, **content}  # versions before this one wrote none
    fields: dict[str, Any] = {key: content[key] for key in DeliveryRecord.__dataclass_fields__}
    fields["instances"] = tuple(fields["instances"])
    fields["withdrawals"] = tuple(Withdrawal(**withdrawal) for withdrawal in fields["withdrawals"])
    return DeliveryRecord(**fields)
