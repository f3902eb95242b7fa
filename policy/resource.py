"""What the rules look at and what they answer. Plain data: nothing here knows Pulumi's SDK, the engine or this project.

Owns: the shapes that every front end turns its own into. Deliberately not: where resources come from (the policy pack
has `ResourceValidationArgs`, the in-process deployer nodes, a plan JSON), and the rules themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


class Unknown:
    """The value of a property that only the deployment will tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def type_said(type_: str, custom: bool) -> str:
    """The type, with a remark where it is not made as its name says, so that no table and no rule knows it.

    Nothing is made of a component, whatever type it takes for itself; and a type of ours that a provider makes is code
    of somebody else.
    """
    ours = type_.startswith(("dicom-platform:", "pulumi:pulumi:Stack"))
    if custom and ours:
        return f"{type_} (made by a provider)"
    return type_ if custom or ours else f"{type_} (a component: nothing is made)"


@dataclass(frozen=True)
class Resource:
    """One declared resource, a component or a custom one."""

    urn: str
    type: str
    """Pulumi's token, `gcp:healthcare/dataset:Dataset`."""
    name: str
    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Inputs with Pulumi's camelCase names, in dicts and lists; a value may be `UNKNOWN` in a preview."""
    protect: bool = False
    parent: str = ""
    """URN of the parent; empty for the stack and where it is not known."""


@dataclass(frozen=True)
class Violation:
    """What one rule holds against one resource."""

    rule: str
    controls: tuple[str, ...]
    """Ids of `docs/controls.md`."""
    urn: str
    """Of the resource; empty when the stack as a whole lacks something."""
    message: str
    """One sentence: what, where, why."""
    remedy: str
    """What to set instead."""

    def __str__(self) -> str:
        return f"{self.rule}: {self.message} {self.remedy}"
