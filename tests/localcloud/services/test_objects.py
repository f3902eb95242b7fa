"""Cloud Storage over plain HTTP: permissions, error shapes, ranges, checksums, and uploads that break off."""

from __future__ import annotations

import base64
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import google_crc32c
import pytest

from localcloud.cloud import Cloud
from localcloud.objects import Objects
from localcloud.ports import NoAuditLog
from tests.localcloud.services.client import Api, Clock

HOST = "storage.googleapis.com"
ITEMS = f"{HOST}/storage/v1/b/records/o"
UPLOAD = f"{HOST}/upload/storage/v1/b/records/o"


@pytest.fixture
def records(api: Api) -> Api:
    api.call("POST", f"{HOST}/storage/v1/b?project=dicom-local", {"name": "records", "location": "europe-west4"})
    return api


def put(api: Api, name: str, content: bytes = b"content", **more: Any) -> Any:
    return api.raw("POST", f"{UPLOAD}?uploadType=media&name={name}", data=content, **more)


def allowed(api: Api, name: str, *permissions: str) -> str:
    """An account with exactly these permissions on the bucket."""
    account = api.account(name)
    role = api.call(
        "POST", "iam.googleapis.com/v1/projects/dicom-local/roles",
        {"roleId": name.replace("-", "_"), "role": {"includedPermissions": list(permissions)}},
    )  # fmt: skip
    path = f"{HOST}/storage/v1/b/records/iam"
    policy = api.call("GET", path)
    policy.setdefault("bindings", []).append({"role": role["name"], "members": [f"serviceAccount:{account}"]})
    api.call("PUT", path, policy)
    return account


def test_a_slash_in_a_name_is_part_of_the_name(records: Api) -> None:
    put(records, "a%2Fb%20c%2525")

    assert [item["name"] for item in records.call("GET", ITEMS)["items"]] == ["a/b c%25"]
    assert records.raw("GET", f"{ITEMS}/a%2Fb%20c%2525?alt=media").content == b"content"
    assert records.raw("DELETE", f"{ITEMS}/a%2Fb%20c%2525").status_code == 204


def test_a_page_of_any_origin_may_ask_and_reads_refusals_too(records: Api) -> None:
    put(records, "word.json")
    origin = {"Origin": "https://viewer.example"}
    asked = {**origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}

    before = records.raw("OPTIONS", f"{ITEMS}/word.json", account=None, headers=asked)
    answers = [
        records.raw("GET", f"{ITEMS}/word.json?alt=media", headers=origin),
        records.raw("GET", f"{ITEMS}/absent.json?alt=media", headers=origin),
        records.raw("GET", f"{ITEMS}/word.json?alt=media", account=None, headers=origin),
    ]

    assert (before.status_code, before.headers["Access-Control-Allow-Headers"]) == (204, "authorization")
    assert [answer.status_code for answer in answers] == [200, 404, 401]
    assert {answer.headers["Access-Control-Allow-Origin"] for answer in (before, *answers)} == {origin["Origin"]}


def test_nobody_gets_in_without_a_token(records: Api) -> None:
    status, message = records.refused("GET", ITEMS, account=None)

    assert status == 401
    assert "credential" in message


@pytest.mark.parametrize(
    ("permissions", "status", "named"),
    [
        ((), 403, "storage.objects.create"),
        (("storage.objects.create",), 403, "storage.objects.delete"),
        (("storage.objects.create", "storage.objects.delete"), 200, ""),
    ],
)
def test_overwriting_needs_the_permission_to_delete_too(
    records: Api, permissions: tuple[str, ...], status: int, named: str
) -> None:
    put(records, "item")
    writer = allowed(records, "writer-x", *(permissions or ("storage.objects.get",)))

    answer = put(records, "item", b"other", account=writer)

    assert answer.status_code == status
    assert named in answer.text
    assert records.raw("GET", f"{ITEMS}/item?alt=media").content == (b"other" if status == 200 else b"content")


def test_who_may_not_list_is_not_told_that_an_object_is_missing(records: Api) -> None:
    reader = allowed(records, "reader", "storage.objects.get")
    lister = allowed(records, "lister", "storage.objects.get", "storage.objects.list")

    assert records.refused("GET", f"{ITEMS}/none", account=reader)[0] == 403
    assert records.refused("GET", f"{ITEMS}/none", account=lister) == (404, "No such object: records/none")


