"""A deployment as the policy rules see it: the engine's nodes become `policy.resource.Resource`."""

from __future__ import annotations

from localcloud.engine import Deployment
from policy.resource import Resource


def declared(deployment: Deployment) -> list[Resource]:
    """Every resource but the stack itself, in the order of registration."""
    return [
        Resource(node.urn, node.type, node.name, node.inputs, node.protect, node.parent)
        for node in deployment.resources.values()
        if node.parent
    ]
