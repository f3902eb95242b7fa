"""Google's APIs for the doctor, as a table of answers on loopback; remembers what was asked with which method."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Answers:
    """By path without query: JSON for 200, or a status. What is not in the table is 404."""

    table: dict[str, Any]
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    root: str = ""


@contextmanager
def answering(table: dict[str, Any]) -> Iterator[Answers]:
    answers = Answers(table)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            path = urlsplit(self.path).path
            answers.asked.append((self.command, path))
            found = answers.table.get(path, 404)
            status = found if isinstance(found, int) else 200
            words = {"error": {"code": status, "message": "not here"}} if isinstance(found, int) else found
            body = json.dumps(words).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    answers.root = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
