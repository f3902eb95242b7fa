"""The restore drill, on the local cloud: what comes back is what was there, and what does not is told."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.control.special.agents import ensure_agent
from localcloud.server import running
from ops.client.google import GoogleApi
from ops.client.http import session_of
from ops.client.refusal import OpsRefused
from ops.client.tokens import GivenToken
from ops.operate.commands import main
from ops.operate.drill import Drill, DrillReport
from smoke_tests import slide
from smoke_tests.credentials import Credentials
from smoke_tests.dicomweb import DicomWeb
from smoke_tests.http import Http
from tests.local_objects import object_names, object_path

DATASET = "projects/dicom-local/locations/europe-west4/datasets/imaging"
RAW = f"{DATASET}/dicomStores/raw"
BUCKET = "copies"


@dataclass
class Place:
    cloud: Cloud

    @property
    def root(self) -> str:
        return self.cloud.endpoint("healthcare.googleapis.com")

    def token(self) -> str:
        return self.cloud.iam.token(self.cloud.iam.owner)

    def google(self) -> GoogleApi:
        return GoogleApi(
            {"healthcare": self.root, "storage": self.cloud.endpoint("storage.googleapis.com")}, self.token
        )

    def web(self, store: str) -> DicomWeb:
        return DicomWeb(Http(), f"{self.root}v1/{store}/dicomWeb", Credentials(lambda _: self.token()), "owner")

    def stores(self) -> list[str]:
        found = self.google().call("GET", "healthcare", f"v1/{DATASET}/dicomStores").get("dicomStores", [])
        return [one["name"] for one in found]

    def drill(self, **changes: Any) -> Drill:
        values: dict[str, Any] = {"google": self.google(), "store": RAW, "bucket": BUCKET, "prefix": "drill/1"}
        return Drill(
            **{
                **values,
                "session": session_of(GivenToken(self.token())),
                "root": self.root,
                "say": lambda _: None,
                "patience": 20.0,
                **changes,
            }
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A raw store with two studies, and a bucket that the Healthcare agent may write and read."""
    cloud = Cloud(data=tmp_path_factory.mktemp("cloud"), project="dicom-local", awkward=WITHOUT_WAITING)
    with running(cloud):
        made = Place(cloud)
        call = made.google().call
        call("POST", "healthcare", f"v1/{DATASET.rpartition('/datasets/')[0]}/datasets", {}, datasetId="imaging")
        call("POST", "healthcare", f"v1/{DATASET}/dicomStores", {}, dicomStoreId="raw")
        call("POST", "storage", "storage/v1/b", {"name": BUCKET, "location": "europe-west4"}, project="dicom-local")
        agent = f"serviceAccount:{ensure_agent(cloud, 'healthcare')}"
        policy = {"bindings": [{"role": "roles/storage.objectAdmin", "members": [agent]}]}
        call("PUT", "storage", f"storage/v1/b/{BUCKET}/iam", policy)
        for run in ("one", "two"):
            files = [one.data for one in slide.make(run, size=512)]
            assert made.web(RAW).stow(files).status == 200
        yield made


def test_everything_comes_back_as_it_was_and_the_scratch_store_goes(place: Place) -> None:
    found = place.drill().run()

    assert found.problems == []
    assert found.instances == 4
    assert found.bytes > 10_000
    assert place.stores() == [RAW]


