"""`pulumi stack export --show-secrets` and an in-process deployment in one comparable form.

Left out on both sides: default providers, what the real provider fills in by itself (`__defaults`), what the engine
fills in for a declared provider, and values that depend on the server or its port. Text that is JSON is compared as
what it stands for: a provider's inputs are written so, and each SDK puts its spaces elsewhere.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine import Deployment
from engine.graph import STACK_TYPE
from engine.values import SECRET, SIGNATURE

Json = dict[str, Any]

BY_SERVER = re.compile(r'1:\d+:web:[0-9a-f]+|(?<=:)\d{4,5}(?=[/"]|$)|(?<=check_id=\\")[0-9a-f]+(?=\\")')
"""Ids of web apps and of uptime checks, and ports."""
BY_ENGINE = {"__internal", "version"}
"""Inputs that the engine gives a declared provider."""


@dataclass(frozen=True)
class Resource:
    """What is compared of one resource."""

    parent: str
    custom: bool
    protect: bool
    retain_on_delete: bool
    dependencies: tuple[str, ...]
    property_dependencies: Mapping[str, tuple[str, ...]]
    secrets: tuple[str, ...]
    inputs: Json


def of_export(export: Json) -> dict[str, Resource]:
    """By URN."""
    found: dict[str, Resource] = {}
    for state in export["deployment"]["resources"]:
        if "::pulumi:providers:" in state["urn"] and "::default" in state["urn"]:
            continue
        secrets: list[str] = []
        inputs = _revealed(state.get("inputs", {}), "", secrets)
        found[state["urn"]] = Resource(
            parent=state.get("parent", ""),
            custom=state["custom"],
            protect=state.get("protect", False),
            retain_on_delete=state.get("retainOnDelete", False),
            dependencies=tuple(sorted(state.get("dependencies", []))),
            property_dependencies=_nonempty(state.get("propertyDependencies") or {}),
            secrets=tuple(sorted(secrets)),
            inputs=inputs,
        )
    return found


def of_deployment(deployment: Deployment) -> dict[str, Resource]:
    """By URN."""
    return {
        node.urn: Resource(
            parent=node.parent,
            custom=node.custom,
            protect=node.protect,
            retain_on_delete=node.retain_on_delete,
            dependencies=tuple(node.dependencies),
            property_dependencies=_nonempty(node.property_dependencies),
            secrets=tuple(sorted(node.secrets)),
            inputs=node.inputs,
        )
        for node in deployment.resources.values()
    }


def differences(real: dict[str, Resource], mine: dict[str, Resource]) -> list[str]:
    """In words, one line each; empty when the graphs are equal."""
    found = [f"{urn}: only in the real one" for urn in sorted(real.keys() - mine.keys())]
    found += [f"{urn}: only in ours" for urn in sorted(mine.keys() - real.keys())]
    for urn in sorted(real.keys() & mine.keys()):
        theirs, own = real[urn], mine[urn]
        if f"::{STACK_TYPE}::" in urn:
            continue
        for aspect in ("parent", "custom", "protect", "retain_on_delete", "dependencies", "property_dependencies"):
            if getattr(theirs, aspect) != getattr(own, aspect):
                found.append(f"{urn}: {aspect} is {getattr(theirs, aspect)}, ours {getattr(own, aspect)}")
        if theirs.secrets != own.secrets:
            found.append(f"{urn}: secret are {theirs.secrets}, ours {own.secrets}")
        given = BY_ENGINE if "pulumi:providers:" in urn.rsplit("$", 1)[-1] else set[str]()
        inputs = {key: value for key, value in theirs.inputs.items() if key not in given - own.inputs.keys()}
        found += [f"{urn}: {line}" for line in _unequal(inputs, own.inputs, "")]
    return found


def _unequal(theirs: Any, own: Any, path: str) -> list[str]:
    if isinstance(theirs, dict) and isinstance(own, dict):
        by_provider = {"__defaults", *theirs.get("__defaults", [])}
        keys = sorted((theirs.keys() | own.keys()) - by_provider)
        return [line for key in keys for line in _unequal(theirs.get(key), own.get(key), f"{path}.{key}".strip("."))]
    if isinstance(theirs, list) and isinstance(own, list) and len(theirs) == len(own):
        pairs = enumerate(zip(theirs, own, strict=True))
        return [line for index, (one, other) in pairs for line in _unequal(one, other, f"{path}[{index}]")]
    if _masked(theirs) == _masked(own):
        return []
    return [f"{path} is {theirs!r}, ours {own!r}"]


def _masked(value: Any) -> str:
    if isinstance(value, str) and value.startswith(("{", "[")):
        with contextlib.suppress(ValueError):
            value = json.loads(value)
    return BY_SERVER.sub("<by the server>", json.dumps(value, sort_keys=True))


def _nonempty(dependencies: Mapping[str, list[str] | None]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(sorted(urns)) for key, urns in dependencies.items() if urns}


def _revealed(value: Any, path: str, secrets: list[str]) -> Any:
    """The value without secret wrappers; where they were goes to `secrets`."""
    if isinstance(value, list):
        return [_revealed(item, f"{path}[{index}]", secrets) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE) == SECRET:
        secrets.append(path)
        return _revealed(json.loads(value["plaintext"]), path, secrets)
    return {key: _revealed(item, f"{path}.{key}".strip("."), secrets) for key, item in value.items()}
