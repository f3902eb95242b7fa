"""A DICOM store served on an ephemeral port, and synthetic files to put into it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import requests
from aiohttp import web
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import ExplicitVRLittleEndian

from localcloud.awkward import WITHOUT_WAITING
from localcloud.background import BackgroundTasks
from localcloud.cloud import Cloud
from localcloud.control.plane import ControlPlane
from localcloud.dicom import DicomStores
from localcloud.logs import Logs

HOST = "healthcare.googleapis.com"
DATASET = "projects/dicom-local/locations/europe-west4/datasets/imaging"
STORE = f"{DATASET}/dicomStores/raw"
JSON = "application/dicom+json"
SLIDE_CLASS = "1.2.840.10008.5.1.4.1.1.77.1.6"


def uid() -> str:
    return f"2.25.{uuid.uuid4().int}"


def slide(frames: int = 4, *, side: int = 8, samples: int = 3, **attributes: Any) -> Dataset:
    """A small multi-frame image; every frame differs from every other."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = SLIDE_CLASS
    ds.SOPInstanceUID, ds.SeriesInstanceUID, ds.StudyInstanceUID = uid(), uid(), uid()
    ds.PatientName, ds.PatientID, ds.StudyDate, ds.Modality = "SYNTHETIC^SLIDE", "SYN-1", "20260102", "SM"
    ds.AccessionNumber, ds.ReferringPhysicianName, ds.StudyID = "A1", "REF^ERRING", "1"
    ds.Rows = ds.Columns = side
    ds.SamplesPerPixel, ds.BitsAllocated, ds.BitsStored, ds.HighBit = samples, 8, 8, 7
    ds.PixelRepresentation, ds.NumberOfFrames, ds.InstanceNumber = 0, frames, 1
    ds.PhotometricInterpretation = "RGB" if samples == 3 else "MONOCHROME2"
    if samples == 3:
        ds.PlanarConfiguration = 0
    shape = (frames, side, side, samples)
    ds.PixelData = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8).tobytes()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def encapsulated(ds: Dataset, syntax: str, frames: list[bytes], *, table: str = "basic", fragments: int = 1) -> Dataset:
    """`ds` with encapsulated pixel data instead; `table`: basic, extended or none."""
    ds.file_meta.TransferSyntaxUID = syntax
    if table == "extended":
        ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulate_extended(frames)
    else:
        ds.PixelData = encapsulate(frames, fragments_per_frame=fragments, has_bot=table == "basic")
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.NumberOfFrames = len(frames)
    return ds


def encode(ds: Dataset, **options: Any) -> bytes:
    """The data set as a Part 10 file."""
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True, **options)
    return out.getvalue()


def multipart(files: list[bytes], boundary: str = "b0undary") -> tuple[bytes, str]:
    parts = [b"--%s\r\nContent-Type: application/dicom\r\n\r\n%s\r\n" % (boundary.encode(), one) for one in files]
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), (
        f'multipart/related; type="application/dicom"; boundary="{boundary}"'
    )


class Published(list[tuple[str, bytes, dict[str, str]]]):
    """Keeps the messages that a store publishes."""

    def publish(self, topic: str, data: bytes, attributes: dict[str, str]) -> str:
        self.append((topic, data, attributes))
        return str(len(self))


@dataclass
class Served:
    """One served store with an allowed caller."""

    cloud: Cloud
    stores: DicomStores
    base: str
    folder: Path
    published: Published
    objects: Any
    """The bucket port; a test gives it the functions that it needs."""
    tasks: Any
    loop: asyncio.AbstractEventLoop | None = None

    @property
    def root(self) -> str:
        return f"{self.base}/{HOST}/v1/{STORE}/dicomWeb"

    def token(self, email: str = "") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.cloud.iam.token(email or self.cloud.iam.owner)}"}

    def call(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> requests.Response:
        url = path if path.startswith("http") else f"{self.root}/{path}"
        return requests.request(method, url, headers={**self.token(), **(headers or {})}, timeout=60, **options)

    def get(self, path: str, accept: str = "", **options: Any) -> requests.Response:
        return self.call("GET", path, headers={"Accept": accept} if accept else {"Accept": ""}, **options)

    def store(self, *files: Dataset | bytes, study: str = "", accept: str = JSON) -> requests.Response:
        body, kind = multipart([one if isinstance(one, bytes) else encode(one) for one in files])
        path = f"studies/{study}" if study else "studies"
        return self.call("POST", path, data=body, headers={"Content-Type": kind, "Accept": accept})

    def files(self) -> list[Path]:
        """Everything the store keeps on disk beside its index."""
        return sorted((self.cloud.data / "dicom").rglob("files/*"))


def instance_path(ds: Dataset) -> str:
    return f"studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"


@contextlib.contextmanager
def serving(folder: Path, **options: Any) -> Iterator[Served]:
    """A cloud with one dataset and one DICOM store, served until the end of the `with`."""
    cloud = Cloud(data=folder, awkward=WITHOUT_WAITING, **options)
    logs = Logs(cloud)
    ControlPlane(cloud, logs.audit)
    cloud.resources.put(HOST, DATASET, {"name": DATASET})
    cloud.resources.put(HOST, STORE, {"name": STORE})
    loop = asyncio.new_event_loop()
    tasks = BackgroundTasks(loop, lambda where, error: None)
    objects, published = SimpleNamespace(), Published()
    stores = DicomStores(cloud, audit=logs.audit, log=logs, publisher=published, objects=objects, tasks=tasks)
    served = Served(cloud, stores, "", folder, loop=loop, published=published, objects=objects, tasks=tasks)
    app = web.Application(client_max_size=10 * 2**20)
    stores.routes(app)
    runner = web.AppRunner(app, handler_cancellation=True)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return runner.addresses[0][1]

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = asyncio.run_coroutine_threadsafe(start(), loop).result()
    served.base = cloud.base = f"http://127.0.0.1:{port}"
    try:
        yield served
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        asyncio.run_coroutine_threadsafe(stores.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
