"""The first hour: what must be in place before and around `pulumi up`, each with the command or page that does it.

Owns: looking. It sends nothing but GET, and the POST with which Google reads a policy, so that it can be run by anybody
who may look, as often as they like.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from infra.settings import Settings
from ops.client.google import GoogleApi, Json
from ops.client.refusal import OpsRefused

Status = Literal["ok", "todo", "by hand", "unknown"]


@dataclass(frozen=True)
class Diagnosis:
    """One thing that was looked at. `do` are exact commands, pages and values, in order."""

    topic: str
    status: Status
    what: str
    do: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What the checks look at: the settings, Google as the caller sees it, the name service, GitHub."""

    stack: str
    settings: Settings
    google: GoogleApi
    resolve: Callable[[str], Sequence[str]] = field(default=lambda host: addresses(host))
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """Where a token for GitHub may be."""

    def get(self, api: str, path: str, **params: str) -> Json:
        """Raises `OpsRefused`."""
        return self.google.call("GET", api, path, **params)

    def project_policy(self) -> Json:
        """The project's own IAM policy. Raises `OpsRefused`."""
        path = f"v1/projects/{self.settings.project}:getIamPolicy"
        return self.google.call("POST", "cloudresourcemanager", path, {"options": {"requestedPolicyVersion": 3}})

    def configure(self, key: str, value: str) -> str:
        return f"pulumi config set -s {self.stack} dicom-platform:{key} {value}"


Check = Callable[[Situation], Iterator[Diagnosis]]


def addresses(host: str) -> list[str]:
    """IP addresses of a host; none when nobody knows it."""
    try:
        return sorted({str(info[4][0]) for info in socket.getaddrinfo(host, 443)})
    except OSError:
        return []


def unseen(topic: str, what: str, refused: OpsRefused, permission: str) -> Diagnosis:
    """What could not be looked at, and what the caller lacks."""
    words = f"{what} cannot be seen: {refused}"
    return Diagnosis(topic, "unknown", words, (f"grant yourself {permission}, or ask somebody who has it",))


def examine(situation: Situation, checks: Sequence[Check]) -> list[Diagnosis]:
    """Everything, in order; a check that cannot look does not keep the others from looking."""
    return [finding for check in checks for finding in check(situation)]
