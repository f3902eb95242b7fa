from __future__ import annotations

import numpy as np
import pytest
from prepare.pixels.halve import halve


def test_each_pixel_is_the_mean_of_its_block() -> None:
    block = np.array([[[0, 10, 100], [2, 20, 200]], [[4, 30, 100], [2, 40, 200]]], np.uint8)
    assert halve(block).tolist() == [[[2, 25, 150]]]


def test_halves_go_up_and_down_in_turn_so_that_brightness_does_not_drift() -> None:
    half = np.tile(np.array([[0, 1], [0, 1]], np.uint8), (2, 2))
    assert halve(half).tolist() == [[1, 0], [0, 1]]
    grey = np.random.default_rng(5).integers(0, 256, (1024, 1024, 3), np.uint8)
    before = grey.mean()
    for _ in range(5):
        grey = halve(grey)
    assert abs(grey.mean() - before) < 0.05


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16])
def test_extreme_values_do_not_overflow(kind: type[np.generic]) -> None:
    for value in (np.iinfo(kind).min, np.iinfo(kind).max):  # type: ignore[type-var]
        assert (halve(np.full((4, 4), value, kind)) == value).all()


def test_negative_means_round_like_positive_ones() -> None:
    for total, mean in ((-2, 0), (-3, -1), (-4, -1), (-5, -1), (-6, -1)):
        assert halve(np.array([[total, 0], [0, 0]], np.int16)).item() == mean


def test_an_odd_edge_repeats_its_last_pixel() -> None:
    image = np.array([[10, 20, 40], [10, 20, 40], [30, 30, 90]], np.uint8)
    assert halve(image).tolist() == [[15, 40], [30, 90]]
