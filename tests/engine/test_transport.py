"""Both transports carry the same request; the HTTP one keeps its connections."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from engine import DirectTransport, HttpTransport
from engine.api_request import ApiRequest
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.control.plane import ControlPlane


class Mirror(BaseHTTPRequestHandler):
    """Answers with what it was asked; `/…/teapot` is not JSON, `/…/hang-up` closes without an answer."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        if self.path.endswith("hang-up"):
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode()
        told = {"path": self.path, "body": body, "authorization": self.headers["Authorization"]}
        answer = b"I'm a teapot" if self.path.endswith("teapot") else json.dumps(told).encode()
        self.send_response(418 if self.path.endswith("teapot") else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a test's output is its own."""


class Counting(ThreadingHTTPServer):
    daemon_threads = True
    connections = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


@pytest.fixture
def server() -> Iterator[Counting]:
    mirror = Counting(("127.0.0.1", 0), Mirror)
    thread = threading.Thread(target=lambda: mirror.serve_forever(poll_interval=0.01))
    thread.start()
    yield mirror
    mirror.shutdown()
    thread.join()
    mirror.server_close()


def base(server: Counting) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def post(path: str, **more: Any) -> ApiRequest:
    return ApiRequest(host="pubsub.googleapis.com", method="POST", path=path, **more)


def test_host_path_query_body_and_token_arrive(server: Counting):
    transport = HttpTransport(base(server), "secret-token")
    request = post("/v1/projects/p/topics/t:publish", query={"updateMask": "a,b", "x": "1 2"}, body={"a": None})

    answer = transport.send(request)

    assert answer.status == 200
    assert answer.body == {
        "path": "/pubsub.googleapis.com/v1/projects/p/topics/t:publish?updateMask=a%2Cb&x=1+2",
        "body": '{"a":null}',
        "authorization": "Bearer secret-token",
    }


def test_a_request_without_body_sends_none(server: Counting):
    assert HttpTransport(base(server), "t").send(post("/v1/x")).body["body"] == ""


def test_requests_of_a_thread_share_one_connection_and_threads_share_none(server: Counting):
    transport = HttpTransport(base(server), "t")

    def ask() -> None:
        for _ in range(3):
            transport.send(post("/v1/x"))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ask()

    assert server.connections == 3


def test_an_answer_that_is_not_json_comes_as_an_error_body(server: Counting):
    answer = HttpTransport(base(server), "t").send(post("/v1/teapot"))

    assert (answer.status, answer.body) == (418, {"error": {"message": "I'm a teapot"}})


def test_a_server_that_hangs_up_is_an_os_error_and_the_next_request_connects_anew(server: Counting):
    transport = HttpTransport(base(server), "t")

    with pytest.raises(OSError, match=r"broke off|reset"):
        transport.send(post("/v1/hang-up"))
    assert transport.send(post("/v1/x")).status == 200


def test_nobody_there_is_an_os_error():
    with pytest.raises(OSError, match="refused"):
        HttpTransport("http://127.0.0.1:9", "t").send(post("/v1/x"))


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ValueError, match="looks like http"):
        HttpTransport("127.0.0.1:8787", "t")


def test_the_direct_one_asks_the_plane_as_the_principal_and_records_if_asked(tmp_path: Path):
    cloud = Cloud(data=tmp_path, project="p", awkward=WITHOUT_WAITING)
    plane = ControlPlane(cloud)
    request = ApiRequest(host="cloudresourcemanager.googleapis.com", method="GET", path=f"/v1/projects/{cloud.project}")
    allowed = DirectTransport(plane, f"Bearer {cloud.iam.token(cloud.iam.owner)}", record=True)

    assert allowed.send(request).body["projectId"] == "p"
    assert allowed.sent == [request]
    assert DirectTransport(plane, "Bearer nobody").send(request).status == 401
