"""What the gcp provider fills in where a program says nothing: then the engine shows it as if it had been declared.

Read from the provider's own source (9.35.0) for the types in `shapes.json`, without what the program declares anyway. A
value that equals one of these says nothing, whoever wrote it; `pytest -m engine` previews a stack with the pack, and
finds one that is missing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "gcp:artifactregistry/repository:Repository": {"mode": "STANDARD_REPOSITORY"},
    "gcp:billing/budget:Budget": {
        "allUpdatesRule.disableDefaultIamRecipients": False,
        "allUpdatesRule.enableProjectLevelRecipients": False,
        "allUpdatesRule.schemaVersion": "1.0",
        "budgetFilter.creditTypesTreatment": "INCLUDE_ALL_CREDITS",
    },
    "gcp:monitoring/alertPolicy:AlertPolicy": {"enabled": True},
    "gcp:monitoring/notificationChannel:NotificationChannel": {"enabled": True, "forceDelete": False},
    "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig": {"httpCheck.requestMethod": "GET"},
    "gcp:secretmanager/secretVersion:SecretVersion": {"enabled": True, "secretDataWoVersion": 0},
    "gcp:serviceaccount/account:Account": {"disabled": False},
    "gcp:storage/bucket:Bucket": {"retentionPolicy.isLocked": False, "storageClass": "STANDARD"},
}
"""Type → path → value."""


def without_defaults(type_: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties without what the provider would fill in."""
    return _kept(properties, "", DEFAULTS.get(type_, {}))


def _kept(mapping: Mapping[str, Any], path: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in mapping.items():
        inner = f"{path}.{key}" if path else key
        if inner not in defaults or value != defaults[inner]:
            kept[key] = (
                _kept(cast("Mapping[str, Any]", value), inner, defaults) if isinstance(value, Mapping) else value
            )
    return kept
