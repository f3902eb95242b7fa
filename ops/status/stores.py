"""What the Healthcare API says of the stores: how much is in them, and in which storage class the raw images are.

A store's sizes are one request (`getDICOMStoreMetrics`). The class is told of single instances only, with the time
since when (`getStorageInfo`), so it is asked for all instances of some studies, spread evenly over those that the
records know; of few studies of all. No attribute of a patient is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ops.client.dicomweb import PAGE, path_in_study
from ops.client.google import GoogleApi, Json
from ops.client.refusal import OpsRefused
from ops.review.cost_models import LEAST_DAYS
from ops.status.records import IN_FLIGHT, RecordsReader

MOST_STUDIES = 20
"""Studies whose instances are asked for: about 300 requests."""
GIB = 2**30


@dataclass(frozen=True)
class ClassSizes:
    """Bytes of images by storage class (Google's names), of `looked_at` of `studies` studies."""

    sizes: Mapping[str, int]
    early: Mapping[str, int]
    """Of these, what moved so recently that deleting or moving it on is paid for until the class's least duration."""
    looked_at: int
    studies: int

    def scaled(self, total: int) -> ClassSizes:
        """As much in all as `total`, where only some studies were looked at."""
        seen = sum(self.sizes.values())
        if self.looked_at == self.studies or not seen:
            return self
        grow = {name: round(size * total / seen) for name, size in self.sizes.items()}
        early = {name: round(size * total / seen) for name, size in self.early.items()}
        return ClassSizes(grow, early, self.looked_at, self.studies)

    def lines(self) -> Iterator[str]:
        for name, size in sorted(self.sizes.items()):
            early = self.early.get(name, 0)
            days = LEAST_DAYS.get(name.lower(), 0)
            also = f", {gib(early)} of it for less than {days} days, until when it is paid for" if early else ""
            yield f"{gib(size)} in {name}{also}"


@dataclass(frozen=True)
class StoreSize:
    """What Google says of one store, or the sentence with which it said nothing."""

    studies: int = 0
    instances: int = 0
    blob_bytes: int = 0
    structured_bytes: int = 0
    classes: ClassSizes | None = None
    refusal: str = ""

    def document(self) -> Json:
        if self.refusal:
            return {"refusal": self.refusal}
        sizes: Json = {key: getattr(self, key) for key in ("studies", "instances", "blob_bytes", "structured_bytes")}
        if self.classes is None:
            return sizes
        classes = {"bytes": dict(self.classes.sizes), "moved_recently": dict(self.classes.early)}
        return {**sizes, "classes": {**classes, "studies_looked_at": self.classes.looked_at}}


@dataclass(frozen=True)
class StoreSizes:
    """By the store's short name."""

    stores: Mapping[str, StoreSize]

    def document(self) -> Json:
        return {name: store.document() for name, store in self.stores.items()}

    def lines(self) -> Iterator[str]:
        for name, store in self.stores.items():
            if store.refusal:
                yield f"Store {name}: its sizes were not told: {store.refusal}"
                continue
            yield (
                f"Store {name}: {store.studies} studies, {store.instances} instances, {gib(store.blob_bytes)} of "
                f"images, {gib(store.structured_bytes)} of attributes."
            )
            if store.classes is not None and (kept := list(store.classes.lines())):
                some = store.classes.looked_at < store.classes.studies
                of = f" (by {store.classes.looked_at} of {store.classes.studies} studies)" if some else ""
                yield f"  {'; '.join(kept)}{of}."


@dataclass(frozen=True)
class StoreReader:
    """One store by its full name, through the Healthcare API."""

    google: GoogleApi
    store: str

    def metrics(self) -> Json:
        """Counts and bytes, as strings. Raises `OpsRefused`."""
        return self.google.call("GET", "healthcare", f"v1/{self.store}:getDICOMStoreMetrics")

    def instances(self, study: str) -> list[str]:
        """`series/…/instances/…` of each; none for a study that is not there. Raises `OpsRefused`."""
        found: list[str] = []
        path = f"v1/{self.store}/dicomWeb/studies/{study}/instances"
        while True:
            query = {"limit": PAGE, "offset": len(found)}
            headers = {"Accept": "application/dicom+json"}
            answer = self.google.send("GET", "healthcare", path, params=query, headers=headers)
            page: list[Json] = answer.json() if answer.status_code == 200 else []
            found += map(path_in_study, page)
            if len(page) < PAGE:
                return found

    def storage_info(self, study: str, instance: str) -> Json:
        """Of the images' bytes of one instance: `sizeBytes`, `storageClass`, `storageClassUpdateTime`."""
        path = f"v1/{self.store}/dicomWeb/studies/{study}/{instance}:getStorageInfo"
        return self.google.call("GET", "healthcare", path).get("blobStorageInfo", {})


@dataclass
class _Tally:
    sizes: Counter[str] = field(default_factory=Counter[str])
    early: Counter[str] = field(default_factory=Counter[str])

    def add(self, info: Json, now: datetime) -> None:
        kind, size = str(info.get("storageClass", "STANDARD")), int(info.get("sizeBytes", 0))
        self.sizes[kind] += size
        least = timedelta(days=LEAST_DAYS.get(kind.lower(), 0))
        if (since := info.get("storageClassUpdateTime")) and now - datetime.fromisoformat(since) < least:
            self.early[kind] += size


def measure_stores(records: RecordsReader, stores: Mapping[str, str]) -> StoreSizes:
    """Of `stores` (short name → full name); by class that of the raw one, as no other is moved. Raises nothing."""
    now, found = datetime.now(UTC), dict[str, StoreSize]()
    for name, full in stores.items():
        reader = StoreReader(records.google, full)
        try:
            size = _size(reader.metrics())
            if name == "raw":
                classes = measure_classes(records, reader, now)
                size = replace(size, classes=classes.scaled(size.blob_bytes))
        except OpsRefused as refused:
            size = StoreSize(refusal=str(refused))
        found[name] = size
    return StoreSizes(found)


def measure_classes(records: RecordsReader, reader: StoreReader, now: datetime) -> ClassSizes:
    """Raises `OpsRefused`."""
    known = [name.split("/")[1] for name in records.names("readiness/") if name.endswith("/study.json")]
    chosen, tally = spread(known, MOST_STUDIES), _Tally()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        instances = pool.map(lambda study: [(study, one) for one in reader.instances(study)], chosen)
        every = [one for of_study in instances for one in of_study]
        for info in pool.map(lambda one: reader.storage_info(*one), every):
            tally.add(info, now)
    return ClassSizes(dict(tally.sizes), dict(tally.early), len(chosen), len(known))


def spread(names: Sequence[str], most: int) -> list[str]:
    """So many of them at most, evenly over all."""
    step = max(1.0, len(names) / most)
    return [names[int(at * step)] for at in range(min(most, len(names)))]


def gib(size: int) -> str:
    """A size in words."""
    return f"{size / GIB:,.1f} GiB" if size >= GIB / 10 else f"{size / 2**20:,.1f} MiB"


def _size(metrics: Json) -> StoreSize:
    studies, instances = int(metrics.get("studyCount", 0)), int(metrics.get("instanceCount", 0))
    blob, structured = (int(metrics.get(f"{kind}StorageSizeBytes", 0)) for kind in ("blob", "structured"))
    return StoreSize(studies, instances, blob, structured)


def paid_reads(classes: Iterable[tuple[str, int]], prices: Mapping[str, float], times: int) -> tuple[int, float]:
    """Bytes that are read `times` over from classes that charge for it, and USD for that."""
    moved = [(name.lower(), size) for name, size in classes if name.lower() in LEAST_DAYS]
    size = sum(one for _, one in moved)
    return size, sum(one / GIB * times * prices[f"healthcare.retrieval.{name}"] for name, one in moved)
