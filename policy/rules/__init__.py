"""All rules, one concern a file. A rule is pure: declared resources in, findings out."""

from __future__ import annotations

from policy.rule import Rule
from policy.rules import (
    addresses,
    alerts,
    archive,
    audit,
    delivery,
    dicom_access,
    grants,
    hosting,
    identities,
    images,
    keys,
    labels,
    messages,
    places,
    protection,
    running,
    secrets,
    shapes,
    storage,
)

MODULES = (
    archive,
    protection,
    places,
    labels,
    storage,
    keys,
    secrets,
    grants,
    dicom_access,
    identities,
    audit,
    alerts,
    messages,
    images,
    running,
    delivery,
    hosting,
    addresses,
    shapes,
)
RULES: tuple[Rule, ...] = tuple(rule for module in MODULES for rule in module.RULES)
