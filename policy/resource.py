"""What the rules look at and what they answer. Plain data: nothing here knows Pulumi's SDK, the engine or this project.

Owns: the shapes that every front end turns its own into. Deliberately not: where resources come from (the policy pack
has `ResourceValidationArgs`, the in-process deployer nodes, a plan JSON), and the rules themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, cast


class Unknown:
    """The value of a property that only the deployment will tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        """There is one: a copy from another process is the same, as it is compared by identity."""
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
FREE_KEYS = ("labels.", "userLabels.", "annotations.", "template.labels.")
"""Mappings whose keys are names that somebody chooses."""


def display_type(type_: str, custom: bool) -> str:
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

    @cached_property
    def leaves(self) -> tuple[tuple[str, Any], ...]:
        """Every value with its path; several rules read them all."""
        return tuple(leaves(self.properties))

    @cached_property
    def pointers(self) -> tuple[tuple[str, str], ...]:
        """The texts that may name something elsewhere, by an address, a project or an account."""
        marks = ("://", "projects/", ".pkg.dev/", ".iam.gserviceaccount.com")
        texts = ((path, value) for path, value in self.leaves if isinstance(value, str))
        return tuple((path, text) for path, text in texts if any(mark in text for mark in marks))


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


def leaves(properties: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its path; items of a list share a path that ends with `[]`; an empty list is a value."""
    for key, value in properties.items():
        if key.startswith("__"):
            continue  # what the engine keeps beside the inputs
        path = f"{prefix}{'*' if prefix in FREE_KEYS else key}"
        yield from _leaves(path, value)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        yield from leaves(cast(Mapping[str, Any], value), f"{path}.")
    elif isinstance(value, list) and value:
        for item in cast(list[Any], value):
            yield from _leaves(f"{path}[]", item)
    else:
        yield path, value
