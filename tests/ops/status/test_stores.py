"""Sizes and storage classes of the stores, as the Healthcare API tells them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running
from ops.client.google import GoogleApi
from ops.operate.retrieval import announce_retrieval
from ops.status.records import RecordsReader
from ops.status.stores import (
    ClassSizes,
    StoreReader,
    StoreSizes,
    gib,
    measure_classes,
    measure_stores,
    paid_reads,
    spread,
)
from tests.jobs.copying_support import file_of
from tests.ops.status.bucket import BUCKET, Bucket

DATASET = "projects/dicom-local/locations/europe-west4/datasets/imaging"
STORES = {name: f"{DATASET}/dicomStores/{name}" for name in ("raw", "viewer")}


@dataclass
class Archive:
    """Two stores and a records bucket; studies have two instances each."""

    bucket: Bucket

    @property
    def root(self) -> str:
        return f"{self.bucket.cloud.endpoint('healthcare.googleapis.com')}v1/"

    def post(self, path: str, **options: Any) -> dict[str, Any]:
        answer = self.bucket.session.post(self.root + path, timeout=30, **options)
        assert answer.ok, answer.text
        return answer.json()

    def arrive(self, study: str, store: str = "raw") -> None:
        for number in (1, 2):
            headers = {"Content-Type": "application/dicom", "Accept": "application/dicom+json"}
            self.post(f"{STORES[store]}/dicomWeb/studies", data=file_of(number, study), headers=headers)
        self.bucket.put(f"readiness/{study}/study.json", {"study": study})

    def move(self, study: str, storage_class: str) -> None:
        body = {"blobStorageSettings": {"blobStorageClass": storage_class}}
        operation = self.post(f"{STORES['raw']}/dicomWeb/studies/{study}:setBlobStorageSettings", json=body)
        while not self.bucket.session.get(self.root + operation["name"], timeout=30).json().get("done"):
            time.sleep(0.01)

    def reader(self, principal: str = "") -> RecordsReader:
        iam = self.bucket.cloud.iam
        token = iam.token(principal or iam.owner)
        endpoints = {"storage": self.bucket.root, "healthcare": self.root.removesuffix("v1/")}
        return RecordsReader(GoogleApi(endpoints, lambda: token), BUCKET)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    cloud = Cloud(data=tmp_path_factory.mktemp("cloud"), project="dicom-local", awkward=WITHOUT_WAITING)
    with running(cloud):
        made = Archive(Bucket(cloud))
        location, _, name = DATASET.rpartition("/datasets/")
        made.post(f"{location}/datasets?datasetId={name}", json={})
        for store in STORES:
            made.post(f"{DATASET}/dicomStores?dicomStoreId={store}", json={})
        for study in ("1.2.1", "1.2.2", "1.2.3"):
            made.arrive(study)
        made.arrive("1.2.1", "viewer")
        made.move("1.2.1", "COLDLINE")
        made.move("1.2.2", "ARCHIVE")
        yield made


def test_each_store_tells_its_sizes_and_the_raw_one_its_classes(archive: Archive) -> None:
    found = measure_stores(archive.reader(), STORES)

    raw, viewer = (found.document()[name] for name in ("raw", "viewer"))
    assert (raw["studies"], raw["instances"], viewer["instances"]) == (3, 6, 2)
    sizes = raw["classes"]["bytes"]
    assert set(sizes) == {"STANDARD", "COLDLINE", "ARCHIVE"}
    assert len(set(sizes.values())) == 1
    assert sum(sizes.values()) == raw["blob_bytes"] > raw["structured_bytes"] > 0
    assert set(raw["classes"]["moved_recently"]) == {"COLDLINE", "ARCHIVE"}
    assert raw["classes"]["studies_looked_at"] == 3
    assert "classes" not in viewer
    said = list(found.lines())
    assert said[0].startswith("Store raw: 3 studies, 6 instances, ")
    assert "in COLDLINE, " in said[1]
    assert "for less than 90 days, until when it is paid for" in said[1]
    assert " of 3 studies" not in said[1]


def test_who_may_not_look_is_told_so_and_the_rest_is_said(archive: Archive) -> None:
    made = archive.bucket.session.post(
        f"{archive.bucket.cloud.endpoint('iam.googleapis.com')}v1/projects/dicom-local/serviceAccounts",
        json={"accountId": "stranger-x"},
        timeout=10,
    )
    assert made.ok, made.text

    found = measure_stores(archive.reader(made.json()["email"]), STORES)

    assert "was refused: 403" in found.document()["raw"]["refusal"]
    assert [line.partition(":")[0] for line in found.lines()] == ["Store raw", "Store viewer"]


def test_of_many_studies_some_are_looked_at_and_stand_for_all(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.status.stores.MOST_STUDIES", 2)
    asked: list[str] = []
    ask = requests.Session.request

    def counted(self: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        asked.append(url)
        return ask(self, method, url, **options)

    monkeypatch.setattr(requests.Session, "request", counted)
    found = measure_stores(archive.reader(), {"raw": STORES["raw"]})

    raw = found.document()["raw"]
    assert raw["classes"]["studies_looked_at"] == 2
    assert sum(raw["classes"]["bytes"].values()) == pytest.approx(raw["blob_bytes"], abs=2)
    assert "(by 2 of 3 studies)" in list(found.lines())[1]
    assert len([url for url in asked if url.endswith(":getStorageInfo")]) == 4


def test_a_study_that_left_the_store_and_an_empty_store_are_nothing(archive: Archive) -> None:
    reader = StoreReader(archive.reader().google, STORES["raw"])
    assert reader.instances("1.2.404") == []
    nobody = measure_classes(archive.reader(), StoreReader(reader.google, STORES["viewer"]), datetime.now(UTC))
    assert sum(nobody.sizes.values()) > 0  # of the one study that it has
    assert list(StoreSizes({}).lines()) == []
    assert ClassSizes({}, {}, 0, 0).scaled(100).sizes == {}


def test_after_its_least_duration_nothing_is_early(archive: Archive) -> None:
    reader = StoreReader(archive.reader().google, STORES["raw"])
    later = datetime.now(UTC) + timedelta(days=100)
    assert set(measure_classes(archive.reader(), reader, later).early) == {"ARCHIVE"}


@pytest.mark.parametrize(("count", "most", "chosen"), [(0, 2, []), (2, 5, [0, 1]), (10, 4, [0, 2, 5, 7])])
def test_a_sample_is_spread_over_all(count: int, most: int, chosen: list[int]) -> None:
    assert spread([str(number) for number in range(count)], most) == [str(number) for number in chosen]


def test_what_reading_costs_is_by_class_and_by_how_often(archive: Archive) -> None:
    prices = {"healthcare.retrieval.coldline": 0.02, "healthcare.retrieval.archive": 0.05}
    classes = {"STANDARD": 7 << 30, "COLDLINE": 100 << 30, "ARCHIVE": 10 << 30}
    assert paid_reads(classes.items(), prices, 2) == (110 << 30, pytest.approx(2 * (2.0 + 0.5)))
    assert paid_reads({"STANDARD": 1}.items(), prices, 2) == (0, 0)
    said = announce_retrieval(archive.reader(), STORES["raw"], 2, "Twice")
    assert "in COLDLINE" in said
    assert said.endswith("Twice: about USD 0.00 for reading, by list prices.")
    assert announce_retrieval(archive.reader(), STORES["viewer"], 1, "Once").startswith("No image of the raw store")


def test_sizes_read_as_words() -> None:
    assert [gib(size) for size in (0, 1 << 20, 1 << 30, 5000 << 30)] == ["0.0 MiB", "1.0 MiB", "1.0 GiB", "5,000.0 GiB"]
