"""Google's own client libraries, with the throw-away key, over a socket: they parse our answers and our refusals."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from google.cloud import storage
from google.cloud.exceptions import NotFound
from google.oauth2 import service_account
from googleapiclient import discovery
from googleapiclient.errors import HttpError

from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running

PROJECT = "projects/p-1"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(data=tmp_path, project="p-1", awkward=WITHOUT_WAITING)
    with running(cloud):
        yield cloud


def credentials(cloud: Cloud) -> service_account.Credentials:
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    return service_account.Credentials.from_service_account_file(str(cloud.iam.credentials_file), scopes=scopes)


def api(cloud: Cloud, name: str, version: str) -> Any:
    endpoint = cloud.endpoint(f"{name}.googleapis.com")
    options = ClientOptions(api_endpoint=endpoint, universe_domain="emulator.invalid")
    return discovery.build(name, version, credentials=credentials(cloud), client_options=options, cache_discovery=False)


def test_the_api_client_makes_reads_and_is_refused(cloud: Cloud) -> None:
    secrets = api(cloud, "secretmanager", "v1").projects().secrets()
    payload = {"payload": {"data": base64.b64encode(b"value").decode()}}

    secrets.create(parent=PROJECT, secretId="s", body={"replication": {"automatic": {}}}).execute()
    secrets.addVersion(parent=f"{PROJECT}/secrets/s", body=payload).execute()
    read = secrets.versions().access(name=f"{PROJECT}/secrets/s/versions/latest").execute()
    with pytest.raises(HttpError) as refused:
        secrets.create(parent=PROJECT, secretId="t", body={"replicatio": {}}).execute()

    assert base64.b64decode(read["payload"]["data"]) == b"value"
    assert refused.value.status_code == 400
    assert 'Unknown name "replicatio"' in refused.value.reason


def test_the_api_client_follows_an_operation(cloud: Cloud) -> None:
    datasets = api(cloud, "healthcare", "v1").projects().locations().datasets()

    started = datasets.create(parent=f"{PROJECT}/locations/europe-west4", datasetId="d", body={}).execute()

    assert datasets.operations().get(name=started["name"]).execute()["done"] is True


def test_the_storage_client_makes_a_bucket_and_grants_on_it(cloud: Cloud) -> None:
    endpoint = cloud.endpoint("storage.googleapis.com").rstrip("/")
    options = {"api_endpoint": endpoint, "universe_domain": "emulator.invalid"}
    client = storage.Client(project="p-1", credentials=credentials(cloud), client_options=options)
    bucket = client.create_bucket("records-1", location="europe-west4")
    policy = bucket.get_iam_policy(requested_policy_version=3)

    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {"user:ann@example.org"}})
    bucket.set_iam_policy(policy)

    resource = "//storage.googleapis.com/projects/_/buckets/records-1"
    assert bucket.location == "EUROPE-WEST4"
    assert cloud.iam.is_allowed("user:ann@example.org", "storage.objects.get", resource)
    with pytest.raises(NotFound):
        client.get_bucket("none-1")
