"""The scene that every slide of the matrix shows, at any size and for any optical path, and its tiles in every coding.

Smooth, so that a level made by averaging is the scene at that size; with no symmetry, so that a swapped, mirrored or
shifted tile is far off.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from smoke_tests.slide.pyramid import rle
from tests.decoding import jpegs

Pixels = NDArray[Any]
Region = tuple[int, int, int, int, int, int]
"""Columns and rows of the whole; left, top, width and height of a region of it."""
WAVES = ((1.3, 2.2, 0.3), (2.4, 0.9, 1.1), (0.7, 3.1, 2.0), (1.9, 1.4, 0.7))
"""Cycles across and down the slide, and where they begin, of each sample; optical paths take them in turn."""


def scene(columns: int, rows: int, left: int, top: int, wide: int, high: int, samples: int, bits: int) -> Pixels:
    """Pixels of a region of the scene drawn `columns` x `rows`; float, 0 to 2^bits - 1. What is outside goes on."""
    return _drawn(columns, rows, left, top, wide, high, WAVES[:samples], bits)


def channel(columns: int, rows: int, left: int, top: int, wide: int, high: int, path: int, bits: int) -> Pixels:
    """The same for one optical path of a monochrome slide, counted from 0."""
    return _drawn(columns, rows, left, top, wide, high, WAVES[path : path + 1], bits)


def _drawn(
    columns: int, rows: int, left: int, top: int, wide: int, high: int, waves: tuple[Any, ...], bits: int
) -> Pixels:
    across = (left + np.arange(wide) + 0.5) / columns
    down = (top + np.arange(high) + 0.5) / rows
    drawn: list[Pixels] = []
    for cycles_across, cycles_down, start in waves:
        x = 0.3 * across + 0.17 * np.sin(2 * np.pi * (cycles_across * across + start))
        y = 0.2 * down + 0.15 * np.sin(2 * np.pi * (cycles_down * down + start))
        drawn.append(np.clip(0.25 + x[None, :] + y[:, None], 0, 1) * (2**bits - 1))
    return drawn[0] if len(drawn) == 1 else np.stack(drawn, axis=-1)


@cache
def frame(whole: Region, samples: int, path: int, bits: int, coding: str, negative: bool = False) -> bytes:
    """A frame of even length in a coding of the rules' table; `bits` of the codestream's samples.

    Of one sample, it shows the optical path `path`. Slides of one size share their tiles. `negative` shows another
    picture.
    """
    drawn = channel(*whole, path, bits) if samples == 1 else scene(*whole, samples, bits)
    drawn = 2**bits - 1 - drawn if negative else drawn
    stored = np.ascontiguousarray(np.rint(drawn).astype(np.uint8 if bits <= 8 else np.uint16))
    data = bytes(ENCODERS[coding](stored, bits))
    return data + b"\0" * (len(data) % 2)


def _jpeg(pixels: Pixels) -> bytes:
    return jpegs.jpeg(pixels, **({"subsampling": "422"} if pixels.shape[2:] == (3,) else {"level": 95}))


ENCODERS: dict[str, Callable[[Pixels, int], Any]] = {
    "jpeg-baseline": lambda pixels, bits: _jpeg(pixels),
    "jpeg-extended": lambda pixels, bits: jpegs.jpeg(pixels, level=95, bitspersample=12),
    "jpeg-lossless": lambda pixels, bits: jpegs.jpeg(pixels, lossless=True, predictor=1, bitspersample=bits),
    "jpeg-ls": lambda pixels, bits: imagecodecs.jpegls_encode(pixels),
    "jpeg2000": lambda pixels, bits: imagecodecs.jpeg2k_encode(
        pixels, codecformat="j2k", reversible=True, bitspersample=bits
    ),
    "jpeg2000-plain": lambda pixels, bits: imagecodecs.jpeg2k_encode(
        pixels, codecformat="j2k", reversible=True, mct=False
    ),
    "htj2k": lambda pixels, bits: imagecodecs.htj2k_encode(pixels, reversible=True),
    "rle": lambda pixels, bits: rle(pixels),
    "jpeg-xl-of-jpeg": lambda pixels, bits: imagecodecs.jpegxl_encode_jpeg(_jpeg(pixels)),
    "unknown": lambda pixels, bits: b"not an image",
}
