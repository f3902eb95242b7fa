"""Long-running operations: started, updated, finished, read. Their names are without API version."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

from localcloud.control.resources import Resources
from localcloud.errors import STATUS, ApiError
from localcloud.forms import timestamp

KEPT = "operations of "
"""Before the host of an API, where its operations are among the resources."""
RPC_CODE = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 412: 9, 429: 8, 500: 13, 501: 12, 503: 14, 504: 4}
"""google.rpc.Code of an HTTP status."""


class Operations:
    """All operations of one local cloud, kept with its resources (Google keeps them for some weeks)."""

    def __init__(self, clock: Callable[[], float], resources: Resources) -> None:
        self._clock, self._resources = clock, resources
        self._lock = threading.Lock()

    def new(self, host: str, prefix: str, metadata: dict[str, Any] | None = None) -> str:
        """Start an operation; returns its name, `<prefix>/operations/<id>` (without a prefix: `operations/<id>`)."""
        name = f"{prefix}/operations/{uuid.uuid4().hex}".lstrip("/")
        with self._lock:
            started = {"name": name, "metadata": {"createTime": self._now(), **(metadata or {})}}
            self._resources.put(KEPT + host, name, started)
        return name

    def update(self, host: str, name: str, metadata: dict[str, Any]) -> None:
        """Merge `metadata` (progress counters, for instance) into the operation's."""
        self._change(host, name, metadata, {})

    def finish(self, host: str, name: str, response: dict[str, Any]) -> dict[str, Any]:
        """Finish with `response`; returns the operation."""
        return self._change(host, name, {"endTime": self._now()}, {"done": True, "response": response})

    def fail(self, host: str, name: str, code: int, message: str) -> dict[str, Any]:
        """Finish with an error; `code` is the HTTP status that fits, the operation carries its google.rpc code."""
        error = {"code": RPC_CODE.get(code, 2), "message": message, "status": STATUS.get(code, "UNKNOWN")}
        return self._change(host, name, {"endTime": self._now()}, {"done": True, "error": error})

    def get(self, host: str, name: str) -> dict[str, Any]:
        operation = self._resources.get(KEPT + host, name)
        if operation is None:
            raise ApiError(404, f"Operation {name} not found.")
        return operation

    def all(self, host: str, prefix: str) -> list[dict[str, Any]]:
        """The operations under `<prefix>/operations/`, oldest first."""
        start = f"{prefix}/operations/".lstrip("/")
        started = [op for name, op in self._resources.all(KEPT + host).items() if name.startswith(start)]
        return sorted(started, key=lambda operation: operation["metadata"]["createTime"])

    def fail_unfinished(self) -> None:
        """After a restart: what was running when the local cloud ended will not go on."""
        why = "the local cloud was restarted while this was running"
        for kept in self._resources.hosts():
            for name, operation in self._resources.all(kept).items():
                if kept.startswith(KEPT) and not operation.get("done"):
                    self.fail(kept.removeprefix(KEPT), name, 503, why)

    def _change(self, host: str, name: str, metadata: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            operation = self.get(host, name)
            changed = {**operation, "metadata": {**operation["metadata"], **metadata}, **fields}
            self._resources.put(KEPT + host, name, changed)
            return changed

    def _now(self) -> str:
        return timestamp(self._clock())
