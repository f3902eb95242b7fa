"""What the engine reads of optical paths (R12), in Chromium: how many it draws, which of them a sparse tile shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser
from prepare.checks.rules import SLIDE_CHECKS
from prepare.model.finding import rule
from prepare.model.image import SlideImage
from prepare.model.slide import Slide

from tests import needs
from tests.decoding.engine import Engine, engine, metadata
from tests.decoding.fixtures import RAW, Fixture
from tests.e2e.tiles import SIDE
from tests.e2e.tiles_slide import code, item

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
GREY = np.full((SIDE, SIDE), 100, np.uint8)
TILE = Fixture("grey", RAW, "MONOCHROME2", GREY.tobytes(), GREY)
GLASS = [code("111744", "DCM", "Brightfield illumination")]


@pytest.fixture(scope="module")
def opened(chromium: Browser) -> Iterator[Engine]:
    with engine(chromium, needs.viewer_packages()) as made:
        yield made


def slide(paths: int, **changes: Any) -> dict[str, Any]:
    """A tile for each optical path."""
    described = [item(OpticalPathIdentifier=str(at), IlluminationTypeCodeSequence=GLASS) for at in range(paths)]
    return metadata(TILE, OpticalPathSequence=described, NumberOfFrames=paths, **changes)


def found(told: dict[str, Any]) -> set[str]:
    """Problems of R12."""
    image = SlideImage.of(told)
    return {one.problem for one in SLIDE_CHECKS["R12"](Slide((image,), image.series, {}), rule("R12"))}


def test_it_draws_as_many_paths_as_are_counted_and_the_others_stay_empty(opened: Engine) -> None:
    counted = slide(2, NumberOfOpticalPaths=2)
    assert opened.asks_for(counted, TILE.frame) == [1, 2]
    assert found(counted) == set()
    for number in (1, None, 0):
        told = slide(2, NumberOfOpticalPaths=number)
        assert opened.asks_for(told, TILE.frame) == [1]
        assert found(told) == {"channels"}


def test_it_refuses_an_image_that_counts_more_paths_than_it_describes(opened: Engine) -> None:
    for paths, frames in ((1, 1), (1, 2), (2, 3)):
        told = slide(paths, NumberOfOpticalPaths=paths + 1) | {"00280008": {"vr": "IS", "Value": [frames]}}
        assert "OpticalPathIdentifier" in str(opened.asks_for(told, TILE.frame))
        assert found(told) == {"undescribed"}


def groups(*, shared: bool, each: bool) -> dict[str, Any]:
    """Where a sparse tile lies, and where it says which path it shows."""
    path = {"OpticalPathIdentificationSequence": [item(OpticalPathIdentifier="0")]}
    where = item(ColumnPositionInTotalImagePixelMatrix=1, RowPositionInTotalImagePixelMatrix=1)
    measures = [item(PixelSpacing=[0.0005, 0.0005])]
    return {
        "DimensionOrganizationType": "TILED_SPARSE",
        "SharedFunctionalGroupsSequence": [item(PixelMeasuresSequence=measures, **path if shared else {})],
        "PerFrameFunctionalGroupsSequence": [item(PlanePositionSlideSequence=[where], **path if each else {})],
    }


def test_a_sparse_image_that_does_not_say_which_path_it_shows_is_refused(opened: Engine) -> None:
    for shared, each in ((True, False), (False, True)):
        told = slide(1, **groups(shared=shared, each=each))
        assert opened.asks_for(told, TILE.frame) == [1]
        assert found(told) == set()
    several = slide(1, NumberOfOpticalPaths=2, **groups(shared=True, each=False))  # then it reads each frame's own
    assert "undefined" in str(opened.asks_for(several, TILE.frame))
    assert found(several) == {"unidentified"}
    silent = slide(1, **groups(shared=False, each=False))
    assert "undefined" in str(opened.asks_for(silent, TILE.frame))
    assert found(silent) == {"unidentified"}
