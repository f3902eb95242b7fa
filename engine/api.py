"""Requests as the provider makes them: an answer or a `Refused` in one sentence; operations followed to their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.api_request import ApiRequest
from engine.provider import Refused
from engine.transport import Transport

Json = dict[str, Any]

FIRST_PAUSE, LONGEST_PAUSE, PATIENCE = 0.02, 1.0, 600.0
"""Seconds between two looks at an operation, doubling, and until it is given up."""


class Api:
    """The APIs behind one transport."""

    def __init__(self, transport: Transport, sleep: Callable[[float], None]) -> None:
        self._transport = transport
        self._sleep = sleep

    def call(self, host: str, verb: str, path: str, query: dict[str, str] | None = None, body: Any = None) -> Json:
        """The body of a 200. `host` is without `.googleapis.com`."""
        status, answer = self._send(host, verb, path, query, body)
        if status >= 300:
            raise refusal(f"{verb} {path} of {host}", status, answer)
        return answer

    def find(self, host: str, path: str, query: dict[str, str] | None = None) -> Json | None:
        """What a GET finds; None when there is nothing."""
        status, answer = self._send(host, "GET", path, query, None)
        if status == 404:
            return None
        if status >= 300:
            raise refusal(f"GET {path} of {host}", status, answer)
        return answer

    def finish(self, host: str, version: str, operation: Json) -> Json:
        """The response of a long-running operation, once it is done; any other answer comes back as it is."""
        if "/operations/" not in f"/{operation.get('name', '')}":
            return operation
        name, pause, waited = operation["name"], FIRST_PAUSE, 0.0
        while not operation.get("done"):
            if waited:
                self._sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            if waited > PATIENCE:
                raise Refused(f"the operation {name} of {host} is not done after {PATIENCE:.0f} s")
            waited += pause
            operation = self.call(host, "GET", f"/{version}/{name}")
        if "error" in operation:
            raise refusal(f"the operation {name} of {host}", operation["error"].get("code", 500), operation)
        return operation.get("response", {})

    def _send(self, host: str, verb: str, path: str, query: dict[str, str] | None, body: Any) -> tuple[int, Json]:
        request = ApiRequest(host=f"{host}.googleapis.com", method=verb, path=path, query=query or {}, body=body)
        try:
            response = self._transport.send(request)
        except OSError as error:
            raise Refused(f"{verb} {path}: nobody answers for {request.host}: {error}") from error
        return response.status, response.body or {}


def refusal(what: str, status: int, answer: Json) -> Refused:
    """One sentence from Google's error body, with the field at fault where it says so."""
    error = answer.get("error", {})
    message = str(error.get("message") or "no reason given").strip().replace("\n", "; ")
    violations = [
        violation.get("field", "")
        for detail in error.get("details", [])
        for violation in detail.get("fieldViolations", [])
    ]
    return Refused(f"{what} answered {status}: {message}", ", ".join(filter(None, violations)))
