"""What the job's tests stand on: bucket, subscription, store and clock in memory, and slides as plain metadata."""

from __future__ import annotations

import base64
import copy
import io
import itertools
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from prepare.clock import Clock
from prepare.errors import Conflict, Gone
from prepare.execution.preparation import Preparation
from prepare.execution.runner import JobRunner
from prepare.http.retry import Traffic
from prepare.log import Log
from prepare.model.image import SlideImage
from prepare.model.metadata import WHOLE_SLIDE, Row, tag
from prepare.planning.planner import Options
from prepare.settings import load
from pydicom.datadict import dictionary_VR

from tests.jobs.matrix import frames

STORE = "projects/p/locations/l/datasets/d/dicomStores/raw"
ROOT = f"https://healthcare.example/v1/{STORE}/dicomWeb"
JPEG, RLE = frames.jpeg(), frames.RLE
"""Of 256 x 256 pixels, 3 samples of 8 bits."""


class Killed(BaseException):
    """SIGKILL: nothing of the run happens after it."""


def dying(after: int) -> Callable[[str], None]:
    """For `Bucket.on_write`: kills the run that writes once more after so many times."""
    left = [after]

    def write(_: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    return write


@dataclass
class Time:
    """A clock that only moves when told, or slept on."""

    now: float = 1_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(time=lambda: self.now, monotonic=lambda: self.now, sleep=self.sleep)


class Bucket:
    """JSON objects with generations, as the records bucket has them. `on_write` runs before a write is judged."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[str, int]] = {}
        self.writes: list[str] = []
        self.requests = Counter[str]()
        """Each verb with the name or prefix that it was about."""
        self.on_write: Callable[[str], None] = lambda name: None
        self._generation = 0

    def read(self, name: str) -> tuple[Any, int]:
        self.requests[f"read {name}"] += 1
        if name not in self.objects:
            return None, 0
        text, generation = self.objects[name]
        try:
            return json.loads(text), generation
        except ValueError:
            return None, generation

    def write(self, name: str, content: Any, generation: int) -> int:
        self.requests[f"write {name}"] += 1
        self.on_write(name)
        if self.objects.get(name, ("", 0))[1] != generation:
            raise Conflict(name)
        self.writes.append(name)
        return self.put(name, json.dumps(content))

    def put(self, name: str, text: str) -> int:
        self._generation += 1
        self.objects[name] = (text, self._generation)
        return self._generation

    def delete(self, name: str, generation: int | None) -> None:
        self.requests[f"delete {name}"] += 1
        if name in self.objects and generation not in (None, self.objects[name][1]):
            raise Conflict(name)
        self.objects.pop(name, None)

    def names(self, prefix: str, before: str | None = None) -> list[str]:
        self.requests[f"names {prefix}"] += 1
        return sorted(name for name in self.objects if name.startswith(prefix) and (before is None or name < before))

    def json(self, name: str) -> Any:
        return json.loads(self.objects[name][0])


class Messages:
    """A subscription: pulled messages are leased until acknowledged."""

    def __init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []
        self.leased: dict[str, dict[str, Any]] = {}
        self.sought: list[str] = []
        self._numbers = itertools.count()

    def notify(self, study: str, series: str, instance: str = "1.2.9", store: str = STORE) -> None:
        self.add(f"{store}/dicomWeb/studies/{study}/series/{series}/instances/{instance}".encode())

    def add(self, data: bytes) -> None:
        self.waiting.append({"ackId": f"a{next(self._numbers)}", "message": {"data": base64.b64encode(data).decode()}})

    def pull(self) -> list[dict[str, Any]]:
        taken, self.waiting = self.waiting, []
        self.leased |= {one["ackId"]: one for one in taken}
        return taken

    def let_leases_lapse(self) -> None:
        """What a run that was killed had pulled is given once more."""
        self.waiting, self.leased = [*self.leased.values(), *self.waiting], {}

    def seek(self, time: str) -> None:
        self.sought.append(time)

    def acknowledge(self, ack_ids: list[str]) -> None:
        for ack_id in ack_ids:
            self.leased.pop(ack_id)


class Store:
    """A DICOM store: DICOM JSON by study and series, frames by instance."""

    root, name = ROOT, STORE

    def __init__(self, traffic: Traffic | None = None) -> None:
        self.studies: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.samples: dict[str, bytes] = {}
        """What each frame of an instance is."""
        self.spoilt: dict[str, Callable[[list[bytes]], list[bytes]]] = {}
        """By instance, from its frames as they should be to those that it has."""
        self.syntaxes: dict[str, str] = {}
        self.bulks: dict[str, bytes] = {}
        """Values that metadata refers to, by link."""
        self.broken: dict[str, Exception] = {}
        """Series whose metadata cannot be read."""
        self.traffic = traffic or Traffic()
        self.listings = 0
        """How often all studies were listed."""

    def add(self, study: str, *items: dict[str, Any], frame: bytes = JPEG) -> None:
        for item in items:
            series = item[tag("SeriesInstanceUID")]["Value"][0]
            self.studies.setdefault(study, {}).setdefault(series, []).append(item)
            self.samples.setdefault(item[tag("SOPInstanceUID")]["Value"][0], frame)

    def instances(self, study: str) -> list[Row]:
        self.traffic.add(requests=1)
        if study not in self.studies:
            raise Gone(f"study {study} is not in {self.name}")
        return [Row.of(item) for items in self.studies[study].values() for item in items]

    def stored_bytes(self, study: str, series: str = "") -> int:
        return 0

    def totals(self) -> dict[str, int]:
        self.traffic.add(requests=1)
        return {"instanceCount": sum(len(items) for every in self.studies.values() for items in every.values())}

    def study_counts(self) -> list[tuple[str, int]]:
        self.traffic.add(requests=1)
        self.listings += 1
        return [(study, sum(map(len, every.values()))) for study, every in self.studies.items()]

    def slide_studies(self) -> list[str]:
        self.traffic.add(requests=1)
        return [study for study, every in self.studies.items() if any(self._slides(items) for items in every.values())]

    def _slides(self, items: list[dict[str, Any]]) -> bool:
        return any(one.get(tag("Modality"), {}).get("Value") == ["SM"] for one in items)

    def study_of(self, series: str) -> str:
        self.traffic.add(requests=1)
        for study, every in self.studies.items():
            if series in every:
                return study
        raise Gone(f"series {series} is not in {self.name}")

    def metadata(self, study: str, series: str) -> list[dict[str, Any]]:
        self.traffic.add(requests=1)
        if series in self.broken:
            raise self.broken[series]
        return copy.deepcopy(self.studies[study][series])

    def frames(self, study: str, series: str, instance: str, numbers: list[int]) -> dict[int, bytes]:
        """All frames of an instance are alike, but for what `spoilt` does to them."""
        self.traffic.add(requests=1, received=len(self.samples[instance]))
        spoil = self.spoilt.get(instance, lambda frames: frames)
        found = spoil([self.samples[instance]] * max(numbers))
        return {number: found[number - 1] for number in numbers if number <= len(found)}

    def bulk(self, url: str) -> bytes:
        self.traffic.add(requests=1)
        if url not in self.bulks:
            raise Gone(f"{url} is not in {self.name}")
        return self.bulks[url]

    def transfer_syntax(self, study: str, series: str, instance: str) -> str:
        return self.syntaxes.get(instance, "1.2.840.10008.1.2.1")


def item(instance: str, size: int, series: str = "1.2.1", **more: Any) -> dict[str, Any]:
    """DICOM JSON of one level of a square slide; `more` are keywords and values (None takes one out)."""
    paths = more.get("OpticalPathSequence") or [optical_path("1")]
    values: dict[str, Any] = {
        "SOPInstanceUID": instance,
        "SeriesInstanceUID": series,
        "SOPClassUID": WHOLE_SLIDE,
        "Modality": "SM",
        "ImageType": ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"],
        "Rows": 256,
        "Columns": 256,
        "TotalPixelMatrixRows": size,
        "TotalPixelMatrixColumns": size,
        "NumberOfFrames": (-(-size // 256)) ** 2,
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "YBR_FULL_422",
        "BitsAllocated": 8,
        "LossyImageCompression": "01",
        "DimensionOrganizationType": "TILED_FULL",
        "OpticalPathSequence": paths,
        "NumberOfOpticalPaths": len(paths),
        "TotalPixelMatrixOriginSequence": [origin()],
        "ImageOrientationSlide": [0, -1, 0, -1, 0, 0],
        "SharedFunctionalGroupsSequence": [_shared(size, paths)] if size else None,
        "FrameOfReferenceUID": "1.2.77",
        "ContainerIdentifier": "SLIDE-1",
        **more,
    }
    return attributes(values)


def origin(x: float = 20.0, y: float = 40.0, **more: Any) -> dict[str, Any]:
    """Where the first pixel lies on the glass, in millimetres."""
    return attributes({"XOffsetInSlideCoordinateSystem": x, "YOffsetInSlideCoordinateSystem": y, **more})


def _shared(size: int, paths: list[dict[str, Any]]) -> dict[str, Any]:
    """What all frames have in common; which optical path they show, where there is one that has a name."""
    shared = sequence("PixelMeasuresSequence", {"PixelSpacing": [1 / size] * 2})
    name = paths[0].get(tag("OpticalPathIdentifier"))
    if len(paths) == 1 and name:
        shared |= sequence("OpticalPathIdentificationSequence", {"OpticalPathIdentifier": name["Value"]})
    return shared


def attributes(values: dict[str, Any]) -> dict[str, Any]:
    """DICOM JSON of keywords and values; None takes one out."""
    return {
        tag(keyword): {"vr": dictionary_VR(tag(keyword)), "Value": value if isinstance(value, list) else [value]}
        for keyword, value in values.items()
        if value is not None
    }


def sequence(keyword: str, item: dict[str, Any]) -> dict[str, Any]:
    """DICOM JSON with one sequence of one item."""
    return attributes({keyword: [attributes(item)]})


def optical_path(identifier: str, icc: str = "") -> dict[str, Any]:
    path = attributes({"OpticalPathIdentifier": identifier, "IlluminationTypeCodeSequence": [{"00080100": {}}]})
    return path | ({tag("ICCProfile"): {"vr": "OB", "InlineBinary": icc}} if icc else {})


def pyramid(series: str = "1.2.1", base: int = 4096, **more: Any) -> list[dict[str, Any]]:
    """A complete pyramid, halved down to one tile."""
    sizes = [base]
    while sizes[-1] > 256:
        sizes.append(sizes[-1] // 2)
    return [item(f"{series}.{number}", size, series, **more) for number, size in enumerate(sizes, 1)]


def image(instance: str = "1.2.1.1", size: int = 4096, **more: Any) -> SlideImage:
    """An image as the rules see it."""
    fields: dict[str, Any] = {
        "instance": instance,
        "series": "1.2.1",
        "rows": 256,
        "columns": 256,
        "total_rows": size,
        "total_columns": size,
        "frames": (-(-size // 256)) ** 2,
        "image_type": ("DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"),
        "slide": ("1.2.77", "SLIDE-1", ""),
        "positions": "grid" if more.get("per_frame_items") else "none",
    }
    if flavor := more.pop("flavor", ""):
        fields["image_type"] = ("DERIVED", "PRIMARY", flavor, "RESAMPLED")
    if more.get("samples") == 1:
        fields["photometric"] = "MONOCHROME2"
    image = SlideImage(**{**fields, **more})
    tiles = image.tiles * max(len(image.optical_paths), 1)
    return image if "frames" in more else replace(image, frames=tiles)


@dataclass
class Bench:
    """The whole job around fakes; `run` gives the exit state as outcomes."""

    store: Store = field(default_factory=Store)
    bucket: Bucket = field(default_factory=Bucket)
    messages: Messages = field(default_factory=Messages)
    time: Time = field(default_factory=Time)
    output: io.StringIO = field(default_factory=io.StringIO)

    def runner(self, *arguments: str) -> JobRunner:
        environment = {
            "DICOMWEB_ROOT": ROOT,
            "VIEWER_DICOMWEB_ROOT": f"{ROOT}-viewer",
            "RECORDS_BUCKET": "records",
            "STAGED_BUCKET": "staged",
            "BACKLOG_SUBSCRIPTION": "projects/p/subscriptions/backlog",
            "VIEWER_URL": "https://viewer.example",
        }
        settings = load(arguments, environment)
        preparation = Preparation(
            store=self.store,
            records=self.bucket,
            clock=self.time.clock,
            traffic=self.store.traffic,
            viewer_url=settings.viewer_url,
            dry_run=settings.dry_run,
            options=Options(settings.label_policy),
        )
        return JobRunner(preparation, Log(self.output), self.time.clock, settings)

    def report(self, series: str = "1.2.1", study: str = "1.2") -> Any:
        return self.bucket.json(f"readiness/{study}/{series}.json")
