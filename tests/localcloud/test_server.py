"""The listener: loopback only, Google's error shape, the owner's token route."""

from __future__ import annotations

import errno
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from localcloud.cloud import Cloud
from localcloud.server import LocalServer, PortTaken, bind, running
from ops.local.client import ApiRefused, access_token
from ops.local.state import RunningCloud


def call(url: str, *, token: str = "", data: bytes | None = None, method: str = "GET") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture
def cloud(tmp_path: Path) -> Any:
    cloud = Cloud(data=tmp_path)
    with running(cloud):
        yield cloud


def test_it_listens_on_loopback_only() -> None:
    sock = bind(0)

    assert sock.getsockname()[0] == "127.0.0.1"
    sock.close()


def test_a_taken_port_is_named_with_another_to_try() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(PortTaken, match=rf"port {port} on 127\.0\.0\.1 is taken .*make up PORT={port + 10}"):
            bind(port)


@pytest.mark.parametrize("port", [-1, 70000])
def test_a_port_that_cannot_be_is_refused_in_words(port: int) -> None:
    with pytest.raises(PortTaken, match=rf"port {port} "):
        bind(port)


def test_without_a_token_the_answer_is_401_in_googles_shape(cloud: Cloud) -> None:
    status, body = call(f"{cloud.base}/pubsub.googleapis.com/v1/projects/dicom-local/topics")

    assert status == 401
    assert body["error"]["status"] == "UNAUTHENTICATED"


