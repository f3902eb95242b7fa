"""One API call as the control plane and the services see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.api_request import ApiRequest
from localcloud.iam.principal import Principal


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request matched to a method of a discovery document, its caller known and its permission checked.

    `method_id` is `<document>:<method path>`, e.g. `pubsub.v1:projects.topics.publish`; `params` are the path's
    variables, with the project by its id.
    """

    method_id: str
    request: ApiRequest
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
