"""A request to an API of Google and its answer, as the provider sends it and a control plane sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ApiRequest:
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
    user_project: str = ""
    """`X-Goog-User-Project`: the project that pays for the call and whose quota counts."""


@dataclass(frozen=True, kw_only=True)
class ApiResponse:
    status: int
    body: Any
