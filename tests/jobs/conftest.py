"""A bare local cloud for the job's clients: two stores, a bucket, a subscription, the owner and a stranger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running

DATASET = "projects/dicom-local/locations/europe-west4/datasets/imaging"
SUBSCRIPTION = "projects/dicom-local/subscriptions/backlog"
TOPIC = "projects/dicom-local/topics/instances"
STRANGER = "stranger@dicom-local.iam.gserviceaccount.com"


def as_principal(cloud: Cloud, email: str) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {cloud.iam.token(email)}"
    return session


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(data=tmp_path_factory.mktemp("cloud"), awkward=WITHOUT_WAITING)
    with running(cloud):
        owner = as_principal(cloud, cloud.iam.owner)
        healthcare = cloud.endpoint("healthcare.googleapis.com") + "v1/"
        storage, pubsub = cloud.endpoint("storage.googleapis.com"), cloud.endpoint("pubsub.googleapis.com")
        iam = cloud.endpoint("iam.googleapis.com")
        location, _, dataset = DATASET.rpartition("/")
        made = [
            owner.post(f"{healthcare}{location}?datasetId={dataset}", json={}, timeout=10),
            owner.post(f"{healthcare}{DATASET}/dicomStores?dicomStoreId=raw", json={}, timeout=10),
            owner.post(f"{healthcare}{DATASET}/dicomStores?dicomStoreId=viewer", json={}, timeout=10),
            owner.post(f"{storage}storage/v1/b?project=dicom-local", json={"name": "records"}, timeout=10),
            owner.post(f"{storage}storage/v1/b?project=dicom-local", json={"name": "staged"}, timeout=10),
            owner.put(f"{pubsub}v1/{TOPIC}", json={}, timeout=10),
            owner.put(f"{pubsub}v1/{SUBSCRIPTION}", json={"topic": TOPIC}, timeout=10),
            owner.post(f"{iam}v1/projects/dicom-local/serviceAccounts", json={"accountId": "stranger"}, timeout=10),
        ]
        assert all(answer.ok for answer in made), [answer.text for answer in made]
        yield cloud
