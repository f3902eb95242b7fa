"""Values keep their meaning on the way to and from Pulumi's wire form."""

from __future__ import annotations

import pytest

from engine.values import UNKNOWN, decode, encode, has_unknown

VALUES = [
    {"text": "x", "empty": "", "no": False, "zero": 0, "big": 2**40, "half": 0.5, "none": None},
    {"list": [1, [2, {"a": []}]], "map": {"deep": {"deeper": "x"}}},
    {"unknown": UNKNOWN, "in": {"list": [UNKNOWN]}},
]


@pytest.mark.parametrize("value", VALUES)
def test_values_come_back_as_they_went(value: dict[str, object]):
    assert decode(encode(value)) == (value, set())


def test_secret_marks_come_back_at_their_paths_whatever_is_inside():
    value = {"a": {"b": ["x", "y"]}, "c": {"d": 1}, "e": UNKNOWN}
    secrets = {"a.b[1]", "c", "e"}

    assert decode(encode(value, secrets)) == (value, secrets)


def test_an_unknown_is_found_however_deep():
    assert has_unknown({"a": [{"b": UNKNOWN}]})
    assert not has_unknown({"a": [{"b": "04da6b54"}]})
