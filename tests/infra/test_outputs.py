"""The stack's outputs are read by programs that know nothing else of us: their keys and shapes are a contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness import Graph
from tests.infra import stacks

KEYS = {
    "project", "location", "environment", "dataClass", "endpoints", "dataset", "stores", "dicomwebRoot", "viewerApp",
    "viewerHost", "viewerUrl", "stack", "buildRegion",
    "viewerSite", "previewUrl", "previewSite", "viewerConfig", "viewerConfigSecret", "oauth", "job", "jobRunUrl",
    "recordsBucket", "topic", "backlogSubscription", "deadLetterSubscription", "smokeSubscription", "serviceAccounts",
    "groups", "viewerStatusRoot",
    "imageRepository", "imageDigest", "nextCommands", "auditView", "workloadIdentityProvider",
}  # fmt: skip
APIS = ("healthcare", "run", "storage", "pubsub", "secretmanager", "firebasehosting", "logging")


@pytest.mark.parametrize("graph", [stacks.local, stacks.prod], ids=["local", "prod"])
def test_a_whole_stack_has_every_key(graph: Callable[[], Graph]) -> None:
    unset = set() if graph is stacks.prod else {"workloadIdentityProvider"}

    assert set(graph().outputs) == KEYS - unset


def test_what_does_not_exist_yet_has_no_key_as_pulumi_drops_outputs_that_are_none() -> None:
    assert set(stacks.empty_dev().outputs) == KEYS - {
        "job", "jobRunUrl", "imageDigest", "viewerConfig", "workloadIdentityProvider",
    }  # fmt: skip


def test_endpoints_are_googles_unless_the_stack_says_otherwise() -> None:
    assert stacks.prod().outputs["endpoints"] == {api: f"https://{api}.googleapis.com/" for api in APIS}
    assert stacks.local().outputs["endpoints"] == {api: f"http://127.0.0.1:8787/{api}.googleapis.com/" for api in APIS}


def test_a_store_has_googles_path_also_on_this_machine() -> None:
    outputs = stacks.local().outputs
    name = "projects/dicom-local/locations/europe-west4/datasets/imaging/dicomStores/raw"

    assert outputs["stores"]["raw"] == {
        "name": name,
        "dicomwebRoot": f"http://127.0.0.1:8787/healthcare.googleapis.com/v1/{name}/dicomWeb",
    }
    assert set(outputs["stores"]) == {"raw", "viewer", "smoke"}
    assert outputs["dicomwebRoot"] == outputs["stores"]["viewer"]["dicomwebRoot"]


def test_only_the_page_that_asks_is_told_where_the_job_says_what_it_knows_of_a_study() -> None:
    root = "http://127.0.0.1:8787/storage.googleapis.com/storage/v1/b/dicom-local-imaging-records/o/"

    assert stacks.local().outputs["viewerStatusRoot"] == root
    assert stacks.prod().outputs["viewerStatusRoot"] == ""


def test_viewers_are_pointed_at_their_own_store() -> None:
    outputs = stacks.prod().outputs

    assert outputs["dicomwebRoot"] == outputs["stores"]["viewer"]["dicomwebRoot"]
    assert outputs["viewerConfig"]["servers"][0]["url"] == outputs["dicomwebRoot"]
    assert outputs["viewerConfig"]["servers"][0]["write"] is True


def test_what_the_sign_in_client_must_be_given_letter_by_letter() -> None:
    outputs = stacks.prod().outputs

    assert outputs["viewerUrl"] == "https://slides.example.org"
    assert outputs["oauth"]["clientId"] == "123456789012-abc.apps.googleusercontent.com"
    assert outputs["oauth"]["javascriptOrigins"][0] == "https://slides.example.org"
    assert outputs["oauth"]["redirectUris"] == [f"{origin}/" for origin in outputs["oauth"]["javascriptOrigins"]]


def test_full_names_are_full() -> None:
    outputs = stacks.prod().outputs

    assert outputs["job"] == "projects/my-imaging/locations/europe-west4/jobs/prepare"
    assert outputs["jobRunUrl"] == f"https://run.googleapis.com/v2/{outputs['job']}:run"
    assert outputs["auditView"] == (
        "projects/my-imaging/locations/europe-west4/buckets/imaging-audit/views/data-access"
    )
    assert outputs["topic"] == "projects/my-imaging/topics/dicom-instances"
    assert outputs["backlogSubscription"] == "projects/my-imaging/subscriptions/dicom-instances"
    assert outputs["deadLetterSubscription"] == "projects/my-imaging/subscriptions/dicom-instances-dead"
    assert outputs["viewerConfigSecret"] == "projects/my-imaging/secrets/viewer-config"
    assert outputs["imageRepository"] == "europe-west4-docker.pkg.dev/my-imaging/images"
    assert outputs["imageDigest"] == stacks.A_DIGEST
    assert outputs["serviceAccounts"]["smokeReader"] == "imaging-smoke-reader@my-imaging.iam.gserviceaccount.com"
