"""Long-running operations: started, updated, finished, read. Their names are without API version."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

from localcloud.errors import STATUS, ApiError
from localcloud.forms import timestamp

RPC_CODE = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 412: 9, 429: 8, 500: 13, 501: 12, 503: 14, 504: 4}
"""google.rpc.Code of an HTTP status."""


class Operations:
    """All operations of one local cloud; they live as long as the process (Google keeps them for some weeks)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._operations: dict[tuple[str, str], dict[str, Any]] = {}

    def new(self, host: str, prefix: str, metadata: dict[str, Any] | None = None) -> str:
        """Start an operation; returns its name, `<prefix>/operations/<id>` (without a prefix: `operations/<id>`)."""
        name = f"{prefix}/operations/{uuid.uuid4().hex}".lstrip("/")
        with self._lock:
            self._operations[host, name] = {"name": name, "metadata": {"createTime": self._now(), **(metadata or {})}}
        return name

    def update(self, host: str, name: str, metadata: dict[str, Any]) -> None:
        """Merge `metadata` (progress counters, for instance) into the operation's."""
        self._change(host, name, metadata, {})

    def done(self, host: str, name: str, response: dict[str, Any]) -> dict[str, Any]:
        """Finish with `response`; returns the operation."""
        return self._change(host, name, {"endTime": self._now()}, {"done": True, "response": response})

    def fail(self, host: str, name: str, code: int, message: str) -> dict[str, Any]:
        """Finish with an error; `code` is the HTTP status that fits, the operation carries its google.rpc code."""
        error = {"code": RPC_CODE.get(code, 2), "message": message, "status": STATUS.get(code, "UNKNOWN")}
        return self._change(host, name, {"endTime": self._now()}, {"done": True, "error": error})

    def get(self, host: str, name: str) -> dict[str, Any]:
        try:
            return self._operations[host, name]
        except KeyError:
            raise ApiError(404, f"Operation {name} not found.") from None

    def all(self, host: str, prefix: str) -> list[dict[str, Any]]:
        """The operations under `<prefix>/operations/`, oldest first."""
        start = f"{prefix}/operations/".lstrip("/")
        with self._lock:
            return [op for (where, name), op in self._operations.items() if where == host and name.startswith(start)]

    def _change(self, host: str, name: str, metadata: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            operation = self.get(host, name)
            changed = {**operation, "metadata": {**operation["metadata"], **metadata}, **fields}
            self._operations[host, name] = changed
            return changed

    def _now(self) -> str:
        return timestamp(self._clock())
