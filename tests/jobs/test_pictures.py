"""Whether two levels show the same picture, told by what is looked at of each: also of a level of a few pixels."""

from __future__ import annotations

import random
from io import BytesIO

import numpy as np
import pydicom
import pytest
from prepare.checks.pictures import check_pictures, show_the_same
from prepare.model.finding import rule
from prepare.model.image import SlideImage
from prepare.model.slide import Probe, Slide
from prepare.pixels.probe import choose_frames, examine
from pydicom.encaps import generate_frames

from smoke_tests.slide import make
from tests.jobs.chain.mutations import level_moved
from tests.jobs.chain.slides import ChainSlide, Instance, Scene, encoded

SIZES = [(391, 415), (640, 600), (320, 330), (1500, 1400)]
TILES = [128, 256, 512, 1024]


def slide_of(size: tuple[int, int], tile: int, seed: int = 1) -> ChainSlide:
    made = ChainSlide("small", Scene(seed, *size), "raw", 0, tile, sparse=False)
    made.instances = [made.level(0), made.level(3)]
    return made


def alike(fine: Instance, coarse: Instance) -> bool | None:
    instances = (fine, coarse)
    images = [SlideImage.of(one.attributes.to_json_dict()) for one in instances]
    wanted = {image.instance: choose_frames(image) for image in images}
    frames = [
        {number: one.frames[number - 1] for number in wanted[image.instance]}
        for image, one in zip(images, instances, strict=True)
    ]
    probes = {
        image.instance: examine(image, seen, wanted[image.instance]) for image, seen in zip(images, frames, strict=True)
    }
    return show_the_same(Slide(tuple(images), images[0].series, probes), images[0], images[1], "1", rule("R10"))


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("size", SIZES)
def test_a_small_level_is_told_from_one_of_another_place_or_slide(size: tuple[int, int], tile: int) -> None:
    slide = slide_of(size, tile)
    assert alike(slide.instances[0], slide.instances[1]) is True
    other = slide_of(size, tile, seed=2)
    assert alike(slide.instances[0], other.instances[1]) is False
    picked = random.Random(0)
    while slide.instances[1].frames == slide_of(size, tile).instances[1].frames:
        slide = slide_of(size, tile)
        level_moved(slide, picked)
    assert alike(slide.instances[0], slide.instances[1]) is False


@pytest.mark.parametrize("keyword", ["TotalPixelMatrixColumns", "TotalPixelMatrixRows"])
@pytest.mark.parametrize("value", [1, 3, 5000, 2**31])
def test_a_level_of_impossible_size_is_compared_without_a_fault_of_ours(keyword: str, value: int) -> None:
    """That it has that size is told by other rules."""
    slide = slide_of((344, 570), 256)
    setattr(slide.instances[1].attributes, keyword, value)

    assert alike(*slide.instances) in (None, False)


def test_a_level_is_compared_with_the_largest_too() -> None:
    """The next finer levels are too small to show that the smallest lies elsewhere."""
    made = ChainSlide("apart", Scene(249796182, 390, 614), "raw", 1, 256, sparse=False)
    made.instances = [made.level(halvings) for halvings in range(4)]
    smallest = made.instances[3].attributes
    columns, rows = smallest.TotalPixelMatrixColumns, smallest.TotalPixelMatrixRows
    drawn = made.scene.draw(columns * 5 // 4, rows, 1)[:, -columns:]
    made.instances[3].frames = [encoded(np.pad(drawn, ((0, 256 - rows), (0, 256 - columns)), mode="edge"), "raw")]
    images = [SlideImage.of(one.attributes.to_json_dict()) for one in made.instances]
    probes: dict[str, Probe] = {}
    for image, one in zip(images, made.instances, strict=True):
        wanted = choose_frames(image)
        probes[image.instance] = examine(image, {number: one.frames[number - 1] for number in wanted}, wanted)
    slide = Slide(tuple(images), images[0].series, probes)
    assert [finding.problem for finding in check_pictures(slide, rule("R10"))] == ["pictures"]


def test_a_slide_with_a_mark_on_each_tile_shows_one_picture_in_all_levels() -> None:
    """Marks lie at other places in each level, which over sixteen times the size is a difference of its own."""
    images: list[SlideImage] = []
    probes: dict[str, Probe] = {}
    for one in make("a run", size=4096):
        file = pydicom.dcmread(BytesIO(one.data))
        frames = list(generate_frames(file.PixelData, number_of_frames=file.NumberOfFrames))
        image = SlideImage.of(file.to_json_dict())
        wanted = choose_frames(image)
        images.append(image)
        probes[image.instance] = examine(image, {number: frames[number - 1] for number in wanted}, wanted)
    slide = Slide(tuple(images), images[0].series, probes)

    assert check_pictures(slide, rule("R10")) == []
    assert show_the_same(slide, images[0], images[-1], "1", rule("R10")) is True
