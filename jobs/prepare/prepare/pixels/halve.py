"""Half-size pixels: the mean of each 2 x 2 block, nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def halve(pixels: NDArray[Any]) -> NDArray[Any]:
    """Means of 2 x 2 blocks, halves rounded to even, so that level upon level brightness does not drift.

    Rows and columns may be odd: the last row or column then counts twice. 8 or 16 bit samples, one or three a pixel.
    """
    rows, columns = pixels.shape[:2]
    if rows % 2 or columns % 2:
        rest = ((0, rows % 2), (0, columns % 2), (0, 0))[: pixels.ndim]
        pixels = np.pad(pixels, rest, mode="edge")
        rows, columns = pixels.shape[:2]
    samples = 1 if pixels.ndim == 2 else int(pixels.shape[2])
    flat = np.ascontiguousarray(pixels).reshape(rows, columns * samples)
    wide = np.uint16 if pixels.dtype == np.uint8 else np.int32
    pairs = flat[0::2].astype(wide)
    pairs += flat[1::2]
    out = np.empty((rows // 2, columns // 2, samples), pixels.dtype)
    # A sample at a time: numpy's inner loop then runs over the columns, not over three samples.
    for sample in range(samples):
        total = pairs[:, sample :: 2 * samples] + pairs[:, sample + samples :: 2 * samples]
        total += 1 + ((total >> 2) & 1)
        total >>= 2
        out[:, :, sample] = total
    return out if pixels.ndim == 3 else out[:, :, 0]
