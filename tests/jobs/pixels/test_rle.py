"""RLE frames as the standard has them and as writers write them: padded, in any number of segments."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from prepare.pixels import codec
from prepare.pixels.errors import CannotDecode
from prepare.pixels.grid import PixelFormat
from pydicom.pixels.encoders.native import _encode_segment  # pyright: ignore[reportPrivateUsage]

from tests.jobs.pixels.slides import RLE, colour, mono

COLOUR = replace(colour(RLE), rows=48, columns=64, photometric="RGB")
DEEP = replace(mono(16), syntax=RLE, rows=48, columns=64)
BOTH = pytest.mark.parametrize("form", [COLOUR, DEEP], ids=["colour", "16 bit"])


def picture(form: PixelFormat) -> NDArray[Any]:
    shape = (form.rows, form.columns, 3) if form.colour else (form.rows, form.columns)
    return np.random.default_rng(7).integers(0, 2**form.bits, shape, form.dtype) // 3


def frame(pixels: NDArray[Any], after_each: bytes = b"", after_all: bytes = b"") -> bytes:
    """pydicom's own segments, which are of even length, with more behind them."""
    samples = [pixels[..., at] for at in range(3)] if pixels.ndim == 3 else [pixels]
    planes = [
        np.ascontiguousarray(sample)
        .astype(sample.dtype.newbyteorder(">"))
        .view(np.uint8)
        .ravel()[byte :: sample.itemsize]
        for sample in samples
        for byte in range(sample.itemsize)
    ]
    segments = [bytes(_encode_segment(plane.tobytes(), pixels.shape[1])) + after_each for plane in planes]
    offsets = [64 + sum(map(len, segments[:at])) for at in range(len(segments))]
    header = struct.pack("<16I", len(segments), *offsets, *[0] * (15 - len(segments)))
    return header + b"".join(segments) + after_all


@BOTH
@pytest.mark.parametrize(
    "padding", [b"", b"\0\0", b"\0" * 14, b"\x80\x80", b"\x05ab"], ids=lambda padding: padding.hex()
)
def test_what_follows_a_full_plane_is_padding(form: PixelFormat, padding: bytes) -> None:
    pixels = picture(form)
    assert np.array_equal(codec.decode(frame(pixels, after_each=padding), form), pixels)
    assert np.array_equal(codec.decode(frame(pixels, after_all=padding), form), pixels)


@BOTH
@pytest.mark.parametrize("sizes", [{"rows": 47}, {"columns": 63}, {"rows": 24}, {"rows": 49}], ids=str)
def test_a_picture_of_another_size_is_not_taken_for_one_with_padding(form: PixelFormat, sizes: dict[str, int]) -> None:
    with pytest.raises(CannotDecode):
        codec.decode(frame(picture(form)), replace(form, **sizes))


@BOTH
def test_a_missing_or_short_segment_is_refused(form: PixelFormat) -> None:
    whole = frame(picture(form))
    few = struct.pack("<I", struct.unpack_from("<I", whole)[0] - 1) + whole[4:]
    for broken in (few, whole[:-200], whole[:64], whole[:10], whole[:4] + struct.pack("<I", 1 << 30) + whole[8:]):
        with pytest.raises(CannotDecode):
            codec.decode(broken, form)


def test_signs_come_through() -> None:
    form = replace(DEEP, signed=True)
    pixels = (picture(DEEP).astype(np.int32) - 9000).astype(np.int16)
    assert np.array_equal(codec.decode(frame(pixels), form), pixels)
