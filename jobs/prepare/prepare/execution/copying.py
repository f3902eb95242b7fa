"""Instances from one store to another, byte for byte, each a GET that is the body of a STOW: none is ever held whole.

Additive: what the target lists is left alone, what it turns out to have must be equal. Each instance arrives whole or
not at all, so a run that was ended anywhere is continued by listing the target again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeVar

import requests

from ..dicomweb.retrieve import StoredFile
from ..dicomweb.store import DicomStore
from ..dicomweb.stow import FileSource, store
from ..errors import Gone, SeriesFailed
from ..http.pace import LONGEST_SECONDS, Pace
from ..http.retry import Repeater, Traffic
from ..model.metadata import Row
from .content_digest import content_of

T = TypeVar("T")
IN_FLIGHT = 4
"""Instances sent at once; each takes two connections and a few pieces of memory."""


class DifferentContent(SeriesFailed):
    """The target has another instance under this UID. Nothing is overwritten: somebody has to look."""


@dataclass
class SeriesDelivery:
    """What a run did to the target: UIDs it stored, UIDs that were there already."""

    written: list[str] = field(default_factory=list[str])
    present: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Deliverer:
    """Stores instances of one study into `target`, several at once."""

    target: DicomStore
    traffic: Traffic
    repeating: Repeater = field(default_factory=Repeater)
    """How bodies that break off are repeated."""
    in_flight: int = IN_FLIGHT
    pace: Pace = field(default_factory=Pace)

    def list_target(self, study: str) -> list[Row]:
        """What the target has of the study, nothing included."""
        try:
            return self.target.instances(study)
        except Gone:
            return []

    def copy(
        self, source: DicomStore, study: str, rows: Iterable[Row], there: Mapping[str, Row], delivery: SeriesDelivery
    ) -> None:
        """Copies what is not `there`. Raises the first failure, after what is in flight has ended."""
        rows = list(rows)
        for row in rows:
            if there.get(row.instance, row) != row:
                raise self._different(row.instance)
        self.each(
            rows, there, delivery, lambda row: self.repeat(row.instance, lambda: self._copy_one(source, study, row))
        )

    def each(
        self, rows: Iterable[Row], there: Mapping[str, Row], delivery: SeriesDelivery, deliver: Callable[[Row], bool]
    ) -> None:
        """Delivers what is not `there`; `deliver` says whether it stored the instance or found the same one."""
        rows = list(rows)
        delivery.present += [row.instance for row in rows if row.instance in there]
        missing = [row for row in rows if row.instance not in there]
        pool = ThreadPoolExecutor(self.in_flight)
        try:
            futures = {pool.submit(deliver, row): row for row in missing}
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            pool.shutdown(wait=True, cancel_futures=True)
            for future in done:
                (delivery.written if future.result() else delivery.present).append(futures[future].instance)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _copy_one(self, source: DicomStore, study: str, row: Row) -> bool:
        file = StoredFile(source, study, row, self.traffic).open()
        try:
            return self.deliver(study, row, file)
        finally:
            file.close()

    def deliver(self, study: str, row: Row, file: FileSource) -> bool:
        """Stores one instance. False when the target has the same already. Raises DifferentContent."""
        reason = self._send(study, row, file)
        if reason is None:
            return True
        try:
            present = self.repeat(row.instance, lambda: content_of(StoredFile(self.target, study, row, self.traffic)))
        except Gone:
            raise SeriesFailed(
                f"instance {row.instance}: {self.target.name} refused it (FailureReason {reason}); "
                "see the store's log for why"
            ) from None
        if self.repeat(row.instance, lambda: content_of(file)) != present:
            raise self._different(row.instance)
        return False

    def _send(self, study: str, row: Row, file: FileSource) -> int | None:
        """Stores as `stow.store` does. Raises SeriesFailed before anything is sent when the store would cut the
        request off.
        """
        length = file.length or 0
        expected = self.pace.seconds_for(length)
        if expected > LONGEST_SECONDS:
            raise SeriesFailed(
                f"instance {row.instance}: its {length / 1e9:.1f} GB would take {expected / 60:.0f} minutes at the "
                f"pace of this run, and a store ends a request after 30: import it into {self.target.name} from a "
                "bucket, or run where the line is faster"
            )
        start = self.repeating.clock.monotonic()
        reason = store(self.target, study, row.instance, file)
        if reason is None:
            self.pace.add(length, self.repeating.clock.monotonic() - start)
        return reason

    def repeat(self, instance: str, action: Callable[[], T]) -> T:
        """The result of `action`, which reads or sends an instance, repeated as a whole when it breaks off."""
        try:
            return self.repeating(action)
        except requests.ConnectionError as error:
            raise SeriesFailed(
                f"instance {instance}: it broke off again and again ({type(error).__name__}); run again"
            ) from None

    def _different(self, instance: str) -> DifferentContent:
        return DifferentContent(
            f"instance {instance}: {self.target.name} has another instance under this UID, and nothing is "
            "overwritten: compare the two and delete the wrong one"
        )
