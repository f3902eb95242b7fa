"""Geometry of a tiled pyramid and the order in which its tiles are made; pixels come from a painter.

The tree is walked depth first, so that one root-to-leaf path of tiles is in memory whatever the slide's size."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import RLELossless

Pixels = NDArray[np.uint8]
"""rows x columns x 3, sRGB."""


class Painter(Protocol):
    def region(self, x: int, y: int, edge: int) -> Pixels:
        """Square of the base level with its upper left corner at (x, y); outside of the slide too."""
        ...

    def mark(self, tile: Pixels, level: int, row: int, column: int) -> Pixels:
        """The tile as it is stored: with whatever tells a reader which tile it is."""
        ...


@dataclass(frozen=True)
class Level:
    """One level: `columns` x `rows` pixels in square tiles of `tile` pixels; `downsample` base pixels a pixel."""

    index: int
    columns: int
    rows: int
    tile: int

    @property
    def downsample(self) -> int:
        return 1 << self.index

    @property
    def grid(self) -> tuple[int, int]:
        """Tiles down, tiles across."""
        return -(-self.rows // self.tile), -(-self.columns // self.tile)

    def positions(self) -> Iterator[tuple[int, int]]:
        """(row, column) of each tile in frame order."""
        down, across = self.grid
        return ((row, column) for row in range(down) for column in range(across))


def levels(columns: int, rows: int, tile: int) -> list[Level]:
    """Halved until one tile shows the whole slide."""
    all_levels = [Level(0, columns, rows, tile)]
    while all_levels[-1].grid != (1, 1):
        last = all_levels[-1]
        all_levels.append(Level(last.index + 1, -(-last.columns // 2), -(-last.rows // 2), tile))
    return all_levels


def halve(quad: Pixels) -> Pixels:
    """Mean of each 2 x 2 block, rounded down."""
    wide = quad.astype(np.uint16)
    return ((wide[0::2, 0::2] + wide[1::2, 0::2] + wide[0::2, 1::2] + wide[1::2, 1::2]) >> 2).astype(np.uint8)


def paint(painter: Painter, pyramid: list[Level], encode: Callable[[Pixels], bytes]) -> list[list[bytes]]:
    """Encoded frames of every level, in frame order."""
    frames: list[dict[tuple[int, int], bytes]] = [{} for _ in pyramid]
    tile = pyramid[0].tile

    def draw(level: Level, row: int, column: int) -> Pixels:
        if level.index == 0:
            pixels = painter.region(column * tile, row * tile, tile)
        else:
            below, quad = pyramid[level.index - 1], np.full((2 * tile, 2 * tile, 3), 255, np.uint8)
            for down in (0, 1):
                for across in (0, 1):
                    if 2 * row + down < below.grid[0] and 2 * column + across < below.grid[1]:
                        part = draw(below, 2 * row + down, 2 * column + across)
                        quad[down * tile : (down + 1) * tile, across * tile : (across + 1) * tile] = part
            pixels = halve(quad)
        frames[level.index][row, column] = encode(painter.mark(pixels, level.index, row, column))
        return pixels

    draw(pyramid[-1], 0, 0)
    return [[made[position] for position in level.positions()] for level, made in zip(pyramid, frames, strict=True)]


def jpeg(pixels: Pixels, quality: int = 85) -> bytes:
    """JPEG baseline, 4:2:2 as `YBR_FULL_422` says; of even length, so that these bytes are exactly the fragment."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, subsampling="4:2:2")
    data = out.getvalue()
    return data + b"\0" * (len(data) % 2)


def rle(pixels: Pixels) -> bytes:
    """RLE Lossless, of even length."""
    rows, columns, samples = pixels.shape
    data = get_encoder(RLELossless).encode(
        pixels,
        rows=rows,
        columns=columns,
        number_of_frames=1,
        samples_per_pixel=samples,
        bits_allocated=8,
        bits_stored=8,
        pixel_representation=0,
        photometric_interpretation="RGB",
        planar_configuration=0,
    )
    return data + b"\0" * (len(data) % 2)
