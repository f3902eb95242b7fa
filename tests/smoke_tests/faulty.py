"""A store with something wrong with it: a proxy in front of a sound one that changes requests or answers on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import requests

HOP = {"connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"}


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    """With the query."""
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    def typed(self, content_type: str) -> Answered:
        return replace(self, headers={**self.headers, "Content-Type": content_type})


Fault = Callable[[Asked, Callable[[Asked], Answered]], Answered]
"""Gets the request and the sound store; gives the answer."""


def sound(asked: Asked, store: Callable[[Asked], Answered]) -> Answered:
    return store(asked)


@contextmanager
def proxy(root: str, fault: Fault = sound) -> Iterator[str]:
    """The root under which `root` is served with this fault."""
    parts, session = urlsplit(root), requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=32))

    def store(asked: Asked) -> Answered:
        got = session.request(
            asked.method,
            f"http://{parts.netloc}{asked.path}",
            headers={**asked.headers, "Accept-Encoding": "identity"},
            data=asked.body,
            timeout=60,
        )
        kept = {name: value for name, value in got.headers.items() if name.lower() not in HOP}
        body = got.content
        if "json" in got.headers.get("Content-Type", ""):  # links lead back here
            body = body.replace(f"//{parts.netloc}/".encode(), f"//127.0.0.1:{server.server_port}/".encode())
        return Answered(got.status_code, kept, body)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 20  # unbuffered, each header would be a packet that waits for its acknowledgement

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in (*HOP, "host")}
            given = fault(Asked(self.command, self.path, headers, self.rfile.read(length)), store)
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

        do_GET = do_POST = do_DELETE = do_OPTIONS = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{parts.path}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        session.close()
