"""Reads and writes of objects in the local audit log: which are there, of whom, and which the project leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.services.client import Api
from tests.localcloud.services.test_objects import HOST, ITEMS, UPLOAD, allowed, put

BOTH = ("DATA_READ", "DATA_WRITE")
BUCKET = "projects/_/buckets/records"


@pytest.fixture
def records(api: Api) -> Api:
    api.call("POST", f"{HOST}/storage/v1/b?project=dicom-local", {"name": "records", "location": "europe-west4"})
    configure(api, *BOTH)
    return api


def configure(api: Api, *types: str, exempted: tuple[str, ...] = ()) -> None:
    logs = [{"logType": one, **({"exemptedMembers": list(exempted)} if exempted else {})} for one in types]
    iam = api.parts.cloud.iam
    policy = {**iam.policy(iam.project), "auditConfigs": [{"service": HOST, "auditLogConfigs": logs}]}
    iam.set_policy(iam.project, policy)


def told(api: Api) -> list[dict[str, Any]]:
    """The payloads about objects, oldest first."""
    body = {
        "resourceNames": ["projects/dicom-local"],
        "filter": 'log_id("cloudaudit.googleapis.com/data_access") AND protoPayload.methodName:"storage.objects."',
        "pageSize": 1000,
    }
    found = api.call("POST", "logging.googleapis.com/v2/entries:list", body)
    return [entry["protoPayload"] for entry in found.get("entries", [])]


def deeds(api: Api) -> list[tuple[str, str]]:
    return [
        (payload["methodName"].removeprefix("storage.objects."), payload["resourceName"].removeprefix(BUCKET))
        for payload in told(api)
    ]


def test_each_use_of_an_object_has_its_method_resource_and_principal(records: Api) -> None:
    put(records, "a%2Fb", headers={"User-Agent": "a-test/1"})
    records.call("GET", ITEMS)
    records.call("GET", f"{ITEMS}/a%2Fb")
    records.raw("GET", f"{ITEMS}/a%2Fb?alt=media")
    records.raw("GET", f"{HOST}/download/storage/v1/b/records/o/a%2Fb")
    records.call("PATCH", f"{ITEMS}/a%2Fb", {"contentType": "text/plain"})
    records.raw("DELETE", f"{ITEMS}/a%2Fb")

    assert deeds(records) == [
        ("create", "/objects/a/b"), ("list", ""), ("get", "/objects/a/b"), ("get", "/objects/a/b"),
        ("get", "/objects/a/b"), ("update", "/objects/a/b"), ("delete", "/objects/a/b"),
    ]  # fmt: skip
    first = told(records)[0]
    assert first["serviceName"] == HOST
    assert first["authenticationInfo"]["principalEmail"] == records.parts.cloud.iam.owner
    assert first["requestMetadata"] == {"callerIp": "127.0.0.1", "callerSuppliedUserAgent": "a-test/1"}
    assert first["authorizationInfo"] == [
        {"resource": f"{BUCKET}/objects/a/b", "permission": "storage.objects.create", "granted": True}
    ]


def test_a_refusal_is_told_with_who_was_refused_and_nobody_is_not(records: Api) -> None:
    reader = allowed(records, "reader", "storage.objects.list")
    records.raw("GET", f"{ITEMS}/secret", account=reader)
    records.raw("DELETE", f"{ITEMS}/secret", account=None)

    [refused] = told(records)
    assert refused["authenticationInfo"]["principalEmail"] == reader
    assert refused["status"]["code"] == 7
    assert refused["authorizationInfo"][0]["granted"] is False


def test_copying_and_composing_read_and_write(records: Api) -> None:
    put(records, "a")
    records.call("POST", f"{ITEMS}/a/rewriteTo/b/records/o/b", {})
    records.call("POST", f"{ITEMS}/c/compose", {"sourceObjects": [{"name": "a"}, {"name": "b"}]})

    assert deeds(records)[1:] == [
        ("get", "/objects/a"), ("create", "/objects/b"),
        ("get", "/objects/a"), ("get", "/objects/b"), ("create", "/objects/c"),
    ]  # fmt: skip


def test_an_upload_in_pieces_is_told_once_of_who_began_it(records: Api) -> None:
    writer = allowed(records, "writer", "storage.objects.create")
    begun = records.raw("POST", f"{UPLOAD}?uploadType=resumable&name=a", data=b"{}", account=writer)
    place = begun.headers["Location"].partition(f"/{HOST}/")[2]
    piece = {"Content-Range": "bytes 0-3/8"}
    assert records.raw("PUT", f"{HOST}/{place}", data=b"0123", headers=piece, account=None).status_code == 308
    assert deeds(records) == []
    done = records.raw("PUT", f"{HOST}/{place}", data=b"4567", headers={"Content-Range": "bytes 4-7/8"}, account=None)
    again = records.raw("PUT", f"{HOST}/{place}", headers={"Content-Range": "bytes */8"}, account=None)

    assert (done.status_code, again.status_code) == (200, 200)
    assert deeds(records) == [("create", "/objects/a")]
    assert told(records)[0]["authenticationInfo"]["principalEmail"] == writer


@pytest.mark.parametrize(("types", "left"), [((), []), (("DATA_READ",), ["list"]), (("DATA_WRITE",), ["create"])])
def test_only_what_the_project_asks_for_is_told(records: Api, types: tuple[str, ...], left: list[str]) -> None:
    configure(records, *types)
    put(records, "a")
    records.call("GET", ITEMS)

    assert [deed for deed, _ in deeds(records)] == left


def test_who_is_exempted_is_not_told(records: Api) -> None:
    reader = allowed(records, "reader", "storage.objects.list")
    configure(records, *BOTH, exempted=(f"serviceAccount:{reader}",))
    records.raw("GET", ITEMS, account=reader)
    records.call("GET", ITEMS)

    assert [one["authenticationInfo"]["principalEmail"] for one in told(records)] == [records.parts.cloud.iam.owner]
