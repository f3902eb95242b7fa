"""One change to one declared resource, as a careless hand makes it, and which rules notice."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from policy.check import check
from policy.resource import Resource

REMOVED: Final = object()
PROTECT = "protect"
"""Not a property but an option of the resource; its path all the same."""


def paths(resource: Resource) -> Iterator[str]:
    """Of every property that has a value, lists and mappings themselves included: `a`, `a.b`, `a.b[0].c`."""
    if resource.protect:
        yield PROTECT
    yield from _paths(resource.properties, "")


def _paths(value: Any, prefix: str) -> Iterator[str]:
    items: list[tuple[str, Any]] = []
    if isinstance(value, Mapping):
        items = [(f"{prefix}.{key}" if prefix else key, item) for key, item in value.items()]
    elif isinstance(value, list):
        items = [(f"{prefix}[{index}]", item) for index, item in enumerate(value)]
    for path, item in items:
        yield path
        yield from _paths(item, path)


def general(path: str) -> str:
    """`a[].b` of `a[3].b`."""
    return re.sub(r"\[\d+\]", "[]", path)


def changed(resource: Resource, path: str, value: Any = REMOVED) -> Resource:
    """The resource with one property removed or set; parents that are missing are made."""
    if path == PROTECT:
        return dataclasses.replace(resource, protect=False)
    properties = copy.deepcopy(dict(resource.properties))
    steps: list[Any] = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]
    *parents, last = steps
    holder: Any = properties
    for parent in parents:
        holder = holder.setdefault(parent, {}) if isinstance(holder, dict) else holder[parent]
    if value is not REMOVED:
        holder[last] = value
    elif isinstance(holder, list):
        del holder[last]
    else:
        holder.pop(last, None)
    return dataclasses.replace(resource, properties=properties)


def noticed(stack: Sequence[Resource], urn: str, change: Resource | None) -> set[str]:
    """Names of the rules that the stack breaks with this resource changed, or without it."""
    others = [change if resource.urn == urn else resource for resource in stack]
    return {violation.rule for violation in check([resource for resource in others if resource]).violations}
