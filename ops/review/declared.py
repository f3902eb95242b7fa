"""A deployment as the policy rules see it: the engine's nodes become `policy.resource.Resource`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import UNKNOWN, Deployment
from policy import resource
from policy.resource import Resource

PROVIDER = "pulumi:providers:gcp"


def declared(deployment: Deployment, config: Mapping[str, str] | None = None) -> list[Resource]:
    """Every resource but the stack itself, in the order of registration.

    With the stack's `config`, first the default provider that the engine makes of its `gcp:` keys.
    """
    default = (
        [Resource(f"urn:pulumi:{PROVIDER}::default", PROVIDER, "default", provider_settings(config))] if config else []
    )
    return default + [
        Resource(node.urn, node.type, node.name, translated(node.inputs), node.protect, node.parent)
        for node in deployment.resources.values()
        if node.parent
    ]


def provider_settings(config: Mapping[str, str]) -> dict[str, Any]:
    """What the stack's file tells the provider."""
    return {key.removeprefix("gcp:"): value for key, value in config.items() if key.startswith("gcp:")}


def translated(value: Any) -> Any:
    """The value with the engine's mark of what is unknown replaced by the policy's."""
    if isinstance(value, dict):
        return {key: translated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [translated(item) for item in value]
    return resource.UNKNOWN if value is UNKNOWN else value
