"""The canary tells every kind of difference that would matter, and nothing where there is none."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.upgrade.newer_provider import all_described, declared_types, differences

TYPE = "gcp:healthcare/dataset:Dataset"


@pytest.fixture(scope="module")
def now() -> dict[str, Any]:
    return all_described()


def test_every_declared_type_is_described(now: dict[str, Any]) -> None:
    assert TYPE in declared_types()
    assert [type_ for type_, described in now.items() if described is None] == []


def test_the_same_version_differs_in_nothing(now: dict[str, Any]) -> None:
    assert list(differences(now, deepcopy(now))) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda then: then.pop(TYPE), "is gone"),
        (lambda then: then[TYPE]["inputs"].pop("name"), "no longer has input `name`"),
        (lambda then: then[TYPE]["inputs"].update(shape="x"), "now has input `shape`"),
        (lambda then: then[TYPE]["inputs"].update(location="int"), "takes `location` as `int`"),
        (lambda then: then[TYPE]["required"].append("zone"), "now has required input `zone`"),
        (lambda then: then[TYPE]["forces"].append("time_zone"), "now has replacing input `time_zone`"),
    ],
)
def test_a_difference_is_told(now: dict[str, Any], change: Any, told: str) -> None:
    then = deepcopy(now)
    change(then)

    [line] = differences(now, then)
    assert TYPE in line
    assert told in line
