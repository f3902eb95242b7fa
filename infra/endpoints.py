"""Roots of Google's APIs as this stack reaches them, and the `gcp:*` configuration that says so.

Owns: the one place where an endpoint comes from: the provider's own `gcp:<service>CustomEndpoint` keys, or Google's
host when such a key is not set. So a program that runs against another cloud has nothing in it that says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

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
_VERSION = re.compile(r"(?:storage/)?v\d+[a-z0-9]*/$")


def api_roots(config: Mapping[str, Any], keys: Mapping[str, str] = KEYS) -> dict[str, str]:
    """Root URL of each API by short name, with a trailing slash and without version: `https://run.googleapis.com/`."""
    return {
        api: _VERSION.sub("", str(config[f"gcp:{key}"]))
        if config.get(f"gcp:{key}")
        else f"https://{api}.googleapis.com/"
        for api, key in keys.items()
    }
