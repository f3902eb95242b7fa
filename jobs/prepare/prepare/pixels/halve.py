"""Half-size pixels: the mean of each 2 x 2 block, nothing else."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


def halve(pixels: NDArray[Any]) -> NDArray[Any]:
    """Means of 2 x 2 blocks. Halves are rounded up and down in turn, so that brightness does not drift with the levels.

    Rows and columns may be odd: the last row or column then counts twice. 8 or 16 bit samples, one or three a pixel.
    """
    rows, columns = pixels.shape[:2]
    if rows % 2 or columns % 2:
        rest = ((0, rows % 2), (0, columns % 2), (0, 0))[: pixels.ndim]
        pixels = np.pad(pixels, rest, mode="edge")
        rows, columns = pixels.shape[:2]
    samples = 1 if pixels.ndim == 2 else int(pixels.shape[2])
    flat = np.ascontiguousarray(pixels).reshape(rows, columns * samples)
    wide = np.dtype(np.uint16 if pixels.dtype == np.uint8 else np.int32)
    pairs = flat[0::2].astype(wide)
    pairs += flat[1::2]
    total = np.empty((rows // 2, columns // 2 * samples), wide)
    # A sample at a time: numpy's inner loop then runs over the columns, not over three samples.
    for sample in range(samples):
        left, right = pairs[:, sample :: 2 * samples], pairs[:, sample + samples :: 2 * samples]
        np.add(left, right, out=total[:, sample::samples])
    up_first, down_first = _rounding(columns // 2, samples, wide.char)
    total[0::2] += up_first
    total[1::2] += down_first
    total >>= 2
    return total.astype(pixels.dtype).reshape(rows // 2, columns // 2, *pixels.shape[2:])


@lru_cache
def _rounding(columns: int, samples: int, kind: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """What to add before dividing by four: 2 rounds a half up, 1 rounds it down; like a chess board."""
    row = np.repeat(np.arange(columns) % 2, samples)
    return (2 - row).astype(kind), (1 + row).astype(kind)
