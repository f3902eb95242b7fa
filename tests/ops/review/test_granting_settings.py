"""Every setting that grants something is in the reviewed matrix of some stack, or this is red."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo

from infra.setting_fields import SettingFields, config_key
from ops.review.graph import declare_graph, resources_of
from ops.review.least_privilege import GOLDEN, Matrix, matrix
from ops.review.shapes import CLOUD_RUN, FREE

FIELDS = {config_key(name): field for name, field in SettingFields.model_fields.items()}
LEFT_OUT = {
    "gcp:project": "where everything is: every grant is on it",
    "environment": "the three stacks are its three values",
    "imports": "takes over what is there already; tests/infra/test_adopting.py",
    "auditRetentionLocked": "only prod may lock; the matrix phi has it",
    "location": "the keys that dev assumes are of one region, and so refuse another",
}
"""Settings that are not tried one by one, with the reason."""
WITH: dict[str, dict[str, Any]] = {
    "dataClass": {"dataClass": "deidentified"},
    "jobImage": {"jobImage": "prebuilt"},
    "jobImageRepository": {
        "jobImage": "prebuilt",
        "jobImageRepository": "europe-west4-docker.pkg.dev/another-project/images/prepare",
    },
    "viewerHost": CLOUD_RUN,
    "viewerImage": {**CLOUD_RUN, "viewerImage": "prebuilt"},
    "viewerImageDigest": CLOUD_RUN,
    "rawStorageReads": {
        "rawStorageClass": "archive",
        "exportSchedule": "7 3 * * 0",
        "rawStorageReads": "accepted",
    },
    "importBuckets": {"importBuckets": ["another-bucket"]},
    "buildRegion": {"buildRegion": "europe-west3"},
    "signInAuthority": {"signInAuthority": "https://sign-in.example.org"},
}
"""Setting → a value that is not refused, with the settings that go with it; phi has a matrix of its own."""
AGREED: dict[str, Matrix] = {
    path.stem: json.loads(path.read_text()) for path in GOLDEN.glob("*.json") if path.stem != "needed"
}


def variants(key: str) -> list[dict[str, Any]]:
    """Settings in which this one is not the default: each word of a choice, else a value that `ops shapes` tries."""
    field = FIELDS[key]
    if key in WITH:
        return [WITH[key]]
    words = [word for word in get_args(field.annotation) if isinstance(word, str) and word != field.default]
    if words:
        return [{key: word} for word in words]
    if isinstance(field.default, bool):
        return [{key: not field.default}]
    if key in FREE:
        return [{key: FREE[key][0]}]
    return [{key: ["another@example.org"] if field.default == () else f"{field.default or 'other'}2"}]


def cells(found: Matrix) -> set[tuple[str, str]]:
    """Who gets which role, whatever the place is called: names of places follow settings that grant nothing."""
    return {
        (principal.partition(":")[2].partition("@")[0], role.rpartition("/")[2])
        for principal, places in found.items()
        for held in places.values()
        for role in held
    }


def granted_beyond(settings: dict[str, Any]) -> set[tuple[str, str]]:
    """Rights that no agreed matrix has, but for those of the members that the setting itself names."""
    named = {name.partition("@")[0] for value in settings.values() if isinstance(value, list) for name in value}
    found = cells(matrix(resources_of(declare_graph("dev", overrides=settings))))
    agreed = set[tuple[str, str]]().union(*map(cells, AGREED.values()))
    return {(who, role) for who, role in found - agreed if who not in named}


def may_grant(field: FieldInfo) -> bool:
    """No number grants, and neither does a setting that says so of itself."""
    marks = field.json_schema_extra
    return field.annotation is not int and isinstance(marks, dict) and marks["decides"] not in ("cost", "none")


@pytest.mark.parametrize(
    "key", sorted(key for key, field in FIELDS.items() if may_grant(field) and key not in LEFT_OUT)
)
def test_a_setting_grants_nothing_that_no_reviewer_saw(key: str) -> None:
    """Red: add the setting to ops/review/assumed.yaml, or to BESIDE_THE_STACKS, and `python -m ops access --write`."""
    assert [granted_beyond(settings) for settings in variants(key)] == [set()] * len(variants(key))
