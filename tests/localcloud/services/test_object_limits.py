"""What no object can be called, no header can hold, no clock should change: refused in words, never a 500."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.localcloud.services.client import LOCATION, PROJECT, Api, Clock

BUCKETS = "storage.googleapis.com/storage/v1/b"
UPLOAD = "storage.googleapis.com/upload/storage/v1/b/records/o"


@pytest.fixture
def bucket(api: Api) -> Api:
    api.call("POST", f"{BUCKETS}?project=dicom-local", {"name": "records"})
    return api


def put(api: Api, name: str, data: Any = b"0123456789", kind: str = "text/plain") -> Any:
    query = {"uploadType": "media", "name": name}
    return api.raw("POST", UPLOAD, params=query, data=data, headers={"Content-Type": kind})


@pytest.mark.parametrize("name", ["", ".", "..", "a\rb", "a\nb", ".well-known/acme-challenge/x", "é" * 513, "x" * 1025])
def test_what_no_object_can_be_called_is_refused_wherever_it_is_given(bucket: Api, name: str) -> None:
    assert put(bucket, "fine").status_code == 200
    metadata = {"Content-Type": "application/json"}
    start = bucket.raw("POST", UPLOAD, params={"uploadType": "resumable"}, json={"name": name}, headers=metadata)

    assert put(bucket, name).status_code == 400
    assert start.status_code == 400
    if name and "/" not in name:
        body: dict[str, Any] = {"sourceObjects": [{"name": "fine"}]}
        path = quote(name, safe="")
        assert bucket.raw("POST", f"{BUCKETS}/records/o/{path}/compose", json=body).status_code in (400, 404)
        assert bucket.raw("POST", f"{BUCKETS}/records/o/fine/copyTo/b/records/o/{path}").status_code in (400, 404)


def test_a_name_may_have_1024_bytes(bucket: Api) -> None:
    assert put(bucket, "é" * 512).status_code == 200


@pytest.mark.parametrize("key", ["contentType", "cacheControl", "contentDisposition", "contentEncoding"])
@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\x00b", "a\x85b", "\x7f"])
def test_what_no_header_can_hold_is_not_stored_as_one(bucket: Api, key: str, value: str) -> None:
    put(bucket, "a")
    metadata = json.dumps({"name": "b", key: value})
    body = f"--b\r\nContent-Type: application/json\r\n\r\n{metadata}\r\n--b\r\n\r\nx\r\n--b--"
    headers = {"Content-Type": "multipart/related; boundary=b"}

    patched = bucket.raw("PATCH", f"{BUCKETS}/records/o/a", json={key: value})
    made = bucket.raw("POST", UPLOAD, params={"uploadType": "multipart"}, data=body.encode(), headers=headers)

    assert (patched.status_code, made.status_code) == (400, 400)
    assert bucket.raw("GET", f"{BUCKETS}/records/o/a?alt=media").content == b"0123456789"


@pytest.mark.parametrize(
    ("header", "status", "content"),
    [
        ("bytes=5-1", 200, b"0123456789"),
        ("bytes=-", 200, b"0123456789"),
        ("bytes=a-b", 200, b"0123456789"),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("bytes=99999999999999999999-", 200, b"0123456789"),
        ("bytes=5-", 206, b"56789"),
        ("bytes=0-", 206, b"0123456789"),
        ("bytes=-3", 206, b"789"),
        ("bytes=-99", 206, b"0123456789"),
        ("bytes=8-99", 206, b"89"),
    ],
)
def test_a_range_is_followed_or_ignored(bucket: Api, header: str, status: int, content: bytes) -> None:
    put(bucket, "a")

    answer = bucket.raw("GET", f"{BUCKETS}/records/o/a?alt=media", headers={"Range": header})

    assert (answer.status_code, answer.content) == (status, content)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_outside_is_416(bucket: Api, header: str) -> None:
    put(bucket, "a")

    assert bucket.raw("GET", f"{BUCKETS}/records/o/a?alt=media", headers={"Range": header}).status_code == 416


@pytest.mark.parametrize(
    "query",
    ["maxResults=x", "maxResults=-1", "pageToken=%C3%A9", "pageToken=!!", f"maxResults={'9' * 5000}"],
)
def test_a_listing_asked_for_nonsense_is_400(bucket: Api, query: str) -> None:
    assert bucket.raw("GET", f"{BUCKETS}/records/o?{query}").status_code == 400


@pytest.mark.parametrize("generation", ["²", "-1", "9" * 5000, "x"])
def test_a_generation_that_is_no_number_is_400(bucket: Api, generation: str) -> None:
    put(bucket, "a")

    assert bucket.raw("GET", f"{BUCKETS}/records/o/a", params={"generation": generation}).status_code == 400
    assert bucket.raw("GET", f"{BUCKETS}/records/o/a", params={"ifGenerationMatch": generation}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"metadata":' * 200 + b"1" + b"}" * 200,
        b'{"contentType": "\\ud800"}',
        b'{"size": NaN}',
        b"[]",
        b'{"contentType": 1}',
        b'{"metadata": []}',
        b'{"sourceObjects": 3}',
        b'{"sourceObjects": [{}]}',
        b'{"sourceObjects": [3]}',
        b'{"sourceObjects": [{"name": "a", "objectPreconditions": 4}]}',
    ],
)
def test_a_body_that_does_not_fit_is_400(bucket: Api, body: bytes) -> None:
    put(bucket, "a")
    for method, path in (("PATCH", "o/a"), ("POST", "o/a/copyTo/b/records/o/c"), ("POST", "o/b/compose")):
        assert bucket.raw(method, f"{BUCKETS}/records/{path}", data=body).status_code == 400, (method, path)
    assert bucket.raw("POST", UPLOAD, params={"uploadType": "resumable", "name": "x"}, data=body).status_code == 400


def test_json_nested_deep_is_400_on_the_control_plane_too(api: Api) -> None:
    for body in (b"[" * 100_000, b'{"labels":' * 500 + b"1" + b"}" * 500):
        status = api.raw("PUT", "pubsub.googleapis.com/v1/projects/dicom-local/topics/t", data=body).status_code
        assert status == 400


@pytest.mark.parametrize(
    ("method", "path", "allowed", "refused"),
    [
        ("POST", "healthcare.googleapis.com/v1/{L}/datasets?datasetId={id}", "A_b-c.1", ["..", ".", "a$b", "x" * 257]),
        ("POST", "secretmanager.googleapis.com/v1/{P}/secrets?secretId={id}", "A_b-1", ["..", "a.b", "é", "x" * 256]),
        ("PUT", "pubsub.googleapis.com/v1/{P}/topics/{id}", "a.b~c%2B", ["1a", "goog-a", "a!b", "a" * 256]),
    ],
)
def test_ids_are_those_that_google_takes(api: Api, method: str, path: str, allowed: str, refused: list[str]) -> None:
    bodies = {"secretmanager": {"replication": {"automatic": {}}}}
    body = bodies.get(path.partition(".")[0], {})

    def made(identifier: str) -> int:
        return api.raw(method, path.format(L=LOCATION, P=PROJECT, id=identifier), json=body).status_code

    assert {identifier: made(identifier) for identifier in refused} == dict.fromkeys(refused, 400)
    assert made(allowed) == 200


def test_a_small_gzipped_upload_does_not_become_a_large_object(bucket: Api) -> None:
    body = gzip.compress(bytes(200 * 2**20), 9)
    headers = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}

    answer = bucket.raw("POST", UPLOAD, params={"uploadType": "media", "name": "a"}, data=body, headers=headers)

    assert answer.status_code == 400
    assert "inflate to more than" in answer.json()["error"]["message"]


def test_a_body_that_is_not_encoded_as_it_says_is_400(bucket: Api) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    answers = [
        bucket.raw("POST", UPLOAD, params={"uploadType": "media", "name": "a"}, data=b"not gzip", headers=headers),
        bucket.raw("PATCH", f"{BUCKETS}/records", data=b"not gzip", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [400, 400]


def test_a_clock_set_back_looks_like_no_retention_policy(bucket: Api, clock: Clock) -> None:
    put(bucket, "a")
    clock.advance(-3600)

    assert put(bucket, "a", b"new").status_code == 200
    assert bucket.raw("GET", f"{BUCKETS}/records/o/a?alt=media").content == b"new"
    assert bucket.raw("DELETE", f"{BUCKETS}/records/o/a").status_code == 204