def test_the_command_says_what_reading_costs_before_it_begins_and_how_many_came_back(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call, study = place.google().call, slide.make("one", size=512)[0].study
    call("POST", "storage", "storage/v1/b", {"name": "records", "location": "europe-west4"}, project="dicom-local")
    name, headers = f"readiness%2F{study}%2Fstudy.json", {"Authorization": f"Bearer {place.token()}"}
    storage = place.cloud.endpoint("storage.googleapis.com")
    url = f"{storage}upload/storage/v1/b/records/o?uploadType=media&name={name}"
    assert requests.post(url, json={"study": study}, headers=headers, timeout=10).ok
    body = {"blobStorageSettings": {"blobStorageClass": "COLDLINE"}}
    moves = call("POST", "healthcare", f"v1/{RAW}/dicomWeb/studies/{study}:setBlobStorageSettings", body)["name"]
    while not call("GET", "healthcare", f"v1/{moves}").get("done"):
        time.sleep(0.01)
    outputs = tmp_path / "outputs.json"
    endpoints = {"healthcare": place.root, "storage": storage}
    told = {"project": "dicom-local", "endpoints": endpoints, "recordsBucket": "records"}
    outputs.write_text(json.dumps({**told, "stores": {"raw": {"name": RAW}}}))

    command = shlex.join(["echo", place.token()])
    assert main(["drill", "--outputs", str(outputs), "--bucket", BUCKET, "--token-command", command]) == 0

    first, second, *_, last = capsys.readouterr().out.splitlines()
    assert "in COLDLINE" in first
    assert "The drill reads them twice, to export and to compare: about USD 0.00 for reading" in first
    assert second.startswith(f"Exporting {RAW}")
    assert last.startswith("All came back as they were: 4 instances")


class Meddling(GoogleApi):
    """Lets somebody get at the export before it is imported."""

    def __init__(self, place: Place, meddle: Any) -> None:
        super().__init__({"healthcare": place.root}, place.token)
        self._meddle = meddle

    def call(self, verb: str, api: str, path: str, body: Any = None, **params: Any) -> dict[str, Any]:
        if path.endswith(":import"):
            self._meddle()
        return super().call(verb, api, path, body, **params)


def meddled(place: Place, prefix: str, change: Any) -> DrillReport:
    def meddle() -> None:
        name = object_names(place.cloud, BUCKET, prefix)[0]
        path = object_path(place.cloud, BUCKET, name)
        assert path is not None
        change(name, path)

    return place.drill(google=Meddling(place, meddle), prefix=prefix).run()


def test_an_instance_that_is_lost_on_the_way_is_told(place: Place) -> None:
    def lose(name: str, path: Path) -> None:
        url = f"{place.cloud.endpoint('storage.googleapis.com')}storage/v1/b/{BUCKET}/o/{name.replace('/', '%2F')}"
        requests.delete(url, headers={"Authorization": f"Bearer {place.token()}"}, timeout=10).raise_for_status()

    found = meddled(place, "lost", lose)

    assert len(found.problems) == 1
    assert found.problems[0].endswith("did not come back")
    assert place.stores() == [RAW]


def test_an_instance_that_is_changed_on_the_way_is_told(place: Place) -> None:
    def change(name: str, path: Path) -> None:
        data = path.read_bytes()
        assert b"SMOKE^SYNTHETIC" in data
        path.write_bytes(data.replace(b"SMOKE^SYNTHETIC", b"OTHER^SYNTHETIC"))

    found = meddled(place, "changed", change)

    assert len(found.problems) == 1
    assert found.problems[0].endswith("came back with another content: the attributes differ")


def test_a_bucket_that_google_may_not_write_is_said_and_nothing_is_left(place: Place) -> None:
    body = {"name": "closed-bucket", "location": "europe-west4"}
    place.google().call("POST", "storage", "storage/v1/b", body, project="dicom-local")

    with pytest.raises(OpsRefused, match=r"lacks permission storage.objects.create on bucket closed-bucket"):
        place.drill(bucket="closed-bucket").run()

    assert place.stores() == [RAW]


def test_a_scratch_store_that_is_there_is_not_touched(place: Place) -> None:
    call = place.google().call
    call("POST", "healthcare", f"v1/{DATASET}/dicomStores", {}, dicomStoreId="restore-drill")
    try:
        with pytest.raises(OpsRefused, match=r"409"):
            place.drill(prefix="taken").run()
        assert f"{DATASET}/dicomStores/restore-drill" in place.stores()
    finally:
        call("DELETE", "healthcare", f"v1/{DATASET}/dicomStores/restore-drill")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{}", "the stack's outputs lack what this needs: project (is missing), endpoints (is missing)"),
        ("[]", "must hold one JSON object"),
        ("x", "is not JSON"),
        (None, "does not exist; run make up"),
    ],
)
def test_outputs_that_cannot_be_used_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, words: str
) -> None:
    outputs = tmp_path / "outputs.json"
    if content is not None:
        outputs.write_text(content)

    assert main(["drill", "--outputs", str(outputs), "--bucket", BUCKET]) == 2

    said = capsys.readouterr().err
    assert (said.count("\n"), words in said) == (1, True), said
