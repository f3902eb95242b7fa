from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ops.client.refusal import OpsRefused
from ops.deliver.pins import pin

FOUND = "sha256:" + "d" * 64


class Registry(BaseHTTPRequestHandler):
    """Answers as Docker Hub does: a token first, then the digest of the tag `3.12-slim`."""

    def do_HEAD(self) -> None:
        if self.headers.get("Authorization") != "Bearer anonymous":
            self.send_response(401)
            realm = f"http://127.0.0.1:{self.server.server_address[1]}/token"
            self.send_header("WWW-Authenticate", f'Bearer realm="{realm}",service="r",scope="repository:x:pull"')
        elif self.path == "/v2/library/python/manifests/3.12-slim":
            assert "image.index" in self.headers["Accept"]
            self.send_response(200)
            self.send_header("Docker-Content-Digest", FOUND)
        else:
            self.send_response(404)
        self.end_headers()

    def do_GET(self) -> None:
        assert self.path == "/token?service=r&scope=repository%3Ax%3Apull"
        body = b'{"token": "anonymous"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_address[1]}"
    made = tmp_path / "builders.yaml"
    made.write_text(
        f'# Read this.\npulumi:\n  image: {host}/pulumi\n  tag: "9"\n  digest: ""\n'
        f'python:\n  image: {host}/library/python\n  tag: 3.12-slim\n  digest: ""\n'
    )
    yield made
    server.shutdown()
    server.server_close()


def test_the_digest_of_one_builder_is_written_and_the_rest_stays(file: Path) -> None:
    before = file.read_text()

    pin("python", file, "http")

    head, _, tail = before.rpartition('digest: ""')
    assert file.read_text() == f"{head}digest: {FOUND}{tail}"
    pin("python", file, "http")
    assert file.read_text().count(FOUND) == 1


def test_a_tag_that_the_registry_does_not_have_changes_nothing(file: Path) -> None:
    before = file.read_text()

    with pytest.raises(OpsRefused, match=r"answered 404 for 127\.0\.0\.1:\d+/pulumi:9; correct its image or tag"):
        pin("pulumi", file, "http")

    assert file.read_text() == before


def test_an_unknown_builder_is_named_with_those_that_there_are(file: Path) -> None:
    with pytest.raises(OpsRefused, match="no builder 'node'; it has pulumi, python"):
        pin("node", file, "http")
