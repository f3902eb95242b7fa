"""The job killed while it moves studies to another storage class: all of them move, and none moves twice."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from localcloud.cloud import Cloud
from localcloud.dicom.operations.storage import StorageClasses
from localcloud.errors import ApiError
from tests.jobs.conftest import as_principal
from tests.jobs.copying_support import SERIES, Stores
from tests.jobs.faults import Faults, spoiling
from tests.jobs.test_killed import KILLED, SLOW, Jobs, arrive
from tests.local_objects import object_names

KILLS, RUNS, STUDIES = (100, 200, 90) if SLOW else (12, 12, 12)
MOVES = ("--raw-storage-class", "coldline", "--raw-storage-after-days", "0")
SOME, MOST = 3, 10
"""Exchanges after which a run is killed: a study takes about eleven."""


@pytest.fixture(scope="module")
def stores(cloud: Cloud) -> Stores:
    return Stores(cloud)


@pytest.fixture
def jobs(stores: Stores) -> Iterator[Jobs]:
    target = stores.make("killed-moves")
    with spoiling(stores.port) as proxy:
        proxy.faults = Faults()
        jobs = Jobs(stores, proxy, target)
        yield jobs
        jobs.close()
    stores.remove(target)


def classes(stores: Stores, study: str) -> dict[str, tuple[str, str]]:
    """Class of each instance of the raw store, and since when."""
    owner = as_principal(stores.cloud, stores.cloud.iam.owner)
    found: dict[str, tuple[str, str]] = {}
    for instance in stores.files("raw", study):
        path = f"studies/{study}/series/{SERIES}/instances/{instance}:getStorageInfo"
        info = owner.get(f"{stores.root('raw')}/{path}", timeout=30).json()["blobStorageInfo"]
        found[instance] = (info["storageClass"], info.get("storageClassUpdateTime", ""))
    return found


def let_move(stores: Stores, study: str) -> None:
    """Notes that it is due, as a run did long ago."""
    owner = as_principal(stores.cloud, stores.cloud.iam.owner)
    name = f"archive/due/2026-01-02/{study}.json"
    url = f"{stores.cloud.endpoint('storage.googleapis.com')}upload/storage/v1/b/records/o"
    params = {"uploadType": "media", "name": name}
    assert owner.post(url, params=params, json={"study": study}, timeout=30).ok


def due(stores: Stores) -> list[str]:
    owner = as_principal(stores.cloud, stores.cloud.iam.owner)
    url = f"{stores.cloud.endpoint('storage.googleapis.com')}storage/v1/b/records/o?prefix={quote('archive/due/')}"
    return [one["name"] for one in owner.get(url, timeout=30).json().get("items", [])]


def test_studies_move_once_each_whenever_the_job_is_killed(stores: Stores, jobs: Jobs) -> None:
    studies = [f"1.2.826.17.{number}" for number in range(STUDIES)]
    for study in studies:
        arrive(stores, study, each=1)
    assert jobs.run() == 0  # prepared, and nothing moves
    for study in studies:
        let_move(stores, study)
    rng = random.Random(20261130)
    ends: list[int] = []
    while ends.count(KILLED) < KILLS and len(ends) < RUNS:
        ends.append(jobs.run(*MOVES, end_at=rng.randrange(SOME, MOST)))
    times: dict[str, dict[str, tuple[str, str]]] = {}
    for arguments in ([], [], ["--sweep"]):
        assert jobs.run(*arguments, *MOVES) == 0
        for study in studies:
            now = classes(stores, study)
            assert times.setdefault(study, now) == now
    assert {moved for study in studies for moved, _ in times[study].values()} == {"COLDLINE"}
    assert due(stores) == []
    posts = [line for line in jobs.proxy.faults.seen if re.search(r"POST .*setBlobStorageSettings", line)]
    polls = [line for line in jobs.proxy.faults.seen if re.search(r"GET .*/operations/", line)]
    assert ends.count(KILLED) >= (KILLS if SLOW else KILLS // 2), ends
    assert len(polls) <= 2 * STUDIES + ends.count(KILLED)
    assert len(posts) <= STUDIES + ends.count(KILLED)


def test_a_move_that_the_store_does_not_finish_is_on_no_record_of_moved_studies(
    stores: Stores, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = "1.2.826.18.1"
    arrive(stores, study, each=2)
    assert jobs.run() == 0
    let_move(stores, study)

    def fail(*_: object) -> dict[str, str]:
        raise ApiError(503, "the storage of this instance is not available")

    with monkeypatch.context() as patched:
        patched.setattr(StorageClasses, "_move", fail)
        assert jobs.run(*MOVES) == 0
    assert {moved for moved, _ in classes(stores, study).values()} == {"STANDARD"}
    assert object_names(stores.cloud, "records", f"archive/moved/coldline/{study}") == []
