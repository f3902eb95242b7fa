"""How the provider's requests reach an API: over HTTP to a served local cloud, or straight into a control plane."""

from __future__ import annotations

import json
import threading
from http.client import HTTPConnection, HTTPException
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from engine.api_request import ApiRequest, ApiResponse


class RequestHandler(Protocol):
    """What answers requests in this process, such as a control plane."""

    def handle(self, request: ApiRequest) -> ApiResponse: ...


class Transport(Protocol):
    def send(self, request: ApiRequest) -> ApiResponse:
        """The API's answer, whatever its status. Raises `OSError` when nobody answers."""
        ...


class DirectTransport:
    """Into the control plane of this process, no socket between. With `record`, `sent` holds the requests."""

    def __init__(self, plane: RequestHandler, authorization: str, *, record: bool = False) -> None:
        self.sent: list[ApiRequest] = []
        self._plane = plane
        self._authorization = authorization
        self._record = record

    def send(self, request: ApiRequest) -> ApiResponse:
        if self._record:
            self.sent.append(request)
        # Through JSON, as on the wire: neither side may keep hold of the other's objects.
        body = None if request.body is None else json.loads(json.dumps(request.body))
        return self._plane.handle(
            ApiRequest(
                host=request.host,
                method=request.method,
                path=request.path,
                query=request.query,
                body=body,
                authorization=self._authorization,
            )
        )


class HttpTransport:
    """Over kept-alive HTTP/1.1 to `<base>/<API host><path>`; thread-safe, one connection a thread."""

    def __init__(self, base: str, token: str, *, record: bool = False, timeout: float = 60.0) -> None:
        self.sent: list[ApiRequest] = []
        parts = urlsplit(base)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"{base!r} is not the address of a local cloud: it looks like http://127.0.0.1:8787")
        self._host, self._port, self._prefix = parts.hostname, parts.port or 80, parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._record = record
        self._timeout = timeout
        self._thread = threading.local()

    def send(self, request: ApiRequest) -> ApiResponse:
        if self._record:
            self.sent.append(request)
        target = f"{self._prefix}/{request.host}{quote(request.path, safe='/:@!$&()*+,;=~')}"
        if request.query:
            target += f"?{urlencode(request.query)}"
        body = None if request.body is None else json.dumps(request.body, separators=(",", ":")).encode()
        status, payload = self._exchange(request.method, target, body)
        return ApiResponse(status=status, body=_json(payload))

    def _connection(self) -> HTTPConnection:
        if not hasattr(self._thread, "connection"):
            self._thread.connection = HTTPConnection(self._host, self._port, timeout=self._timeout)
        return self._thread.connection

    def _exchange(self, method: str, target: str, body: bytes | None) -> tuple[int, bytes]:
        connection = self._connection()
        try:
            connection.request(method, target, body, self._headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except HTTPException as error:
            connection.close()  # the next request opens it anew
            raise ConnectionError(f"{self._host}:{self._port} broke off its answer to {method} {target}") from error
        except OSError:
            connection.close()
            raise


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload) if payload else None
    except ValueError:
        return {"error": {"message": payload[:200].decode(errors="replace")}}
