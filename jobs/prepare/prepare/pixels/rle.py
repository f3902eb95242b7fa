"""RLE Lossless frames (PS3.5 annex G): a plane of bytes a segment, the most significant byte of a sample first.

A segment is read until its plane is full; what follows is padding, which writers are free to add. A frame does not say
its size, so as much more as a row or a column of pixels is no padding but another size.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any, cast

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from .grid import PixelFormat

HEADER = struct.Struct("<16I")
"""How many segments, and where each begins."""

_packbits = cast("Callable[[bytes], bytes]", imagecodecs.packbits_decode)


def decode(frame: bytes, form: PixelFormat) -> NDArray[Any]:
    """Samples of one frame. Raises ValueError when segments are missing, or a plane does not become full."""
    count, *offsets = HEADER.unpack_from(frame.ljust(HEADER.size, b"\0"))
    width = form.dtype.itemsize
    bounds = [*offsets[:count], len(frame)]
    if count != form.samples * width or bounds != sorted(bounds) or bounds[0] < HEADER.size:
        raise ValueError("segments")
    size = form.rows * form.columns
    padding = min(form.rows, form.columns)
    planes = [_plane(frame[start:end], size, padding) for start, end in pairwise(bounds)]
    stored = np.stack([np.frombuffer(plane, np.uint8) for plane in planes]).reshape(form.samples, width, size)
    samples = np.ascontiguousarray(np.moveaxis(stored, 1, -1)).view(form.dtype.newbyteorder(">")).astype(form.dtype)
    if form.colour:
        return np.ascontiguousarray(samples.reshape(3, form.rows, form.columns).transpose(1, 2, 0))
    return samples.reshape(form.rows, form.columns)


def _plane(segment: bytes, size: int, padding: int) -> bytes:
    """The plane of `size` bytes; `padding` is what may not follow."""
    try:
        plane = _packbits(segment)
    except RuntimeError:  # what follows is no PackBits
        plane = _until_full(segment, size)
    if not size <= len(plane) < size + padding:
        raise ValueError("size")
    return plane[:size]


def _until_full(segment: bytes, size: int) -> bytes:
    """Decodes as the standard says (PS3.5 G.3.2), byte by byte; then what is left."""
    plane, at = bytearray(), 0
    while len(plane) < size and at < len(segment):
        code = segment[at]
        if code < 128:
            plane += segment[at + 1 : at + 2 + code]
            at += 2 + code
        else:
            plane += segment[at + 1 : at + 2] * (257 - code if code > 128 else 0)
            at += 2 if code > 128 else 1
    return bytes(plane + segment[at:])
