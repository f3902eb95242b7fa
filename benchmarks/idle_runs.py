"""What a run without work asks, with the job's own audit of the raw store, over archives of any size in memory.

Requests are counted as Google bills them: a listing of names is one a thousand, of studies one a page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, cast

from prepare.backlog.deliveries import PREFIX, DeliveryLedger
from prepare.backlog.instance_counts import CHANGES, NAME, SHARDS
from prepare.clock import Clock
from prepare.dicomweb.store import PAGE, DicomStore
from prepare.errors import Conflict
from prepare.execution.reconcile import RawStoreAudit
from prepare.log import Log

NAMES_A_PAGE = 1_000
EACH = 14
"""Instances of a study."""


@dataclass
class CountedStore:
    """A raw store, as far as the audit asks it."""

    studies: dict[str, int]
    requests: int = 0

    def totals(self) -> dict[str, int]:
        self.requests += 1
        return {"instanceCount": sum(self.studies.values())}

    def study_counts(self) -> Iterator[tuple[str, int]]:
        self.requests += math.ceil((len(self.studies) + 1) / PAGE)
        return iter(list(self.studies.items()))


@dataclass
class CountedRecords:
    """A bucket of records; `largest` is the most items that any object of the audit's holds."""

    objects: dict[str, Any] = field(default_factory=dict[str, Any])
    generations: dict[str, int] = field(default_factory=dict[str, int])
    requests: int = 0
    largest: int = 0

    def read(self, name: str) -> tuple[Any, int]:
        self.requests += 1
        return self.objects.get(name), self.generations.get(name, 0)

    def write(self, name: str, content: Any, generation: int) -> int:
        self.requests += 1
        if self.generations.get(name, 0) != generation:
            raise Conflict(name)
        if name.startswith((NAME, SHARDS)):
            self.largest = max(self.largest, len(content), *(len(one) for one in content.values() if sized(one)))
        self.objects[name] = content
        self.generations[name] = generation + 1
        return generation + 1

    def delete(self, name: str, generation: int | None) -> None:
        self.requests += 1
        self.objects.pop(name, None)
        self.generations.pop(name, None)

    def names(self, prefix: str, before: str | None = None) -> list[str]:
        names = sorted(name for name in self.objects if name.startswith(prefix) and (before is None or name < before))
        self.requests += max(1, math.ceil(len(names) / NAMES_A_PAGE))
        return names

    def put(self, name: str, content: Any) -> None:
        """Not counted: somebody else did."""
        self.objects[name], self.generations[name] = content, self.generations.get(name, 0) + 1


def sized(content: Any) -> bool:
    return isinstance(content, (list, tuple, dict))


@dataclass(frozen=True)
class IdleRun:
    """Requests of one run without work, and how many studies it found to be others."""

    store: int
    records: int
    studies: int
    largest: int


@dataclass
class SimulatedArchive:
    """An archive that was counted; every study is delivered."""

    stored: int
    store: CountedStore = field(init=False)
    records: CountedRecords = field(default_factory=CountedRecords)

    def __post_init__(self) -> None:
        self.store = CountedStore({self.study(number): EACH for number in range(self.stored)})
        for study in self.store.studies:
            self._deliver(study)
        self.run()

    def study(self, number: int) -> str:
        return f"1.2.826.{number}"

    def arrive(self, studies: int) -> None:
        """New studies, prepared."""
        for number in range(len(self.store.studies), len(self.store.studies) + studies):
            self.store.studies[self.study(number)] = EACH
            self._deliver(self.study(number))
            self.records.put(f"{CHANGES}{self.study(number)}/0-{EACH}.json", {})

    def replace_one(self) -> None:
        """One study is deleted, and as much comes."""
        self.arrive(1)
        del self.store.studies[self.study(7)]

    def _deliver(self, study: str) -> None:
        self.records.put(f"{PREFIX}{study}/{study}.1.json", {})
        self.records.put(f"readiness/{study}/study.json", {"instances": EACH})

    def run(self) -> IdleRun:
        self.records.largest = 0
        before = self.store.requests, self.records.requests
        audit = RawStoreAudit(
            cast("DicomStore", self.store), self.records, DeliveryLedger(self.records), Clock(), Log(StringIO())
        )
        found = audit.find_losses()
        return IdleRun(self.store.requests - before[0], self.records.requests - before[1], found, self.records.largest)


CASES: dict[str, Callable[[SimulatedArchive], None]] = {
    "nothing came": lambda _: None,
    "100 studies came": lambda archive: archive.arrive(100),
    "one was deleted, as much came": SimulatedArchive.replace_one,
}


def idle_runs(stored: int) -> dict[str, IdleRun]:
    """By what happened before it."""
    archive, runs = SimulatedArchive(stored), dict[str, IdleRun]()
    for what, happen in CASES.items():
        archive.run()
        happen(archive)
        runs[what] = archive.run()
    return runs
