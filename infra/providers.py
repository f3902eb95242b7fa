"""The second provider: Firebase's APIs charge quota to the caller's own project unless they are told which to use.

Everything else uses the default provider with the stack's `gcp:*` keys. An explicit provider reads none of them by
itself, so each one that is set is copied: endpoints, poll interval, credentials and universe hold for both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.config_loader import config_key, provider_arguments

CREDENTIALS = ("access_token", "credentials")


def quota_provider(name: str, project: str, config: Mapping[str, Any]) -> gcp.Provider:
    """A provider that names `project` as the one to be charged for each call."""
    arguments = {
        argument: _value(argument, config[f"gcp:{config_key(argument)}"])
        for argument in provider_arguments()
        if config.get(f"gcp:{config_key(argument)}")
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
