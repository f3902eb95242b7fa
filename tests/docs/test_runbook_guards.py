"""The runbook's sections on guardrails, followed: grants, audit logging, deletion, export, keys, secrets."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.forms import timestamp
from smoke_tests import slide
from tests.docs.alerts import raised
from tests.docs.conftest import Follow
from tests.docs.stack import COPIES, RECORDS, Stack, until

PROJECT = "cloudresourcemanager.googleapis.com/v1/projects/dicom-local"
DATASET = "healthcare.googleapis.com/v1/projects/dicom-local/locations/europe-west4/datasets/imaging"


def policy(stack: Stack) -> dict[str, Any]:
    return stack.api.call("POST", f"{PROJECT}:getIamPolicy", {})


def write(stack: Stack, changed: dict[str, Any]) -> None:
    stack.api.call("POST", f"{PROJECT}:setIamPolicy", {"policy": changed, "updateMask": "bindings,etag,auditConfigs"})


def members(stack: Stack, role: str) -> list[str]:
    return [member for one in policy(stack)["bindings"] if one["role"] == role for member in one["members"]]


def test_a_grant_is_found_and_taken_back(stack: Stack, follow: Follow) -> None:
    walk, since, role = follow("A grant was changed"), stack.clock(), "roles/healthcare.datasetAdmin"
    stranger = stack.api.account("stranger")
    stack.api.grant(stranger, role)
    stack.api.revoke("roles/eventarc.eventReceiver")

    assert raised(stack, "A grant was changed", since)
    changes = [entry["protoPayload"].get("serviceData", {}).get("policyDelta", {}) for entry in walk()[:2]]
    assert [change["bindingDeltas"][0]["action"] for change in changes] == ["REMOVE", "ADD"]
    assert changes[1]["bindingDeltas"] == [{"action": "ADD", "role": role, "member": f"serviceAccount:{stranger}"}]
    walk(MEMBER=f"serviceAccount:{stranger}", ROLE=role)
    assert stack.api.raw("GET", DATASET, account=stranger).status_code == 403
    walk()
    assert members(stack, "roles/eventarc.eventReceiver")


def test_audit_logging_is_put_back_and_reads_are_logged_again(stack: Stack, follow: Follow) -> None:
    walk, since = follow("Audit logging was changed"), stack.clock()
    sink = "logging.googleapis.com/v2/projects/dicom-local/sinks/imaging-audit"
    write(stack, {**policy(stack), "auditConfigs": []})
    stack.api.call("DELETE", sink)

    assert raised(stack, "What is logged, or where logs are kept, was changed", since)
    deleted, unset = walk()[:2]
    assert deleted["protoPayload"]["methodName"].endswith("DeleteSink")
    deltas = unset["protoPayload"]["serviceData"]["policyDelta"]["auditConfigDeltas"]
    assert ("healthcare.googleapis.com", "REMOVE") in {(one["service"], one["action"]) for one in deltas}
    walk()
    walk()
    assert stack.api.call("GET", sink)["filter"]
    since = stack.clock()
    stack.instances("raw", "1.2.3")
    reads = f'log_id("cloudaudit.googleapis.com/data_access") AND timestamp>="{timestamp(since)}"'
    body = {"resourceNames": ["projects/dicom-local"], "filter": f"{reads} AND protoPayload.resourceName:dicomStores"}
    assert stack.api.call("POST", "logging.googleapis.com/v2/entries:list", body)["entries"]


def test_deleted_stores_come_back_with_their_images(stack: Stack, follow: Follow) -> None:
    made = slide.make("deleted", size=512)
    study, all_of_it = made[0].study, {one.uid for one in made}
    for one in made:
        stack.stow(one.data)
    stack.run_job()
    shown = stack.instances("viewer", study)
    stack.type("gcloud scheduler jobs run export-raw --location=$REGION --project=$PROJECT", {})
    until(lambda: len(stack.objects(COPIES, f"raw/{study}/")) == len(made))
    walk, since = follow("A dataset or store was deleted"), stack.clock()
    for store in ("raw", "viewer"):
        stack.api.call("DELETE", f"{DATASET}/dicomStores/{store}")

    assert raised(stack, "A dataset or a DICOM store was deleted", since)
    assert [entry["protoPayload"]["resourceName"].rpartition("/")[2] for entry in walk()[:2]] == ["viewer", "raw"]
    walk()
    loaded = walk(BUCKET=COPIES, PREFIX="raw")
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    assert stack.instances("raw", study) == all_of_it
    assert f"readiness/{study}/{made[0].series}.json" in walk()
    assert walk()["succeededCount"] == 1
    assert stack.instances("viewer", study) == shown
    assert stack.objects(RECORDS, f"readiness/{study}/")


def test_an_export_is_found_its_destination_locked_and_its_grant_taken_away(stack: Stack, follow: Follow) -> None:
    walk, since, role = follow("A store was exported"), stack.clock(), "roles/healthcare.dicomViewer"
    thief = stack.api.account("the-thief")
    stack.api.grant(thief, role)
    stack.api.call("POST", "storage.googleapis.com/storage/v1/b?project=dicom-local", {"name": "elsewhere"})
    order = {"gcsDestination": {"uriPrefix": "gs://elsewhere/all"}}
    export = f"{DATASET}/dicomStores/raw:export"
    stack.api.call("POST", export, order, account=thief)

    assert raised(stack, "A DICOM store was exported", since)
    assert walk()[0]["protoPayload"]["authenticationInfo"]["principalEmail"] == thief
    walk(BUCKET="elsewhere")
    bucket = stack.api.call("GET", "storage.googleapis.com/storage/v1/b/elsewhere")
    assert bucket["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    walk(MEMBER=f"serviceAccount:{thief}", ROLE=role)
    assert stack.api.raw("POST", export, json=order, account=thief).status_code == 403


KEYS = "cloudkms.googleapis.com/v1/projects/dicom-local/locations/europe-west4/keyRings"


@pytest.fixture
def key(stack: Stack) -> str:
    stack.api.call("POST", f"{KEYS}?keyRingId=r", {})
    stack.api.call("POST", f"{KEYS}/r/cryptoKeys?cryptoKeyId=k", {"purpose": "ENCRYPT_DECRYPT"})
    return f"{KEYS}/r/cryptoKeys/k"


def test_a_key_that_is_to_be_destroyed_comes_back_and_google_may_use_it(stack: Stack, follow: Follow, key: str) -> None:
    walk, since = follow("A key is disabled or about to be destroyed"), stack.clock()
    stack.api.call("POST", f"{key}/cryptoKeyVersions/1:destroy", {})

    assert raised(stack, "A key was disabled or is about to be destroyed", since)
    assert walk(VERSION="1", KEY="k", RING="r")["state"] == "DISABLED"
    assert walk(VERSION="1", KEY="k", RING="r")["state"] == "ENABLED"
    assert "destroyTime" not in stack.api.call("GET", f"{key}/cryptoKeyVersions/1")
    assert "bindings" not in walk(KEY="k", RING="r")
    number = stack.place.parts.cloud.number
    [binding] = walk(KEY="k", RING="r", NUMBER=number)["bindings"]
    assert binding["members"] == [f"serviceAccount:{stack.place.parts.cloud.service_agent('gcp-sa-healthcare')}"]


SECRET = "secretmanager.googleapis.com/v1/projects/dicom-local/secrets/github-token"
OLD, NEW = "b2xk", "bmV3"


def value(stack: Stack, version: int) -> str | int:
    """What a reader of the version gets, or the status of its refusal."""
    answer = stack.api.raw("GET", f"{SECRET}/versions/{version}:access")
    return answer.json()["payload"]["data"] if answer.ok else answer.status_code


def test_a_secret_is_rotated_and_the_pinned_reader_never_stands_without_one(stack: Stack, follow: Follow) -> None:
    stack.api.call("POST", f"{SECRET}:addVersion", {"payload": {"data": OLD}})
    walk = follow("Rotate a secret")

    walk(NEW)
    assert (value(stack, 1), value(stack, 2)) == (OLD, NEW)
    walk()
    walk()
    walk()
    assert (value(stack, 1), value(stack, 2)) == (400, NEW)
    walk()
    assert value(stack, 1) == OLD
    walk()
    assert (value(stack, 1), value(stack, 2)) == (400, NEW)
    assert stack.api.raw("POST", f"{SECRET}/versions/1:enable", json={}).status_code == 400
