"""The local cloud's one listener: raw routes of the services first, then every other path goes to the control plane.

It binds 127.0.0.1 only. It does not know what any API means.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
import traceback
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from engine.api_request import ApiRequest
from localcloud.assemble import Parts, assemble
from localcloud.background import BackgroundTasks
from localcloud.cloud import Cloud
from localcloud.errors import ApiError
from localcloud.forms import parse_json
from localcloud.loopback import only_loopback
from localcloud.protocol import HttpRunner

MAX_BODY = 10 * 2**20
"""Bytes of a request to the control plane: Google's limit for everything but uploads."""


MAX_FIELDS = 20
"""Fields of a form."""
CODINGS = ("identity", "gzip")
"""Of request bodies. aiohttp waits for ever for the rest of a `deflate` body that is cut off."""
STOP_SECONDS = 3.0
"""What requests that are under way get when the server stops."""


class PortTaken(Exception):
    """The port we were told to use belongs to somebody else."""


def bind(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1; port 0 takes any free one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
        sock.listen(256)
    except (OSError, OverflowError) as error:
        sock.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"port {port} on 127.0.0.1 is taken by another program; choose another one: make up PORT={port + 10}"
            ) from error
        raise PortTaken(f"port {port} on 127.0.0.1 cannot be used: {error}") from error
    return sock


def google_errors(log: Path) -> Middleware:
    """Answer an `ApiError` of a raw route in Google's shape; a bug of ours as a 500 whose trace is in `log`."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if (coding := request.headers.get("Content-Encoding", "identity")).lower() not in CODINGS:
            return refusal(ApiError(400, f"Content-Encoding {coding!r} is not supported: use {' or '.join(CODINGS)}."))
        try:
            return await handler(request)
        except ApiError as error:
            return refusal(error)
        except web.HTTPRequestEntityTooLarge:
            return refusal(ApiError(400, f"Request payload size exceeds the limit: {MAX_BODY} bytes."))
        except web.RequestPayloadError:
            return refusal(ApiError(400, "The request body is not encoded as its headers say."))
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                return refusal(
                    ApiError(507, f"The disk of the local cloud is full at {log.parent.parent}: free space.")
                )
            note(log, f"{request.method} {request.path}", error)
            return refusal(ApiError(500, f"Internal error of the local cloud on {request.path}; its trace is in {log}"))

    return answer


def note(log: Path, where: str, error: BaseException) -> None:
    text = f"{where}\n{''.join(traceback.format_exception(error))}\n"
    with contextlib.suppress(OSError):  # what cannot be written down must still be answered
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as file:
            file.write(text)


def refusal(error: ApiError) -> web.Response:
    return web.json_response(error.body(), status=error.code, headers=challenge(error.code))


def challenge(status: int) -> dict[str, str] | None:
    """What a 401 must say (RFC 9110 §11.6.1)."""
    return {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'} if status == 401 else None


def control_handler(parts: Parts) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = parse_json(raw)
        answer = parts.plane.handle(
            ApiRequest(
                host=request.match_info["host"],
                method=request.method,
                path="/" + request.match_info["path"],
                query=dict(request.query),
                body=body,
                authorization=request.headers.get("Authorization"),
                caller=request.remote or "",
                agent=request.headers.get("User-Agent", ""),
                user_project=request.headers.get("X-Goog-User-Project", ""),
            )
        )
        parts.cloud.resources.flush()
        return web.json_response(answer.body, status=answer.status, headers=challenge(answer.status))

    return handle


def token_handler(parts: Parts) -> Handler:
    """`/_local/token?as=E-MAIL`: what `python -m ops token` asks, for the owner's eyes only."""

    async def handle(request: web.Request) -> web.StreamResponse:
        iam = parts.cloud.iam
        caller = iam.authenticate(request.headers.get("Authorization"))
        if caller.email != iam.owner:
            raise ApiError(403, f"only {iam.owner} may ask for the tokens of others; you are {caller.email}")
        return web.json_response({"access_token": iam.token(request.query.get("as", "")), "expires_in": 3600})

    return handle


def parse_form(raw: bytes) -> dict[str, str]:
    """Raises `ApiError` 400 for more fields than any grant has."""
    try:
        return dict(parse_qsl(raw.decode("utf-8", "replace"), max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise ApiError(400, f"invalid_request: {error}") from error


def grant_handler(parts: Parts) -> Handler:
    """The key file's `token_uri`: client libraries that do not sign their own tokens ask here."""

    async def handle(request: web.Request) -> web.StreamResponse:
        form = parse_form(await request.read())
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            raise ApiError(400, "unsupported_grant_type: only JWTs signed with the owner's key are exchanged here.")
        token = parts.cloud.iam.exchange(form.get("assertion", ""))
        return web.json_response({"access_token": token, "expires_in": 3600, "token_type": "Bearer"})

    return handle


def log_of(cloud: Cloud) -> Path:
    """Where bugs of the local cloud itself are written."""
    return cloud.data / "logs" / "server.log"


def build_app(parts: Parts) -> web.Application:
    app = web.Application(middlewares=[only_loopback, google_errors(log_of(parts.cloud))], client_max_size=MAX_BODY)
    for service in parts.services:
        if hasattr(service, "routes"):
            service.routes(app)
    app.router.add_get("/_local/token", token_handler(parts))
    app.router.add_post("/oauth2.googleapis.com/token", grant_handler(parts))
    app.router.add_route("*", "/{host}/{path:.*}", control_handler(parts))
    return app


class LocalServer:
    """The event loop of one local cloud in a thread of its own."""

    def __init__(self, cloud: Cloud, sock: socket.socket) -> None:
        cloud.base = f"http://127.0.0.1:{sock.getsockname()[1]}"
        self._log = log_of(cloud)
        self.loop = asyncio.new_event_loop()
        self._tasks = BackgroundTasks(
            self.loop, lambda where, error: note(self._log, where, error), cloud.resources.flush
        )
        self._thread = threading.Thread(target=self._run, name="local-cloud", daemon=True)
        self._thread.start()
        self.parts = assemble(cloud, self._tasks)
        try:
            self._wait(self._start(sock))
        except BaseException:
            self.stop()
            raise

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _wait(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    async def _start(self, sock: socket.socket) -> None:
        self._runner = HttpRunner(
            build_app(self.parts), access_log=None, handler_cancellation=True, shutdown_timeout=STOP_SECONDS
        )
        await self._runner.setup()
        await web.SockSite(self._runner, sock, backlog=256).start()

    async def _close(self) -> None:
        for service in reversed(self.parts.services):
            if hasattr(service, "close"):
                await service.close()
        await self._tasks.cancel()
        if hasattr(self, "_runner"):
            await self._runner.cleanup()

    def stop(self) -> None:
        """End children, requests and the loop; returns when nothing is left."""
        self._wait(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@contextlib.contextmanager
def running(cloud: Cloud, port: int = 0) -> Generator[Parts]:
    """A served local cloud for the length of a `with`; sets `cloud.base`. Raises `PortTaken`."""
    server = LocalServer(cloud, bind(port))
    try:
        yield server.parts
    finally:
        server.stop()
