"""The previewer, by what it is answered: every write of a deployment is refused to it, every read of one is not."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pulumi_gcp as gcp
import pytest

from engine.api_request import ApiRequest
from engine.discovery import catalogue
from infra.identities import PREVIEWER_PERMISSIONS as PERMISSIONS
from localcloud.iam import permissions
from tests import harness
from tests.harness import Graph
from tests.infra import stacks

PREVIEWER = "imaging-previewer@my-imaging.iam.gserviceaccount.com"
KEY = "projects/my-imaging/locations/europe-west4/keyRings/r/cryptoKeys/k"
STATE = {"stateBucket": "state-of-pulumi", "stateKey": KEY}
READS = (":getIamPolicy", ":listAttestationRules", ":testIamPermissions")


@functools.cache
def graph() -> Graph:
    """Prod with everything declared, and the state's bucket and key, which are another stack's."""
    place = harness.deploy(_state, config={"gcp:project": "my-imaging"})
    return harness.stack_in(place, "prod", **stacks.PROD, **STATE)


def _state() -> None:
    ring = gcp.kms.KeyRing("ring", location="europe-west4", name="r")
    gcp.kms.CryptoKey("key", key_ring=ring.id, name="k")
    gcp.storage.Bucket("state", name=STATE["stateBucket"], location="EU", uniform_bucket_level_access=True)


def answer(request: ApiRequest) -> tuple[int, Any]:
    made = graph()
    token = f"Bearer {made.cloud.iam.token(PREVIEWER)}"
    response = made.plane.handle(ApiRequest(**{**request.__dict__, "authorization": token}))
    return response.status, response.body


def reads() -> Iterator[ApiRequest]:
    seen: set[str] = set()
    for request in graph().requests:
        what = f"{request.host}{request.path}"
        if (request.method == "GET" or request.path.endswith(READS)) and what not in seen:
            seen.add(what)
            yield request


def writes() -> Iterator[ApiRequest]:
    for request in graph().requests:
        if request.method != "GET" and not request.path.endswith(READS):
            yield request


def test_it_reads_whatever_a_deployment_declared() -> None:
    refused = [f"{request.host} {request.path}" for request in reads() if answer(request)[0] != 200]

    assert len(list(reads())) > 50
    assert refused == []


OF_THE_REAL_PROVIDER = {
    "iam.workloadIdentityPools.getAttestationRules": "lists a pool's rules, which nobody declares",
    "serviceusage.services.use": "Firebase's and billing's APIs are asked with the project to charge",
    "resourcemanager.projects.get": "looks the project up before anything else",
    "serviceusage.services.list": "lists the enabled APIs, where the local deployer asks for none",
    "firebasehosting.sites.list": "the drift report asks for the newest release",
}
"""Read by the real provider (run `refresh` in tests/localcloud/control/provider-requests.jsonl) or the drift report."""


def test_its_permissions_are_those_that_reading_needs_and_no_others() -> None:
    needed = set(OF_THE_REAL_PROVIDER)
    for request in [*reads(), *(r for r in stacks.phi().requests if r.method == "GET" or r.path.endswith(READS))]:
        match = catalogue().match(request.host, request.method, request.path)
        assert match, request.path
        needed.add(str(permissions.required_permission(match[0], request.body)))

    # Google lists the permissions of federation with the whole host, and means the same.
    assert {name.replace("iam.googleapis.com/", "iam.") for name in PERMISSIONS} == needed, (
        "bring PREVIEWER_PERMISSIONS in infra/identities.py up to this"
    )


def test_every_request_that_made_the_deployment_is_refused_to_it() -> None:
    let_through = [
        f"{request.method} {request.host} {request.path}" for request in writes() if answer(request)[0] != 403
    ]

    assert len(list(writes())) > 100
    assert let_through == []


def test_it_deletes_nothing() -> None:
    let_through = [
        request.path
        for request in reads()
        if request.method == "GET"
        and answer(ApiRequest(host=request.host, method="DELETE", path=request.path))[0] == 200
    ]

    assert let_through == []


def allowed(permission: str, resource: str) -> bool:
    return graph().cloud.iam.is_allowed(f"serviceAccount:{PREVIEWER}", permission, resource)


@pytest.mark.parametrize("store", ["raw", "viewer", "smoke"])
@pytest.mark.parametrize("verb", ["dicomWebRead", "dicomWebWrite", "dicomWebDelete", "export", "import", "deidentify"])
def test_it_sees_no_pixel(store: str, verb: str) -> None:
    name = "projects/my-imaging/locations/europe-west4/datasets/imaging/dicomStores/"

    assert not allowed(f"healthcare.dicomStores.{verb}", f"//healthcare.googleapis.com/{name}{store}")


@pytest.mark.parametrize("secret", ["github-token", "viewer-config"])
def test_it_reads_no_secrets_value(secret: str) -> None:
    path = f"/v1/projects/my-imaging/secrets/{secret}/versions/1:access"

    assert answer(ApiRequest(host="secretmanager.googleapis.com", method="GET", path=path))[0] == 403


def test_it_takes_on_no_other_account_and_reads_no_log_entry() -> None:
    accounts = "//iam.googleapis.com/projects/my-imaging/serviceAccounts"
    for duty in ("deployer", "job", "viewer-build", "smoke"):
        for permission in ("actAs", "getAccessToken", "signJwt", "setIamPolicy"):
            assert not allowed(
                f"iam.serviceAccounts.{permission}", f"{accounts}/imaging-{duty}@my-imaging.iam.gserviceaccount.com"
            )
    assert not allowed("logging.logEntries.list", graph().cloud.iam.project)


OBJECTS = "//storage.googleapis.com/projects/_/buckets"


def test_of_the_state_it_reads_all_and_writes_the_lock() -> None:
    state = f"{OBJECTS}/state-of-pulumi/objects/.pulumi"

    assert allowed("storage.objects.get", f"{state}/stacks/dicom-platform/prod.json")
    assert allowed("storage.objects.create", f"{state}/locks/organization/dicom-platform/prod/x.json")
    assert allowed("storage.objects.delete", f"{state}/locks/organization/dicom-platform/prod/x.json")
    for verb in ("create", "update", "delete"):
        assert not allowed(f"storage.objects.{verb}", f"{state}/stacks/dicom-platform/prod.json")


def test_it_decrypts_with_the_states_key_and_encrypts_nothing() -> None:
    key = f"//cloudkms.googleapis.com/{KEY}"

    assert allowed("cloudkms.cryptoKeyVersions.useToDecrypt", key)
    for permission in ("cryptoKeyVersions.useToEncrypt", "cryptoKeys.update", "cryptoKeyVersions.destroy"):
        assert not allowed(f"cloudkms.{permission}", key)


def test_of_the_records_it_reads_the_releases_and_nothing_about_a_study() -> None:
    records, deliveries = f"{OBJECTS}/my-imaging-imaging-records", f"{OBJECTS}/my-imaging-imaging-deliveries"

    assert allowed("storage.objects.get", f"{deliveries}/objects/releases/prod/000000001.json")
    assert not allowed("storage.objects.get", f"{records}/objects/readiness/1.2.3/4.json")
    assert not allowed("storage.objects.list", records)
    assert not allowed("storage.objects.create", f"{deliveries}/objects/releases/prod/000000002.json")


def test_the_deployer_keeps_the_state_that_the_previewer_reads() -> None:
    deployer = "serviceAccount:imaging-deployer@my-imaging.iam.gserviceaccount.com"
    iam = graph().cloud.iam

    assert iam.is_allowed(
        deployer, "storage.objects.create", f"{OBJECTS}/state-of-pulumi/objects/.pulumi/stacks/s.json"
    )
    assert iam.is_allowed(deployer, "cloudkms.cryptoKeyVersions.useToEncrypt", f"//cloudkms.googleapis.com/{KEY}")
