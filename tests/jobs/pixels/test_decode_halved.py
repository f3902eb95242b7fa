"""Decoding at half size: as good as the mean of what is decoded in full, or not done."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from prepare.pixels import codec
from prepare.pixels.errors import CannotDecode
from prepare.pixels.grid import PixelFormat
from prepare.pixels.halve import HalfSizeDecoder

from smoke_tests.slide.tissue import Tissue
from tests.decoding import jpegs
from tests.e2e.tiles import SIDE, TILES
from tests.jobs.pixels.slides import averaged, psnr

FORM = PixelFormat(codec.JPEG_BASELINE, SIDE, SIDE, 3, 8, "YBR_FULL_422")
LEAST = 45


def pictures() -> list[NDArray[np.uint8]]:
    """Drawn tissue and real tissue."""
    real = next(tile for tile in TILES if tile.coding == "raw" and tile.photometric == "RGB")
    drawn = Tissue(2048, 2048, "halved").region(900, 900, SIDE)
    return [np.ascontiguousarray(drawn), np.frombuffer(real.data, np.uint8, real.raw_bytes).reshape(SIDE, SIDE, 3)]


@pytest.mark.parametrize("quality", [70, 90, 95])
@pytest.mark.parametrize("picture", [0, 1], ids=["drawn", "real"])
def test_half_a_jpeg_is_the_mean_of_the_whole_within_45_decibels(picture: int, quality: int) -> None:
    frame = jpegs.jpeg(pictures()[picture], level=quality)
    half = HalfSizeDecoder(FORM)(frame)
    assert half is not None
    assert half.shape == (SIDE // 2, SIDE // 2, 3)
    assert psnr(half, averaged(codec.decode(frame, FORM), 1)) > LEAST


def test_half_a_jpeg_without_colours_is_as_good() -> None:
    form = replace(FORM, samples=1, photometric="MONOCHROME2")
    frame = jpegs.jpeg(np.ascontiguousarray(pictures()[1][..., 1]), level=90)
    half = HalfSizeDecoder(form)(frame)
    assert half is not None
    assert half.shape == (SIDE // 2, SIDE // 2)
    assert psnr(half, averaged(codec.decode(frame, form), 1)) > LEAST


@pytest.mark.parametrize("subsampling", ["422", "420"])
def test_colours_that_were_subsampled_are_decoded_in_full(subsampling: str) -> None:
    """At half size they come as they are stored, 36 dB from the mean of real tissue."""
    assert HalfSizeDecoder(FORM)(jpegs.jpeg(pictures()[1], subsampling=subsampling)) is None


def test_what_is_no_baseline_jpeg_of_that_size_is_decoded_in_full() -> None:
    frame = jpegs.jpeg(pictures()[0])
    assert HalfSizeDecoder(replace(FORM, rows=256, columns=256))(frame) is None
    assert HalfSizeDecoder(replace(FORM, syntax=codec.JPEG_LS))(frame) is None
    assert HalfSizeDecoder(FORM)(jpegs.unmarked(frame)) is None
    assert HalfSizeDecoder(FORM)(b"not an image") is None


def test_a_jpeg_that_was_cut_off_is_refused() -> None:
    frame = jpegs.jpeg(pictures()[0])
    with pytest.raises(CannotDecode, match="send the slide again"):
        HalfSizeDecoder(FORM)(frame[: len(frame) // 2])


def test_a_jpeg_with_bytes_between_its_markers_is_decoded_in_full_as_viewers_do() -> None:
    frame = jpegs.jpeg(pictures()[0])
    end = frame.rindex(b"\xff\xd9")
    odd = frame[:end] + b"\x12\x34" * 20 + frame[end:]
    assert np.array_equal(codec.decode(odd, FORM), codec.decode(frame, FORM))
    assert HalfSizeDecoder(FORM)(odd) is None


def test_a_frame_is_decoded_the_same_whichever_came_before() -> None:
    """A decoder remembers how the last accepted frame began; what is decoded must not depend on it."""
    good, other = jpegs.jpeg(pictures()[0]), jpegs.jpeg(pictures()[0], level=80)
    subsampled, unmarked = jpegs.jpeg(pictures()[1], subsampling="420"), jpegs.unmarked(good)
    as_long_as_raw = good.ljust(FORM.raw_bytes, b"\0")
    used = HalfSizeDecoder(FORM)
    for frame in (good, subsampled, good, unmarked, other, as_long_as_raw, good, as_long_as_raw):
        half, fresh = used(frame), HalfSizeDecoder(FORM)(frame)
        assert (half is None) is (fresh is None) is (frame not in (good, other))
        assert np.array_equal(half, fresh) if half is not None and fresh is not None else half is fresh
    with pytest.raises(CannotDecode):
        used(good[: len(good) // 2])
