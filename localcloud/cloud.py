"""What one running local cloud consists of. Services find each other here; none imports another."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from localcloud.control.call import Call, Handler
    from localcloud.control.operations import Operations
    from localcloud.control.resources import Resources
    from localcloud.iam import Iam


def not_wired(what: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"{what}: this part of the local cloud is not assembled")

    return refuse


class Access(NamedTuple):
    """One call of an API, as audit logs tell it. Holds no attribute of a patient."""

    principal: Any
    """Who calls, a `Principal`; the e-mail once it is written down."""
    service: str
    """`healthcare.googleapis.com`."""
    method: str
    """As Google's audit logs call it."""
    kind: Literal["ADMIN_READ", "ADMIN_WRITE", "DATA_READ", "DATA_WRITE"]
    """The type of the permission, which decides the log."""
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


@dataclass(kw_only=True)
class Cloud:
    """State and wiring of one local cloud: one project, one folder, one clock."""

    data: Path
    """Folder for everything kept: blobs, index, logs, keys."""
    base: str = "http://127.0.0.1:8787"
    """Origin that clients reach us at; an API's root is `<base>/<its host>/`."""
    project: str = "dicom-local"
    number: str = "123456789012"
    clock: Callable[[], float] = time.time
    new_project: bool = False
    """Like a new project on Google, where an API answers only once it is enabled; otherwise all are on."""
    duplicates: Literal["reject_all", "accept_identical"] = "reject_all"
    """What a DICOM store answers to an instance that it has: `reject_all` always 409, `accept_identical` 200 when its
    content is the same (sources about Google's store differ)."""
    request_seconds: float = 1800
    """Deadline of the body of a request to a DICOM store, and of an answer's."""

    resources: Resources = field(init=False)
    operations: Operations = field(init=False)
    iam: Iam = field(init=False)
    methods: dict[str, Handler] = field(default_factory=dict[str, "Handler"])
    """Methods answered by a service instead of generic create/get/patch/delete, keyed by `method_id`."""
    checks: dict[str, list[Callable[[Call], None]]] = field(default_factory=dict[str, "list[Callable[[Call], None]]"])
    """Run before a generic method; raise `ApiError` to refuse."""
    extras: dict[str, Callable[[Call, dict[str, Any]], None]] = field(
        default_factory=dict[str, "Callable[[Call, dict[str, Any]], None]"]
    )
    """Run after a generic create or patch with the stored resource, to add output-only fields or to react."""
    on_delete: list[Callable[[str, str], None]] = field(default_factory=list[Callable[[str, str], None]])
    """Told (host, name) after a generic delete, for the resource and for each child that goes with it."""
    publish: Callable[[str, bytes, dict[str, str]], str] = field(default=not_wired("Pub/Sub"))
    """(topic `projects/P/topics/T`, data, attributes) -> message id. Set by the Pub/Sub service; checks no grant."""
    spawn: Callable[[Coroutine[Any, Any, Any]], None] = field(default=not_wired("the event loop"))
    """Run a coroutine on the server's loop until done; set by the server."""
    object_path: Callable[[str, str], Path | None] = field(default=not_wired("Cloud Storage"))
    """(bucket, object) -> file with its content, or None. Set by the object service; checks no permission."""
    object_names: Callable[[str, str], list[str]] = field(default=not_wired("Cloud Storage"))
    """(bucket, prefix) -> names of live objects, sorted."""
    put_object: Callable[[str, str, Iterable[bytes], str], None] = field(default=not_wired("Cloud Storage"))
    """(bucket, object, content, content type): makes it the live object. Checks no permission."""
    log: Callable[[dict[str, Any]], None] = field(default=lambda entry: None)
    """Takes one log entry (`LogEntry` of Cloud Logging, with `logName`, `timestamp` and `insertId`)."""
    audit: Callable[[Access], None] = field(default=lambda access: None)
    """Told of every call; keeps those that the project's audit configuration asks for."""
    audits: Callable[[str, str, Any], bool] = field(default=lambda service, kind, principal: False)
    """(service, kind, `Principal`): whether `audit` would keep such an access; saves telling of it for nothing."""

    def endpoint(self, host: str) -> str:
        """Root of an API, with a trailing slash: `http://127.0.0.1:8787/healthcare.googleapis.com/`."""
        return f"{self.base}/{host}/"

    def service_agent(self, service: str) -> str:
        """E-mail of a Google-managed service agent, e.g. `service_agent("gcp-sa-healthcare")`."""
        return f"service-{self.number}@{service}.iam.gserviceaccount.com"
