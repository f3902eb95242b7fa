"""A deployment as the policy rules see it: the engine's nodes become `policy.resource.Resource`."""

from __future__ import annotations

from typing import Any

from engine import UNKNOWN, Deployment
from policy import resource
from policy.resource import Resource


def declared(deployment: Deployment) -> list[Resource]:
    """Every resource but the stack itself, in the order of registration."""
    return [
        Resource(node.urn, node.type, node.name, translated(node.inputs), node.protect, node.parent)
        for node in deployment.resources.values()
        if node.parent
    ]


def translated(value: Any) -> Any:
    """The value with the engine's mark of what is unknown replaced by the policy's."""
    if isinstance(value, dict):
        return {key: translated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [translated(item) for item in value]
    return resource.UNKNOWN if value is UNKNOWN else value