@pytest.mark.parametrize(
    ("method", "permission"),
    [("GET", "storage.objects.get"), ("PATCH", "storage.objects.update"), ("DELETE", "storage.objects.delete")],
)
def test_each_operation_needs_its_own_permission(records: Api, method: str, permission: str) -> None:
    put(records, "item")
    nobody = records.account("nobody")

    status, message = records.refused(method, f"{ITEMS}/item", {}, account=nobody)

    assert status == 403
    assert permission in message


def test_errors_have_cloud_storages_own_shape(records: Api) -> None:
    put(records, "item")

    answer = put(records, "item&ifGenerationMatch=0").json()["error"]

    assert answer["code"] == 412
    assert answer["errors"][0]["reason"] == "conditionNotMet"


def test_a_reader_with_the_current_generation_gets_304(records: Api) -> None:
    generation = put(records, "item").json()["generation"]

    answer = records.raw("GET", f"{ITEMS}/item?alt=media&ifGenerationNotMatch={generation}")

    assert answer.status_code == 304


@pytest.mark.parametrize(
    ("header", "status", "content"),
    [
        ("bytes=0-2", 206, b"012"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-100", 206, b"89"),
        (None, 200, b"0123456789"),
    ],
)
def test_ranges(records: Api, header: str | None, status: int, content: bytes) -> None:
    put(records, "item", b"0123456789")

    answer = records.raw("GET", f"{ITEMS}/item?alt=media", headers={"Range": header} if header else {})

    assert (answer.status_code, answer.content) == (status, content)


def test_a_range_outside_is_refused(records: Api) -> None:
    put(records, "item", b"0123456789")

    assert records.raw("GET", f"{ITEMS}/item?alt=media", headers={"Range": "bytes=10-"}).status_code == 416


def test_of_many_claims_at_once_exactly_one_succeeds(records: Api) -> None:
    def claim(number: int) -> int:
        return put(records, "claim&ifGenerationMatch=0", str(number).encode()).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(claim, range(16)))

    assert answers == [200] + [412] * 15


def test_a_retention_policy_holds_objects_until_it_is_over(records: Api, clock: Clock) -> None:
    records.call("PATCH", f"{HOST}/storage/v1/b/records", {"retentionPolicy": {"retentionPeriod": "3600"}})
    put(records, "item")

    assert records.refused("DELETE", f"{ITEMS}/item")[0] == 403
    assert "retention policy" in put(records, "item", b"other").text
    clock.advance(3601)

    assert put(records, "item", b"other").status_code == 200


def test_an_empty_object_can_be_stored_and_read(records: Api) -> None:
    put(records, "empty", b"")

    answer = records.raw("GET", f"{ITEMS}/empty?alt=media")

    assert (answer.status_code, answer.content) == (200, b"")


def test_a_download_names_generation_and_checksums(records: Api) -> None:
    generation = put(records, "item").json()["generation"]

    headers = records.raw("GET", f"{ITEMS}/item?alt=media").headers

    crc32c = base64.b64encode(google_crc32c.value(b"content").to_bytes(4, "big")).decode()
    assert headers["X-Goog-Generation"] == generation
    assert f"crc32c={crc32c}" in headers["X-Goog-Hash"]


def test_content_that_does_not_match_its_announced_checksum_is_not_stored(records: Api) -> None:
    answer = put(records, "item", headers={"X-Goog-Hash": "crc32c=AAAAAA=="})

    assert answer.status_code == 400
    assert "crc32c" in answer.text
    assert "items" not in records.call("GET", ITEMS)


def test_an_upload_that_breaks_off_stores_nothing_and_leaves_no_file(records: Api, until: Any) -> None:
    cloud = records.parts.cloud
    host, port = cloud.base.removeprefix("http://").split(":")
    folder = cloud.data / "objects" / "uploads"
    head = (
        f"POST /{UPLOAD}?uploadType=media&name=item HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10737418240\r\n"
        f"Authorization: Bearer {cloud.iam.token(cloud.iam.owner)}\r\n\r\n"
    )

    with socket.create_connection((host, int(port))) as sock:
        sock.sendall(head.encode() + b"x" * 1000)
        until(lambda: folder.is_dir() and list(folder.iterdir()))
    until(lambda: not list(folder.iterdir()))

    assert "items" not in records.call("GET", ITEMS)


def session(api: Api, **more: Any) -> str:
    answer = api.raw("POST", f"{UPLOAD}?uploadType=resumable&name=item", json={}, **more)
    return answer.headers["Location"].removeprefix(api.parts.cloud.base + "/")


