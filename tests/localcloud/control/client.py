"""A control plane to ask without sockets: short calls as the owner or as anyone else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.api_request import ApiRequest, ApiResponse
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.control.plane import ControlPlane
from localcloud.logs import Logs

LOCATION = "projects/p-1/locations/europe-west4"


class Clock:
    """A time that stands still until moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Client:
    def __init__(self, data: Path) -> None:
        self.clock = Clock()
        self.cloud = Cloud(data=data, project="p-1", number="111122223333", clock=self.clock, awkward=WITHOUT_WAITING)
        self.logs = Logs(self.cloud)
        self.plane = ControlPlane(self.cloud, self.logs.audit)
        self.owner = f"Bearer {self.cloud.iam.token(self.cloud.iam.owner, lifetime=1e8)}"

    def ask(
        self, verb: str, url: str, body: Any = None, *, authorization: str | None = None, **query: str
    ) -> ApiResponse:
        """`url` is `<service>/<path>`: `ask("GET", "pubsub/v1/projects/p-1/topics/t")`."""
        label, _, path = url.partition("/")
        return self.plane.handle(
            ApiRequest(
                host=f"{label}.googleapis.com",
                method=verb,
                path=f"/{path}",
                query=query,
                body=body,
                authorization=self.owner if authorization is None else authorization,
            )
        )

    def ok(self, verb: str, url: str, body: Any = None, **query: str) -> Any:
        """The body of an answer that must be 200."""
        response = self.ask(verb, url, body, **query)
        assert response.status == 200, response.body
        return response.body

    def refused(self, verb: str, url: str, body: Any = None, **query: str) -> tuple[int, str]:
        """Code and message of an answer that must be an error in Google's shape."""
        response = self.ask(verb, url, body, **query)
        assert response.status != 200, response.body
        error = response.body["error"]
        assert error["code"] == response.status
        assert error["status"].isupper()
        return error["code"], error["message"]

    def account(self, identifier: str) -> str:
        """Make a service account; returns its e-mail."""
        return self.ok("POST", "iam/v1/projects/p-1/serviceAccounts", {"accountId": identifier})["email"]

    def bearer(self, email: str) -> str:
        return f"Bearer {self.cloud.iam.token(email)}"

    def grant(self, role: str, member: str, url: str | None = None, **condition: str) -> None:
        """Add a binding to the policy at `url` (of the project by default), as clients do: read, change, write."""
        target = url or "cloudresourcemanager/v1/projects/p-1"
        verb = "POST" if url is None or url.startswith(("iam/", "logging/")) else "GET"
        policy = self.ok(verb, f"{target}:getIamPolicy")
        binding: dict[str, Any] = {"role": role, "members": [member]}
        if condition:
            binding["condition"] = {"title": "t", **condition}
            policy["version"] = 3
        policy["bindings"] = [*policy.get("bindings", []), binding]
        self.ok("POST", f"{target}:setIamPolicy", {"policy": policy})
