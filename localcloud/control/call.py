"""One API call as the control plane and the services see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.iam import Principal


@dataclass(frozen=True, kw_only=True)
class Request:
    """What arrives. `host` is the API's real host, `path` its real path with version (`/v1/projects/...`)."""

    host: str
    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    authorization: str | None = None
    caller: str = ""
    """IP address, when it came over a network."""
    agent: str = ""
    """The caller's `User-Agent`."""


@dataclass(frozen=True, kw_only=True)
class Response:
    status: int
    body: Any


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request matched to a method of a discovery document, its caller known and its permission checked.

    `method_id` is `<document>:<method path>`, e.g. `pubsub.v1:projects.topics.publish`; `params` are the path's
    variables, with the project by its id.
    """

    method_id: str
    request: Request
    params: dict[str, str]
    principal: Principal
    name: str = ""
    """The resource the method is about, by project id: `projects/P/topics/T`; for create and list its parent."""

    @property
    def query(self) -> dict[str, str]:
        return self.request.query

    @property
    def body(self) -> dict[str, Any]:
        return self.request.body or {}


Handler = Callable[[Call], Any]
"""Answers one method: returns the JSON body of a 200, or raises `ApiError`. Runs to the end without awaiting."""
