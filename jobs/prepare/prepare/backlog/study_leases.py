"""`owners/<study>.json`: which task works on a study now, so that two executions at once do not do the same work.

A lease is renewed while the work lasts, and lapses when its holder was killed. It saves work and is no lock: whatever
is written carries the generation that was read, so a holder that lost its lease cannot undo what another did.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from ..clock import Clock
from ..errors import Conflict, SeriesFailed
from .records import ABSENT
from .work_items import IN_FLIGHT, RecordObjects

PREFIX = "owners/"
LEASE_SECONDS = 60.0


@dataclass(frozen=True)
class StudyLeases:
    """Leases of `holder`, which is a task of an execution; an attempt that is tried again holds what the first held."""

    objects: RecordObjects
    holder: str
    clock: Clock = field(default_factory=Clock)
    seconds: float = LEASE_SECONDS

    @contextmanager
    def hold(self, study: str) -> Generator[bool]:
        """Whether the study is this task's until the end of the block."""
        name = f"{PREFIX}{study}.json"
        generation = self._take(name)
        if generation is None:
            yield False
            return
        kept, over = [generation], threading.Event()
        renewing = threading.Thread(target=self._renew, args=(name, kept, over), daemon=True)
        renewing.start()
        try:
            yield True
        finally:
            over.set()
            renewing.join()
            with suppress(Conflict):  # it had lapsed, and another has it
                self.objects.delete(name, kept[0])

    def held(self) -> int:
        """Studies that are worked on, by whomever, or were by a task that was killed: a listing."""
        return len(self.objects.names(PREFIX))

    def count_working(self) -> int:
        """Studies that are worked on: a listing, and a read of each lease."""
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            leases = pool.map(self.objects.read, self.objects.names(PREFIX))
            return sum(not self._is_lapsed(content) for content, _ in leases)

    def _take(self, name: str) -> int | None:
        """Generation of the lease; None when another task has one that has not lapsed."""
        generation = ABSENT
        for _ in range(2):
            try:
                return self.objects.write(name, self._content(), generation)
            except Conflict:
                present, generation = self.objects.read(name)
                if generation != ABSENT and not self._is_free(present):
                    return None
        return None

    def _is_free(self, present: Any) -> bool:
        return self._is_lapsed(present) or present["holder"] == self.holder

    def _is_lapsed(self, present: Any) -> bool:
        """Or spoilt, or gone."""
        try:
            return not present["holder"] or float(present["until"]) < self.clock.time()
        except (TypeError, KeyError, ValueError):
            return True

    def _content(self) -> dict[str, Any]:
        return {"schema_version": 1, "holder": self.holder, "until": self.clock.time() + self.seconds}

    def _renew(self, name: str, kept: list[int], over: threading.Event) -> None:
        while not over.wait(self.seconds / 3):
            try:
                kept[0] = self.objects.write(name, self._content(), kept[0])
            except (Conflict, SeriesFailed):
                return
