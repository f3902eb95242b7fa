"""A frame of each coding, of one colour: what a slide's frames are, as far as the rules look."""

from __future__ import annotations

from functools import cache

import imagecodecs
import numpy as np

from smoke_tests.slide.pyramid import rle as encode_rle
from tests.decoding import jpegs

DAMAGED = b"not an image"
PROCESSES = {0xC0: {}, 0xC1: {"bitspersample": 12}, 0xC3: {"lossless": True, "predictor": 1}}


Edge = int | tuple[int, int]
"""Of a square, or columns and rows."""


def _flat(edge: Edge, samples: int, bits: int, grey: int = 100) -> np.ndarray:
    wide, high = edge if isinstance(edge, tuple) else (edge, edge)
    shape = (high, wide, samples) if samples > 1 else (high, wide)
    return np.full(shape, grey, np.uint8 if bits <= 8 else np.uint16)


@cache
def jpeg(marker: int = 0xC0, edge: Edge = 256, samples: int = 3, bits: int = 8, grey: int = 100) -> bytes:
    """A JPEG by its start-of-frame marker."""
    pixels = _flat(edge, samples, bits, grey)
    return bytes(jpegs.jpeg(pixels, **{"level": 95, **PROCESSES[marker]}))


@cache
def jpeg_ls(samples: int = 3, bits: int = 8, edge: int = 256) -> bytes:
    return bytes(imagecodecs.jpegls_encode(_flat(edge, samples, bits)))


@cache
def jpeg2000(samples: int = 3, bits: int = 8, ht: bool = False, transformed: bool = True) -> bytes:
    pixels = _flat(256, samples, bits)
    if ht:
        return bytes(imagecodecs.htj2k_encode(pixels, reversible=True))
    return bytes(
        imagecodecs.jpeg2k_encode(
            pixels, codecformat="j2k", reversible=True, bitspersample=bits, mct=transformed and samples == 3
        )
    )


def cut(frame: bytes) -> bytes:
    """A frame that was cut off behind its header."""
    return frame[: max(len(frame) // 3, 200) // 2 * 2]


JPEG_XL_OF_JPEG = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg()))
RLE = encode_rle(_flat(256, 3, 8))
RLE = RLE + b"\0" * (len(RLE) % 2)
RAW = _flat(256, 3, 8).tobytes()
