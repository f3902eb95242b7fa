"""Two stores on a local cloud with a study in one of them, and clients of the job that copy it to the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import requests
from prepare.dicomweb.store import DicomStore
from prepare.execution.copying import Deliverer, SeriesDelivery
from prepare.execution.executor import Executor
from prepare.http.retry import Repeater, RetryingAdapter, RetryPolicy, Traffic
from prepare.model.plan import SeriesPlan
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit
from requests.adapters import HTTPAdapter

from localcloud.cloud import Cloud
from tests.jobs.conftest import DATASET, as_principal
from tests.jobs.fakes import Time

STUDY, SERIES = "1.2.826.1", "1.2.826.1.1"


def file_of(number: int, study: str = STUDY, frames: int = 3, **values: Any) -> bytes:
    """A small encapsulated instance; `values` are attributes."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.SOPClassUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.77.1.6", "SM"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, SERIES
    dataset.SOPInstanceUID = f"{SERIES}.{number}"
    dataset.PatientID, dataset.PatientName = "SYN-1", "Synthetic^Copy"
    dataset.Rows = dataset.Columns = 16
    dataset.NumberOfFrames = frames
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    dataset.PixelData = encapsulate([bytes([number % 256, frame]) * 200 for frame in range(frames)])
    dataset["PixelData"].is_undefined_length = True
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


@dataclass
class Stores:
    """The cloud's stores by name, reached at `port` (a proxy's, or the cloud's own)."""

    cloud: Cloud
    time: Time = field(default_factory=Time)

    @property
    def port(self) -> int:
        return int(self.cloud.base.rpartition(":")[2])

    def make(self, name: str) -> str:
        owner = as_principal(self.cloud, self.cloud.iam.owner)
        healthcare = self.cloud.endpoint("healthcare.googleapis.com") + "v1/"
        answer = owner.post(f"{healthcare}{DATASET}/dicomStores?dicomStoreId={name}", json={}, timeout=10)
        assert answer.ok, answer.text
        return name

    def remove(self, name: str) -> None:
        """A store holds files open as long as it is there."""
        owner = as_principal(self.cloud, self.cloud.iam.owner)
        healthcare = self.cloud.endpoint("healthcare.googleapis.com") + "v1/"
        answer = owner.delete(f"{healthcare}{DATASET}/dicomStores/{name}", timeout=10)
        assert answer.ok, answer.text

    def put(self, store: str, file: bytes) -> None:
        owner = as_principal(self.cloud, self.cloud.iam.owner)
        headers = {"Content-Type": "application/dicom", "Accept": "application/dicom+json"}
        answer = owner.post(f"{self.root(store)}/studies", data=file, headers=headers, timeout=30)
        assert answer.ok, answer.text

    def root(self, store: str, port: int = 0) -> str:
        path = f"healthcare.googleapis.com/v1/{DATASET}/dicomStores/{store}/dicomWeb"
        return f"http://127.0.0.1:{port or self.port}/{path}"

    def files(self, store: str, study: str = STUDY) -> dict[str, bytes]:
        """Every file of the study as stored, by SOPInstanceUID."""
        owner = as_principal(self.cloud, self.cloud.iam.owner)
        base = f"{self.root(store)}/studies/{study}"
        listed = owner.get(f"{base}/instances?limit=5000", headers={"Accept": "application/dicom+json"}, timeout=30)
        rows = listed.json() if listed.status_code == 200 else []
        out: dict[str, bytes] = {}
        for row in rows:
            series, instance = row["0020000E"]["Value"][0], row["00080018"]["Value"][0]
            url = f"{base}/series/{series}/instances/{instance}"
            headers = {"Accept": "application/dicom; transfer-syntax=*"}
            out[instance] = owner.get(url, headers=headers, timeout=30).content
        assert len(out) == len(rows), "an instance is listed twice"
        return out

    @contextmanager
    def copier(self, target: str, port: int = 0, in_flight: int = 4, source: str = "raw") -> Iterator[Copier]:
        """The job's own clients, its clock a fake one."""
        traffic = Traffic()
        with as_principal(self.cloud, self.cloud.iam.owner) as session:
            session.trust_env = False
            adapter = RetryingAdapter(HTTPAdapter(pool_maxsize=8), RetryPolicy(), self.time.clock, traffic=traffic)
            session.mount("http://", adapter)
            stores = [DicomStore(self.root(name, port), session) for name in (source, target)]
            yield Copier(
                Executor(stores[0], Deliverer(stores[1], traffic, Repeater(clock=self.time.clock), in_flight)),
                session,
                traffic,
            )


@dataclass(frozen=True)
class Copier:
    executor: Executor
    session: requests.Session
    traffic: Traffic

    def run(self, study: str = STUDY, series: str = SERIES) -> SeriesDelivery:
        rows = [row for row in self.executor.source.instances(study) if row.series == series]
        return self.executor.carry_out(study, SeriesPlan(series=series), rows)
