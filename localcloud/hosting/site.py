"""One site's origin: a listener on 127.0.0.1 that serves whatever version is live, as Firebase's edge does.

It knows neither the REST API nor who may release; it asks for the live version at each request.
"""

from __future__ import annotations

import contextlib
import gzip
import mimetypes
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from localcloud.hosting import rules

NOT_FOUND = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<h1>{title}</h1><p>{why}</p></html>
"""


@dataclass(frozen=True, kw_only=True)
class Live:
    """A finalized version as it is served: path → SHA-256 of the gzipped content, and the ServingConfig."""

    files: Mapping[str, str]
    config: Mapping[str, Any]


def listen(after: int, preferred: int | None = None) -> socket.socket:
    """A listening socket on the preferred port, else on the first free one above `after`."""
    for port in ([preferred] if preferred else []) + list(range(after + 1, 65536)):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            sock.listen(128)
            return sock
        sock.close()
    raise OSError(f"no free port above {after} on 127.0.0.1 for a hosting site; start the local cloud on a lower port")


class Site:
    """Serves `live()` on its own origin until closed."""

    def __init__(
        self, name: str, sock: socket.socket, live: Callable[[], Live | None], blob: Callable[[str], Path]
    ) -> None:
        self.name = name
        self.origin = f"http://127.0.0.1:{sock.getsockname()[1]}"
        self._sock = sock
        self._live = live
        self._blob = blob
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = self._runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.SockSite(runner, self._sock).start()

    async def close(self) -> None:
        if self._runner:
            await self._runner.cleanup()
        self._sock.close()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, text="Hosting answers GET and HEAD only.\n", headers={"Allow": "GET, HEAD"})
        live = self._live()
        if live is None:
            why = f"Nothing has been released to the site “{self.name}” yet. Run: python -m ops viewer release"
            return _page(404, "Site Not Found", why)
        path = request.path
        answer = rules.answer(path, live.files, live.config)
        extra = rules.headers(path, live.config)
        if answer.location is not None:
            return web.Response(status=answer.status, headers={**extra, "Location": answer.location})
        if answer.file is None:
            return _page(answer.status, "Page Not Found", "The requested URL was not found on this site.", extra)
        return self._file(request, answer, live.files[answer.file], extra)

    def _file(
        self, request: web.Request, answer: rules.HostingAnswer, digest: str, extra: dict[str, str]
    ) -> web.Response:
        content = self._blob(digest).read_bytes()
        head = {
            "Content-Type": content_type(answer.file or ""),
            "Cache-Control": "max-age=3600",
            "ETag": f'"{digest}"',
            "Vary": "Accept-Encoding",
            "Strict-Transport-Security": "max-age=31556926",
        }
        names = {name.lower(): name for name in head}
        for name, value in extra.items():
            head.pop(names.get(name.lower(), ""), None)
            head[name] = value
        if request.headers.get("If-None-Match") == head["ETag"] and answer.status == 200:
            return web.Response(status=304, headers={k: v for k, v in head.items() if k != "Content-Type"})
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            head["Content-Encoding"] = "gzip"
        else:
            content = gzip.decompress(content)
        return web.Response(status=answer.status, body=content, headers=head)


def content_type(path: str) -> str:
    """What Firebase sends for a file name; text is UTF-8."""
    if path.endswith(".wasm"):
        return "application/wasm"
    if path.endswith((".js", ".mjs")):
        return "text/javascript; charset=utf-8"
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind == "application/json" else kind


def _page(status: int, title: str, why: str, extra: Mapping[str, str] | None = None) -> web.Response:
    text = NOT_FOUND.format(title=title, why=why)
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=extra)
