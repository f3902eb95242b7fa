"""What the tests of the services speak with: a clock that the test moves, a client that speaks as whom it is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from localcloud.assemble import Parts

PROJECT = "projects/dicom-local"
LOCATION = f"{PROJECT}/locations/europe-west4"


@dataclass
class Clock:
    now: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Api:
    """Sends requests to `<base>/<host>/<path>`, as the owner unless told otherwise."""

    parts: Parts

    def raw(
        self,
        method: str,
        path: str,
        *,
        account: str | None = "owner",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> requests.Response:
        iam = self.parts.cloud.iam
        sent = dict(headers or {})
        if account:
            sent["Authorization"] = f"Bearer {iam.token(iam.owner if account == 'owner' else account)}"
        return requests.request(method, f"{self.parts.cloud.base}/{path}", headers=sent, timeout=30, **more)

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The JSON of a 200; anything else fails the test with the answer's text."""
        response = self.raw(method, path, json=body, **more)
        assert response.status_code == 200, f"{method} {path}: {response.status_code} {response.text}"
        return response.json()

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """Status and message of a refusal."""
        response = self.raw(method, path, json=body, **more)
        assert response.status_code >= 400, f"{method} {path} was not refused: {response.text}"
        return response.status_code, response.json()["error"]["message"]

    def account(self, name: str) -> str:
        """Make a service account; returns its e-mail."""
        created = self.call("POST", f"iam.googleapis.com/v1/{PROJECT}/serviceAccounts", {"accountId": name})
        return created["email"]

    def grant(self, email: str, *roles: str) -> None:
        """Add roles on the project."""
        self._bindings(
            lambda bindings: [*bindings, *({"role": r, "members": [f"serviceAccount:{email}"]} for r in roles)]
        )

    def revoke(self, role: str) -> None:
        """Take the project's grants of a role away."""
        self._bindings(lambda bindings: [binding for binding in bindings if binding["role"] != role])

    def _bindings(self, change: Callable[[list[Any]], list[Any]]) -> None:
        root = f"cloudresourcemanager.googleapis.com/v1/{PROJECT}"
        policy = self.call("POST", f"{root}:getIamPolicy", {})
        policy["bindings"] = change(policy.get("bindings", []))
        self.call("POST", f"{root}:setIamPolicy", {"policy": policy})
