"""`state/pace.json`: how fast all tasks together may ask the DICOM stores, since one of them was refused (429).

The quota is the project's, so a refusal is everybody's. The task that gets one halves the pace of all; the others read
that within `LOOK_SECONDS`, each taking its share, and the pace grows again with time. Of several refusals within
`LOOK_SECONDS` one is written down: the others answer requests that were sent before everybody knew, and Cloud Storage
takes about one write a second to one name. A task at work pays for a read in `LOOK_SECONDS` and a listing in
`COUNT_SECONDS`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..clock import Clock
from ..errors import Conflict, SeriesFailed
from ..http.budget import LEAST_REQUESTS, MOST_REQUESTS, RECOVERY_SECONDS
from .work_items import RecordObjects

NAME = "state/pace.json"
LOOK_SECONDS = 5.0
COUNT_SECONDS = 30.0


@dataclass
class SharedPace:
    """The share of one task. Any number of threads may ask."""

    records: RecordObjects
    count_tasks: Callable[[], int]
    """How many tasks work now, of all executions."""
    clock: Clock
    _rate: float = MOST_REQUESTS
    """Requests a second of all tasks at `_at`, in seconds since 1970."""
    _at: float = -math.inf
    _tasks: int = 1
    _looked: float = -math.inf
    _counted: float = -math.inf
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def share(self) -> float:
        """Requests a second that this task may send now."""
        if self._lock.acquire(blocking=False):  # of several threads one looks, the others go by what is known
            try:
                self._look()
            finally:
                self._lock.release()
        return self._total(self.clock.time()) / self._tasks

    def halve(self) -> None:
        """After a refusal: all tasks are to ask half as often, unless somebody has just said so."""
        with self._lock, suppress(Conflict, SeriesFailed):  # who was first has said it; this task is slower anyway
            now = self.clock.time()
            generation = self._read(now)
            if now < self._at + LOOK_SECONDS:
                return
            self._rate, self._at = max(LEAST_REQUESTS, self._total(now) / 2), now
            self.records.write(NAME, {"schema_version": 1, "rate": self._rate, "at": now}, generation)

    def _look(self) -> None:
        now = self.clock.time()
        with suppress(SeriesFailed):
            if now >= self._looked + LOOK_SECONDS:
                self._read(now)
            if now >= self._counted + COUNT_SECONDS:
                self._counted, self._tasks = now, max(1, self.count_tasks())

    def _read(self, now: float) -> int:
        """Takes over what the object says; returns its generation."""
        self._looked = now
        content, generation = self.records.read(NAME)
        self._rate, self._at = _parse(content)
        return generation

    def _total(self, now: float) -> float:
        """Requests a second of all tasks together. From the least to the most it takes `RECOVERY_SECONDS` without
        a refusal.
        """
        return min(MOST_REQUESTS, self._rate + max(0.0, now - self._at) * MOST_REQUESTS / RECOVERY_SECONDS)


def _parse(content: Any) -> tuple[float, float]:
    """(rate, since when); no limit where nobody was refused, or somebody spoilt the object."""
    try:
        rate, at = float(content["rate"]), float(content["at"])
    except (TypeError, KeyError, ValueError):
        return MOST_REQUESTS, -math.inf
    return max(LEAST_REQUESTS, rate), at
