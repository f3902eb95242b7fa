"""When a slide says itself that all of it has arrived."""

from __future__ import annotations

from typing import Any

import pytest
from prepare.model.completeness import is_complete
from prepare.model.metadata import Row

from tests.jobs.fakes import item, pyramid

SCANNED = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
BASE = {"ImageType": SCANNED}


def rows(*items: dict[str, Any]) -> list[Row]:
    return [Row.of(one) for one in items]


def whole(**more: Any) -> list[dict[str, Any]]:
    """A pyramid whose largest level was scanned."""
    _, *levels = pyramid(**more)
    return [item("1.2.1.1", 4096, **BASE | more), *levels]


def test_a_scanned_base_with_every_level_below_is_complete_in_any_order() -> None:
    assert is_complete(rows(*whole()))
    assert is_complete(rows(*reversed(whole())))


@pytest.mark.parametrize("missing", range(4))
def test_without_its_base_or_enough_levels_it_is_not(missing: int) -> None:
    few = whole()[:missing]
    assert not is_complete(rows(*few))
    assert not is_complete(rows(*pyramid()))  # all are resampled: the scanned one is still to come


def test_labels_may_come_late_and_do_not_decide() -> None:
    label = item("1.2.1.9", 300, ImageType=["ORIGINAL", "PRIMARY", "LABEL", "NONE"])
    assert is_complete(rows(*whole(), label))
    assert not is_complete(rows(label))


@pytest.mark.parametrize(
    "more",
    [
        {"PhotometricInterpretation": "MONOCHROME2"},
        {"NumberOfFrames": 3},
        {"Rows": None},
        {"SOPClassUID": "1.2.3"},
    ],
)
def test_what_may_come_in_parts_is_waited_for(more: dict[str, Any]) -> None:
    assert not is_complete(rows(*whole()[1:], item("1.2.1.1", 4096, **BASE | more)))


def test_two_images_of_one_level_are_waited_for() -> None:
    assert not is_complete(rows(*whole(), item("1.2.1.8", 1024)))
    assert not is_complete(rows(*whole(), item("1.2.1.8", 8192, **BASE)))
