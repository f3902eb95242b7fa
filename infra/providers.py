"""How the program reaches Google's APIs: their roots, and the second provider.

Owns: the one place where an endpoint comes from: the provider's own `gcp:<service>CustomEndpoint` keys, or Google's
host when such a key is not set. So a program that runs against another cloud has nothing in it that says so.

Everything uses the default provider with the stack's `gcp:*` keys, but Firebase's and billing's APIs, which charge
quota to the caller's own project unless they are told which to use. An explicit provider reads none of the keys by
itself, so each one that is set is copied: endpoints, poll interval, credentials and universe hold for both.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_gcp as gcp
from pydantic.alias_generators import to_camel

# API host (its first label) → the provider's key for its endpoint.
KEYS = {
    "healthcare": "healthcareCustomEndpoint",
    "run": "cloudRunV2CustomEndpoint",
    "storage": "storageCustomEndpoint",
    "pubsub": "pubsubCustomEndpoint",
    "secretmanager": "secretManagerCustomEndpoint",
    "firebasehosting": "firebaseHostingCustomEndpoint",
    "logging": "loggingCustomEndpoint",
}
CREDENTIALS = ("access_token", "credentials")
_VERSION = re.compile(r"(?:storage/)?v\d+[a-z0-9]*/$")


def api_roots(config: Mapping[str, Any], keys: Mapping[str, str] = KEYS) -> dict[str, str]:
    """Root URL of each API by short name, with a trailing slash and without version: `https://run.googleapis.com/`."""
    return {
        api: _VERSION.sub("", str(config[f"gcp:{key}"]))
        if config.get(f"gcp:{key}")
        else f"https://{api}.googleapis.com/"
        for api, key in keys.items()
    }


def provider_arguments() -> list[str]:
    """Names of what a `gcp.Provider` can be given (snake_case)."""
    return [name for name in inspect.signature(gcp.ProviderArgs.__init__).parameters if name != "__self__"]


def provider_keys() -> list[str]:
    """The `gcp:` keys that mean something (camelCase); two of them only to the default provider."""
    return [*map(to_camel, provider_arguments()), "disableGlobalProjectWarning", "skipRegionValidation"]


def quota_provider(name: str, project: str, config: Mapping[str, Any]) -> gcp.Provider:
    """A provider that names `project` as the one to be charged for each call."""
    arguments = {
        argument: _value(argument, config[f"gcp:{to_camel(argument)}"])
        for argument in provider_arguments()
        if config.get(f"gcp:{to_camel(argument)}")
    }
    arguments |= {"project": project, "user_project_override": True, "billing_project": project}
    return gcp.Provider(name, **arguments)


def _value(argument: str, raw: Any) -> Any:
    """Text as it is, JSON (batching, labels, true) as what it stands for, credentials as secrets."""
    if argument in CREDENTIALS:
        return pulumi.Output.secret(raw)
    if not isinstance(raw, str) or not raw.startswith(("{", "[", "true", "false")):
        return raw
    try:
        return json.loads(raw)
    except json.JSONDecodeError:
        return raw
