"""What the control plane and the DICOM stores log, for whom, and what stays out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.monitoring.audit_alerts import DEEDS
from engine.api_request import ApiRequest
from localcloud.control.call import Call
from localcloud.dicom.audit import verb
from localcloud.dicom.http.address import parse_address
from localcloud.iam.principal import Principal
from localcloud.logs.filters import matching
from tests.localcloud.control.client import LOCATION, Client
from tests.localcloud.dicom.support import HOST, STORE, Served, instance_path, serving, slide

PROJECT = "cloudresourcemanager/v1/projects/p-1"
STORES = f"healthcare/v1/{LOCATION}/datasets/d/dicomStores"


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(tmp_path)


def entries(client: Client, filter: str = "") -> list[dict[str, Any]]:
    body = {"resourceNames": ["projects/p-1"], "filter": filter, "pageSize": 1000}
    return client.ok("POST", "logging/v2/entries:list", body)["entries"]


def configure(client: Client, *types: str, service: str = "allServices", exempted: tuple[str, ...] = ()) -> None:
    logs = [{"logType": one, **({"exemptedMembers": list(exempted)} if exempted else {})} for one in types]
    policy = client.ok("POST", f"{PROJECT}:getIamPolicy")
    policy["auditConfigs"] = [{"service": service, "auditLogConfigs": logs}]
    client.ok("POST", f"{PROJECT}:setIamPolicy", {"policy": policy, "updateMask": "bindings,etag,auditConfigs"})


def store(client: Client, name: str = "s") -> None:
    if client.ask("GET", f"healthcare/v1/{LOCATION}/datasets/d").status != 200:
        client.ok("POST", f"healthcare/v1/{LOCATION}/datasets", {}, datasetId="d")
    client.ok("POST", STORES, {}, dicomStoreId=name)


def test_administration_is_logged_whatever_is_configured(client: Client) -> None:
    store(client)

    [made] = entries(client, 'protoPayload.methodName:"CreateDicomStore"')
    payload = made["protoPayload"]
    assert made["logName"] == "projects/p-1/logs/cloudaudit.googleapis.com%2Factivity"
    assert payload["methodName"] == "google.cloud.healthcare.v1.dicom.DicomService.CreateDicomStore"
    assert payload["authenticationInfo"] == {"principalEmail": client.cloud.iam.owner}
    assert payload["resourceName"] == f"{LOCATION}/datasets/d"
    assert payload["status"] == {}
    assert payload["authorizationInfo"][0]["permission"] == "healthcare.dicomStores.create"


def test_reads_are_logged_only_where_asked_for(client: Client) -> None:
    store(client)
    client.ok("GET", f"{STORES}/s")
    assert entries(client, 'protoPayload.methodName:"GetDicomStore"') == []

    configure(client, "ADMIN_READ", service="healthcare.googleapis.com")
    client.ok("GET", f"{STORES}/s")
    client.ok("GET", PROJECT)

    [seen] = entries(client, 'log_id("cloudaudit.googleapis.com/data_access")')
    assert seen["protoPayload"]["methodName"].endswith("DicomService.GetDicomStore")


def test_who_is_exempted_is_not_logged(client: Client) -> None:
    store(client)
    configure(client, "ADMIN_READ", exempted=(f"serviceAccount:{client.cloud.iam.owner}",))
    client.ok("GET", f"{STORES}/s")

    assert entries(client, 'log_id("cloudaudit.googleapis.com/data_access")') == []


def test_a_refusal_is_logged_with_who_was_refused(client: Client) -> None:
    store(client)
    stranger = client.account("stranger")
    client.ask("DELETE", f"{STORES}/s", authorization=client.bearer(stranger))

    [refused] = entries(client, "severity=ERROR")
    assert refused["protoPayload"]["authenticationInfo"]["principalEmail"] == stranger
    assert refused["protoPayload"]["status"]["code"] == 7
    assert refused["protoPayload"]["authorizationInfo"][0]["granted"] is False


def test_a_secret_that_is_read_is_logged_without_its_value(client: Client) -> None:
    configure(client, "DATA_READ")
    client.ok("POST", "secretmanager/v1/projects/p-1/secrets", {"replication": {"automatic": {}}}, secretId="s")
    client.ok("POST", "secretmanager/v1/projects/p-1/secrets/s:addVersion", {"payload": {"data": "Q0FOQVJZ"}})
    client.ok("GET", "secretmanager/v1/projects/p-1/secrets/s/versions/1:access")

    named = [one["protoPayload"]["methodName"].rpartition(".")[2] for one in entries(client)]
    assert named[-2:] == ["AddSecretVersion", "AccessSecretVersion"]
    assert "Q0FOQVJZ" not in json.dumps(entries(client))


def test_a_changed_policy_says_what_it_has_more_and_less(client: Client) -> None:
    configure(client, "DATA_READ")
    client.grant("roles/browser", "user:a@example.org")

    first, second = entries(client, "protoPayload.serviceData.policyDelta:*")
    assert first["protoPayload"]["serviceData"]["policyDelta"] == {
        "auditConfigDeltas": [{"action": "ADD", "service": "allServices", "logType": "DATA_READ"}]
    }
    assert second["protoPayload"]["serviceData"]["policyDelta"] == {
        "bindingDeltas": [{"action": "ADD", "role": "roles/browser", "member": "user:a@example.org"}]
    }


KEYS = f"cloudkms/v1/{LOCATION}/keyRings"
DONE: dict[str, Any] = {
    "grants": lambda client: (
        client.grant("roles/browser", "user:a@example.org"),
        client.grant("roles/pubsub.viewer", "user:a@example.org", f"{STORES}/s"),
        client.ok("POST", "iam/v1/projects/p-1/roles", {"roleId": "role", "role": {"includedPermissions": []}}),
    ),
    "audit-config": lambda client: (
        configure(client, "DATA_READ", "DATA_WRITE"),
        client.ok("POST", "logging/v2/projects/p-1/sinks", {"name": "x", "destination": "d"}),
        client.ok("DELETE", "logging/v2/projects/p-1/sinks/x"),
    ),
    "deletion": lambda client: (
        client.ok("DELETE", f"{STORES}/s"),
        client.ok("DELETE", f"healthcare/v1/{LOCATION}/datasets/d"),
    ),
    "export": lambda client: client.ask("POST", f"{STORES}/s:export", {"gcsDestination": {"uriPrefix": "gs://b/p"}}),
    "keys": lambda client: (
        client.ok("POST", KEYS, {}, keyRingId="r"),
        client.ok("POST", f"{KEYS}/r/cryptoKeys", {"purpose": "ENCRYPT_DECRYPT"}, cryptoKeyId="k"),
        client.ok("PATCH", f"{KEYS}/r/cryptoKeys/k/cryptoKeyVersions/1", {"state": "DISABLED"}, updateMask="state"),
        client.ok("POST", f"{KEYS}/r/cryptoKeys/k/cryptoKeyVersions/1:destroy", {}),
    ),
}
TOLD = {"grants": 3, "audit-config": 2, "deletion": 2, "export": 1, "keys": 2}


@pytest.mark.parametrize("deed", DEEDS)
def test_an_alerts_filter_finds_the_deed_and_nothing_else(client: Client, deed: str) -> None:
    configure(client, "DATA_READ")
    store(client)
    before = len(entries(client, DEEDS[deed].filter))

    DONE[deed](client)

    everything = entries(client)
    assert len(entries(client, DEEDS[deed].filter)) - before == TOLD[deed]
    for other in DEEDS.keys() - {deed, "grants", "audit-config"}:
        assert [one for one in everything if matching(DEEDS[other].filter)(one)] == []


# -- DICOMweb


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        audits = [{"service": HOST, "auditLogConfigs": [{"logType": one} for one in ("DATA_READ", "DATA_WRITE")]}]
        served.cloud.iam.set_policy(served.cloud.iam.project, {"auditConfigs": audits})
        yield served


def seen(served: Served) -> list[dict[str, Any]]:
    """The payloads of the Data Access log, as the owner reads them."""
    owner = Principal(served.cloud.iam.owner, "serviceAccount")
    body = {"resourceNames": [f"projects/{served.cloud.project}"], "pageSize": 1000}
    listing = ApiRequest(host="logging.googleapis.com", method="POST", path="/v2/entries:list", body=body)
    call = Call(method_id="logging.v2:entries.list", request=listing, params={}, principal=owner)
    return [
        entry["protoPayload"]
        for entry in served.cloud.methods["logging.v2:entries.list"](call)["entries"]
        if entry["logName"].endswith("data_access")
    ]


def test_storing_searching_and_retrieving_are_logged_with_principal_path_and_client(served: Served) -> None:
    one = slide()
    one.PatientName = "ZZPHI^CANARY"
    served.store(one)
    served.get("studies", params={"PatientName": "ZZPHI"})
    served.call("GET", f"{instance_path(one)}/frames/1", headers={"User-Agent": "a-test/1"})
    served.call("DELETE", instance_path(one))

    found = seen(served)
    assert [payload["methodName"].rpartition(".")[2] for payload in found] == [
        "StoreInstances", "SearchForStudies", "RetrieveFrames", "DeleteInstance",
    ]  # fmt: skip
    assert {payload["authenticationInfo"]["principalEmail"] for payload in found} == {served.cloud.iam.owner}
    assert {payload["requestMetadata"]["callerIp"] for payload in found} == {"127.0.0.1"}
    frames = found[2]
    assert frames["resourceName"] == f"{STORE}/dicomWeb/{instance_path(one)}/frames/1"
    assert frames["requestMetadata"]["callerSuppliedUserAgent"] == "a-test/1"
    assert frames["authorizationInfo"][0]["permission"] == "healthcare.dicomStores.dicomWebRead"
    assert "ZZPHI" not in json.dumps(found)


def test_a_store_that_does_not_exist_and_one_that_is_not_allowed_are_logged_alike(served: Served) -> None:
    served.cloud.resources.put("iam.googleapis.com", f"projects/{served.cloud.project}/serviceAccounts/x", {"email": X})
    for url in (served.root, served.root.replace(STORE, f"{STORE}x")):
        served.call("GET", f"{url}/studies", headers=served.token(X))

    assert [(one["status"]["code"], one["authenticationInfo"]["principalEmail"]) for one in seen(served)] == [
        (7, X)
    ] * 2


def test_who_has_no_token_is_nobody_and_not_logged(served: Served) -> None:
    assert served.call("GET", "studies", headers={"Authorization": ""}).status_code == 401
    assert seen(served) == []


def test_nothing_of_dicom_is_logged_unless_asked_for_as_on_google(served: Served) -> None:
    served.cloud.iam.set_policy(served.cloud.iam.project, {})
    served.get("studies")

    assert seen(served) == []


X = "x@else.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "studies", "StoreInstances"),
        ("POST", "studies/1", "StoreInstances"),
        ("GET", "studies", "SearchForStudies"),
        ("GET", "studies/1/instances", "SearchForInstances"),
        ("GET", "studies/1", "RetrieveStudy"),
        ("GET", "studies/1/series/2", "RetrieveSeries"),
        ("GET", "studies/1/metadata", "RetrieveStudyMetadata"),
        ("GET", "studies/1/series/2/instances/3/metadata", "RetrieveInstanceMetadata"),
        ("GET", "studies/1/series/2/instances/3/rendered", "RetrieveRendered"),
        ("GET", "studies/1/series/2/instances/3/bulkdata/x/y", "RetrieveBulkdata"),
        ("GET", "studies/1/series/2/instances/3/frames/1,2", "RetrieveFrames"),
        ("DELETE", "studies/1", "DeleteStudy"),
        ("GET", "nowhere", "Unknown"),
    ],
)
def test_a_transaction_has_its_name(method: str, path: str, name: str) -> None:
    assert verb(method, parse_address(path)) == name
