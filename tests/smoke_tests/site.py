"""A released viewer in miniature: a few files with the headers that the real one has, and room for mistakes."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STORE = "https://healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/dicomStores/raw/dicomWeb"
CLIENT = "1-a.apps.googleusercontent.com"
WORKER, WASM = "assets/engine-1/dataLoader.worker.min.js", "assets/engine-1/decode.wasm"
PAGE = b"<!doctype html><html><body>viewer</body></html>"
CONFIG = f'window.config = {{"servers": [{{"url": "{STORE}"}}], "oidc": {{"clientId": "{CLIENT}"}}}};\n'
POLICY = f"default-src 'none'; script-src 'self'; connect-src 'self' {STORE}/; frame-ancestors 'self'"


@dataclass
class Site:
    """`files`: path -> (type, content). Unknown paths get the page, except under assets/."""

    files: dict[str, tuple[str, bytes]]
    headers: dict[str, str]
    manifest: dict[str, dict[str, object]] = field(default_factory=dict)

    def answer(self, path: str) -> tuple[int, str, bytes]:
        if path in self.files:
            return (200, *self.files[path])
        if path == "release.json":
            return 200, "application/json", json.dumps({"files": self.manifest}).encode()
        if path.startswith("assets/"):
            return 404, "text/html", b"<html>not here</html>"
        return 200, "text/html", PAGE


def released() -> Site:
    """As it should be; break it afterwards."""
    files = {
        "index.html": ("text/html", PAGE),
        "config/local.js": ("text/javascript", CONFIG.encode()),
        WORKER: ("text/javascript", b"onmessage = () => {}"),
        WASM: ("application/wasm", b"\0asm\1\0\0\0"),
    }
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), microphone=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    manifest: dict[str, dict[str, object]] = {
        f"/{path}": {"type": kind, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for path, (kind, content) in files.items()
    }
    return Site(files, headers, manifest)


@contextmanager
def serving(answer: Callable[[str], tuple[int, str, bytes]], headers: dict[str, str]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            status, kind, content = answer(self.path.lstrip("/"))
            self.send_response(status)
            kept = {} if status == 200 else {"Cache-Control": "no-store"}
            for name, value in {**headers, **kept, "Content-Type": f"{kind}; charset=utf-8"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