def test_a_resumable_upload_tells_how_far_it_came_and_goes_on_from_there(records: Api) -> None:
    uri = session(records)
    first = records.raw("PUT", uri, data=b"01234", headers={"Content-Range": "bytes 0-4/10"})
    asked = records.raw("PUT", uri, headers={"Content-Range": "bytes */10"})
    done = records.raw("PUT", uri, data=b"456789", headers={"Content-Range": "bytes 4-9/10"})

    assert (first.status_code, first.headers["Range"]) == (308, "bytes=0-4")
    assert (asked.status_code, asked.headers["Range"]) == (308, "bytes=0-4")
    assert done.status_code == 200
    assert records.raw("GET", f"{ITEMS}/item?alt=media").content == b"0123456789"


def test_a_chunk_that_leaves_a_gap_is_refused(records: Api) -> None:
    uri = session(records)

    answer = records.raw("PUT", uri, data=b"56789", headers={"Content-Range": "bytes 5-9/10"})

    assert answer.status_code == 400
    assert "only 0 bytes" in answer.text


def test_a_cancelled_upload_is_gone(records: Api) -> None:
    uri = session(records)

    assert records.raw("DELETE", uri).status_code == 499
    assert records.raw("PUT", uri, data=b"x").status_code == 404


def test_the_precondition_of_a_resumable_upload_counts_at_its_end(records: Api) -> None:
    answer = records.raw("POST", f"{UPLOAD}?uploadType=resumable&name=item&ifGenerationMatch=0", json={})
    uri = answer.headers["Location"].removeprefix(records.parts.cloud.base + "/")
    put(records, "item", b"faster")

    assert records.raw("PUT", uri, data=b"slower").status_code == 412
    assert records.raw("GET", f"{ITEMS}/item?alt=media").content == b"faster"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (f"{UPLOAD}?uploadType=media", "names no object"),
        (f"{UPLOAD}?uploadType=other&name=x", "uploadType is 'other'"),
        (f"{UPLOAD}?uploadType=multipart&name=x", "uploadType is multipart"),
        (f"{UPLOAD}?uploadType=media&name=x&ifGenerationMatch=one", "ifGenerationMatch"),
        (f"{HOST}/upload/storage/v1/b/none/o?uploadType=media&name=x", "does not exist"),
    ],
)
def test_uploads_that_cannot_be_are_refused_in_words(records: Api, path: str, named: str) -> None:
    answer = records.raw("POST", path, data=b"x")

    assert answer.status_code in (400, 404)
    assert named in answer.json()["error"]["message"]


def test_objects_are_there_after_a_restart(records: Api, tmp_path: Path) -> None:
    put(records, "kept")

    again = Objects(Cloud(data=records.parts.cloud.data), NoAuditLog())

    path = again.object_path("records", "kept")
    assert path is not None
    assert path.read_bytes() == b"content"
    again.store.close()


def test_other_services_see_names_and_files(records: Api) -> None:
    put(records, "starts/1", b"x")
    put(records, "starts/2")
    put(records, "other")
    objects = records.parts.objects

    assert objects.object_names("records", "starts/") == ["starts/1", "starts/2"]
    path = objects.object_path("records", "starts/1")
    assert path is not None
    assert path.read_bytes() == b"x"
    assert objects.object_path("records", "none") is None


def test_a_grant_on_a_prefix_holds_for_objects_below_it_only(records: Api) -> None:
    """As the previewer's on the locks of Pulumi's state."""
    account = records.account("locker")
    path = f"{HOST}/storage/v1/b/records/iam"
    below = 'resource.name.startsWith("projects/_/buckets/records/objects/locks/")'
    policy = records.call("GET", f"{path}?optionsRequestedPolicyVersion=3")
    bound = {
        "role": "roles/storage.objectUser",
        "members": [f"serviceAccount:{account}"],
        "condition": {"title": "locks", "expression": below},
    }
    records.call("PUT", path, {**policy, "version": 3, "bindings": [*policy.get("bindings", []), bound]})
    for name in ("locks%2Fa", "state%2Fa"):
        put(records, name)

    assert put(records, "locks%2Fb", account=account).status_code == 200
    assert records.raw("GET", f"{ITEMS}/locks%2Fa?alt=media", account=account).status_code == 200
    assert records.raw("DELETE", f"{ITEMS}/locks%2Fa", account=account).status_code == 204
    assert put(records, "state%2Fb", account=account).status_code == 403
    assert records.refused("GET", f"{ITEMS}/state%2Fa?alt=media", account=account)[0] == 403
    assert records.refused("DELETE", f"{ITEMS}/state%2Fa", account=account)[0] == 403
    assert records.refused("GET", ITEMS, account=account)[0] == 403
