"""The engine's pyramid, and the cost of opening it, against what was measured in Chromium."""

from __future__ import annotations

import pytest
from prepare.model.slide import Probe, Slide, open_cost, pyramids

from tests.jobs.fakes import image


def slide(*sizes: int, **more: object) -> Slide:
    images = tuple(image(f"1.2.1.{size}", size, **more) for size in sizes)
    return Slide(images, "1.2.1", {one.instance: Probe(1, 1000, "jpeg-baseline") for one in images})


@pytest.mark.parametrize(
    ("sizes", "measured", "tolerance"),
    [
        ((16384, 8192, 4096, 2048, 1024, 512, 256), 21, 0),
        ((16384, 4096, 1024, 256), 18, 1),
        ((16384,), 24, 0),
    ],
)
def test_the_cost_of_opening_is_what_the_engine_was_seen_to_ask(
    sizes: tuple[int, ...], measured: int, tolerance: int
) -> None:
    cost = open_cost(slide(*sizes))
    assert abs(cost.frame_requests - measured) <= tolerance
    assert cost.frame_bytes == cost.frame_requests * 1000


def test_a_pyramid_without_small_levels_floods() -> None:
    assert open_cost(slide(16384, 8192)).frame_requests >= 1024


def test_each_colour_level_with_a_profile_costs_a_request() -> None:
    assert open_cost(slide(512, 256, icc=True)).icc_requests == 2
    assert open_cost(slide(512, 256, icc=True, samples=1)).icc_requests == 0


def test_parts_of_a_concatenation_are_one_level() -> None:
    parts = [image(f"1.{number}", 512, concatenation_source="1.9") for number in (1, 2)]
    ((level,),) = pyramids(parts).values()
    assert level.images == tuple(parts)


def test_monochrome_images_form_a_pyramid_per_optical_path() -> None:
    both = image("1.1", 512, samples=1, optical_paths=("DAPI", "FITC"))
    assert {path: len(levels) for path, levels in pyramids([both]).items()} == {"DAPI": 1, "FITC": 1}


def test_a_thumbnail_as_wide_as_a_level_is_left_out() -> None:
    thumbnail = image("1.9", 512, flavor="THUMBNAIL")
    assert [level.images[0].instance for level in pyramids([image("1.1", 512), thumbnail])["1"]] == ["1.1"]


def test_a_level_coarser_than_the_thumbnail_is_left_out() -> None:
    thumbnail = image("1.9", 600, flavor="THUMBNAIL")
    images = [image("1.1", 2048), image("1.2", 512), thumbnail]
    assert [level.images[0].instance for level in pyramids(images)["1"]] == ["1.1", "1.9"]