def test_a_body_that_is_not_json_is_a_400_and_the_server_lives(cloud: Cloud) -> None:
    token = cloud.iam.token(cloud.iam.owner)
    url = f"{cloud.base}/pubsub.googleapis.com/v1/projects/dicom-local/topics/t"

    status, body = call(url, token=token, data=b"{nope", method="PUT")

    assert (status, body["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert call(url, token=token, data=b"{}", method="PUT")[0] == 200


def test_an_unknown_api_is_named(cloud: Cloud) -> None:
    status, body = call(f"{cloud.base}/nosuch.googleapis.com/v1/things", token=cloud.iam.token(cloud.iam.owner))

    assert status == 404
    assert "nosuch.googleapis.com" in body["error"]["message"]


def test_a_bug_of_ours_is_a_500_in_googles_shape_and_its_trace_is_kept(cloud: Cloud) -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError

    cloud.methods["pubsub.v1:projects.topics.list"] = broken
    url = f"{cloud.base}/pubsub.googleapis.com/v1/projects/dicom-local/topics"

    status, body = call(url, token=cloud.iam.token(cloud.iam.owner))

    assert (status, body["error"]["status"]) == (500, "INTERNAL")
    assert "ZeroDivisionError" in (cloud.data / "logs" / "server.log").read_text()


def test_a_background_task_that_fails_is_written_down(tmp_path: Path) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    server = LocalServer(Cloud(data=tmp_path), bind(0))
    server.parts.tasks.spawn(broken())

    log, deadline = tmp_path / "logs" / "server.log", time.monotonic() + 10
    while not log.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    server.stop()
    assert "ZeroDivisionError" in log.read_text()


def state_of(cloud: Cloud) -> RunningCloud:
    key = str(cloud.iam.credentials_file)
    return RunningCloud(pid=1, port=1, base=cloud.base, project=cloud.project, data="", credentials=key)


def test_the_owner_gets_a_working_token_for_somebody_else(cloud: Cloud) -> None:
    owner = cloud.iam.token(cloud.iam.owner)
    url = f"{cloud.base}/iam.googleapis.com/v1/projects/dicom-local/serviceAccounts"
    call(url, token=owner, data=b'{"accountId": "reader-1"}', method="POST")

    token = access_token(state_of(cloud), "reader-1@dicom-local.iam.gserviceaccount.com")

    assert cloud.iam.authenticate(f"Bearer {token}").email == "reader-1@dicom-local.iam.gserviceaccount.com"
    status, body = call(f"{cloud.base}/_local/token?as={cloud.iam.owner}", token=token)
    assert (status, "only owner@" in body["error"]["message"]) == (403, True)


def test_a_principal_nobody_knows_is_refused_with_the_known_ones(cloud: Cloud) -> None:
    with pytest.raises(ApiRefused, match=r"nobody@example\.org.*owner@dicom-local"):
        access_token(state_of(cloud), "nobody@example.org")


def test_stopping_leaves_no_listener_and_no_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    cloud = Cloud(data=tmp_path)
    with running(cloud):
        port = int(cloud.base.rsplit(":", 1)[1])

    assert set(threading.enumerate()) <= before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_what_a_client_was_told_is_kept_before_the_run_ends(cloud: Cloud, tmp_path: Path) -> None:
    kept = tmp_path / "resources.json"
    cloud.resources.keep(kept)

    call(
        f"{cloud.base}/pubsub.googleapis.com/v1/projects/dicom-local/topics/t",
        token=cloud.iam.token(cloud.iam.owner),
        data=b"{}",
        method="PUT",
    )

    assert "projects/dicom-local/topics/t" in kept.read_text()


def test_a_full_disk_is_said(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cloud.resources, "flush", full)

    status, body = call(f"{cloud.base}/healthcare.googleapis.com/v1/nothing", token=cloud.iam.token(cloud.iam.owner))

    assert (status, body["error"]["status"]) == (507, "RESOURCE_EXHAUSTED")
    assert str(cloud.data) in body["error"]["message"]


def test_the_keys_holder_gets_a_token_where_the_key_says(cloud: Cloud) -> None:
    key = service_account.Credentials.from_service_account_file(str(cloud.iam.credentials_file))

    key.refresh(Request())

    caller = cloud.iam.authenticate(f"Bearer {key.token}")
    assert caller.email == cloud.iam.owner


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (b"grant_type=password", "unsupported_grant_type"),
        (b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c", "invalid_grant"),
        (b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer", "invalid_grant"),
    ],
)
def test_nobody_else_gets_one(cloud: Cloud, form: bytes, said: str) -> None:
    status, body = call(f"{cloud.base}/oauth2.googleapis.com/token", data=form, method="POST")

    assert (status, said in body["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    "lines",
    ["Content-Length: many", "Content-Length: -1", "Transfer-Encoding: gzip", "X-Long: " + "x" * 9000, "no colon"],
)
@pytest.mark.parametrize("path", ["/healthcare.googleapis.com/v1/a/dicomWeb/studies", "/iam.googleapis.com/v1/x"])
def test_what_is_no_http_is_refused_in_googles_shape(cloud: Cloud, path: str, lines: str) -> None:
    port = int(cloud.base.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            head, _, body = answer.read().partition(b"\r\n\r\n")

    assert b" 400 " in head.splitlines()[0]
    assert b"application/json" in head
    error = json.loads(body)["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert "no valid HTTP request" in error["message"]


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 500 + b"]" * 500])
def test_json_nested_deep_is_refused(cloud: Cloud, body: bytes) -> None:
    url = f"{cloud.base}/pubsub.googleapis.com/v1/projects/dicom-local/topics/t"

    status, answer = call(url, token=cloud.iam.token(cloud.iam.owner), data=body, method="PUT")

    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("coding", ["deflate", "br", "nope"])
def test_a_body_in_another_coding_is_refused_at_once(cloud: Cloud, coding: str) -> None:
    """A `deflate` body that is cut off would never end for the library below."""
    headers = {"Authorization": f"Bearer {cloud.iam.token(cloud.iam.owner)}", "Content-Encoding": coding}
    url = f"{cloud.base}/pubsub.googleapis.com/v1/projects/dicom-local/topics/t"
    request = urllib.request.Request(url, data=b"{}", method="PUT", headers=headers)

    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request, timeout=5)


def test_a_list_of_what_is_not_kept_is_501(cloud: Cloud) -> None:
    url = f"{cloud.base}/logging.googleapis.com/v2/projects/dicom-local/logs"

    assert call(url, token=cloud.iam.token(cloud.iam.owner))[0] == 501
