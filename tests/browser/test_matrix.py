"""Every slide of the job's matrix in Chromium.

What ends ready opens, cheaply and with the right pixels. What is blocked is not in the viewers' store.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.browser import matrix
from tests.browser.conftest import SIZE
from tests.browser.matrix import CHOSEN, TABLE, Shown, far_off
from tests.browser.reader import Reader
from tests.jobs.matrix import files, overlays
from tests.jobs.matrix.slides import STUDY

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]
FRAMES, QUERIES = 24, 5
STROKE = 2
"""Half the width of an annotation's line and of the pixels that it is blurred over, in pixels of level 2."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with matrix.shown(tmp_path_factory.mktemp("matrix")) as made:
        yield made


@pytest.fixture(scope="module")
def readers(chromium: Browser, shown: Shown) -> Iterator[dict[str, Reader]]:
    """One before the viewers' store, who signs in once."""
    with contextlib.ExitStack() as stack:
        made: dict[str, Reader] = {}
        for name, site in (("viewers", shown.viewers),):
            context = stack.enter_context(
                contextlib.closing(chromium.new_context(viewport=SIZE, reduced_motion="reduce"))
            )
            made[name] = Reader(context.new_page(), site)
            made[name].sign_in()
        yield made


def cases() -> list[tuple[str, int]]:
    return [
        (name, at)
        for name in CHOSEN
        for at in range(len(matrix.slides_of(name)))
        if TABLE["slides"][name][at][2] != "blocked"
    ]


def budget(report: dict[str, Any], channels: int) -> int:
    """Frames that opening may ask for: 24 for each optical path drawn, or all of the level that fills the view where a
    tile more a side makes that many, with those of the coarsest for the map of the whole slide: few, but where R09
    finds what cannot be mended."""
    return max(
        FRAMES * max(channels, 1), report["open_cost"]["frame_requests"] + max(4, report["levels"][-1]["frames"])
    )


@pytest.mark.parametrize("name", CHOSEN)
def test_the_job_ends_as_the_table_says(shown: Shown, name: str) -> None:
    series = [files.uid(name, one) for one in matrix.SLIDES[name]().studies[STUDY]]
    assert [shown.reports[one]["status"] for one in series] == [row[2] for row in TABLE["slides"][name]]


@pytest.mark.parametrize(("name", "at"), cases())
def test_a_ready_slide_opens_at_once_with_the_right_pixels(
    readers: dict[str, Reader], shown: Shown, name: str, at: int
) -> None:
    reader, series, channels = readers["viewers"], matrix.slides_of(name)[at], matrix.channels(name)
    reader.requests.clear()
    reader.errors.clear()
    reader.open(f"/studies/{matrix.study(name)}/series/{series}")
    reader.wait_for_tiles()

    report = shown.reports[series]["report"]
    levels, base = report["levels"], report["levels"][0]
    wrong = 255.0

    def right() -> bool:
        nonlocal wrong
        wrong = far_off(reader, base["columns"], base["rows"], channels)
        return wrong < 12

    assert reader.sees(right, patience=5), f"a part of the slide differs by {wrong:.0f}"
    frames, bulk = reader.sent("/frames/"), reader.sent("/bulkdata/")
    queries = [one for one in reader.sent("/dicomWeb/") if one not in frames + bulk]
    assert len(frames) <= budget(report, channels)
    assert len(bulk) <= len(levels)
    assert len(queries) <= QUERIES
    expect(reader.failure()).to_have_count(0)
    reader.saw_nothing_wrong()


@pytest.mark.parametrize("name", [name for name in CHOSEN if name.startswith("annotations_on_level_2")])
def test_an_annotation_of_a_changed_level_is_drawn_where_it_was_made(readers: dict[str, Reader], name: str) -> None:
    reader = readers["viewers"]
    reader.open(f"/studies/{matrix.study(name)}/series/{matrix.slides_of(name)[0]}")
    reader.wait_for_tiles()
    place = matrix.place_of(reader, *overlays.SQUARE)
    assert reader.sees(lambda: far_off(reader, *overlays.SQUARE, 0) < 12, patience=5), (
        "the tiles are not those it lies on"
    )
    plain = reader.screenshot()
    reader.page.get_by_role("checkbox", name=overlays.LABEL).check()

    corners = np.array(overlays.CORNERS)
    wanted = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    found = np.zeros(4)

    def there() -> bool:
        found[:] = matrix.drawn(plain, reader.screenshot(), place, overlays.SIZE)
        middle = np.abs((found[:2] + found[2:]) - (wanted[:2] + wanted[2:])) / 2
        return bool(middle.max() <= 1 and np.abs(found - wanted).max() <= 1 + STROKE)

    assert reader.sees(there, patience=10), (found, wanted)
    reader.saw_nothing_wrong()
