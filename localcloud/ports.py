"""What services of the local cloud need of each other. Each gets its ports in its constructor, from `assemble.py`.

None of these checks a permission: who calls through a port has checked it.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from localcloud.iam.principal import Principal

AccessKind = Literal["ADMIN_READ", "ADMIN_WRITE", "DATA_READ", "DATA_WRITE"]
"""The type of a permission, which decides the audit log."""


class Access(NamedTuple):
    """One call of an API, as audit logs describe it. Holds no attribute of a patient."""

    principal: Any
    """Who calls, a `Principal`; the e-mail once it is written down."""
    service: str
    """`healthcare.googleapis.com`."""
    method: str
    """As Google's audit logs call it."""
    kind: AccessKind
    permission: str
    resource: str
    status: int
    """Of HTTP; 499 when the caller went away."""
    message: str = ""
    caller: str = ""
    """IP address."""
    agent: str = ""
    delta: dict[str, Any] | None = None
    """What a changed policy has more or less (`PolicyDelta`)."""


class AuditLog(Protocol):
    """Takes every call; keeps those that the project's audit configuration asks for."""

    def take(self, access: Access) -> None: ...

    def asks(self, service: str, kind: str, principal: Principal) -> bool:
        """Whether `take` would keep such an access, so that nobody describes one for nothing."""
        ...


class NoAuditLog:
    """Keeps nothing: for a control plane on its own."""

    def take(self, access: Access) -> None:
        del access

    def asks(self, service: str, kind: str, principal: Principal) -> bool:
        del service, kind, principal
        return False


class EntryLog(Protocol):
    """Cloud Logging as a writer sees it."""

    def write(self, entry: dict[str, Any]) -> None:
        """Keep a `LogEntry` with `logName`, `timestamp` and `insertId`."""
        ...


class Publisher(Protocol):
    """Pub/Sub as a publisher sees it."""

    def publish(self, topic: str, data: bytes, attributes: dict[str, str]) -> str:
        """Publish to `projects/P/topics/T`; returns the message's id."""
        ...


class ObjectFiles(Protocol):
    """Cloud Storage's objects as another service of Google reads and writes them."""

    def object_path(self, bucket: str, name: str) -> Path | None:
        """The file with the object's content, or None."""
        ...

    def object_names(self, bucket: str, prefix: str) -> list[str]:
        """Names of live objects, sorted."""
        ...

    def put_object(self, bucket: str, name: str, chunks: Iterable[bytes], content_type: str) -> None:
        """Make this the live object."""
        ...


class TaskSpawner(Protocol):
    """The server's event loop as a service sees it."""

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run the coroutine to its end in the background. Callable from any thread."""
        ...
