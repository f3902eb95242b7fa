"""What the monitor asks of a provider. One provider serves every package; `RestProvider` is the one that deploys."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Refused(Exception):
    """A resource or function call that cannot be carried out; `property` is the input at fault, if one is."""

    def __init__(self, reason: str, property: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.property = property


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A custom resource as the program declares it."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    settings: Mapping[str, Any]
    """Configuration of its provider: the explicit one's inputs over the stack's `gcp:*` keys (prefix off)."""


class Provider(Protocol):
    def check(self, declared: Declared) -> dict[str, Any]:
        """The inputs completed (automatic name); values may be UNKNOWN in a preview. Raises `Refused`."""
        ...

    def create(self, declared: Declared) -> tuple[str, dict[str, Any]]:
        """Make it and return its id and outputs. Raises `Refused`."""
        ...

    def adopt(self, declared: Declared, id_: str, ignored: Collection[str]) -> tuple[str, dict[str, Any]]:
        """Take over what exists by that id; `ignored` inputs may differ. Raises `Refused`."""
        ...

    def invoke(self, token: str, args: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        """Call a function such as `gcp:organizations/getProject:getProject`. Raises `Refused`."""
        ...
