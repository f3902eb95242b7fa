"""The self-identifying painter: each tile carries run, level, row and column as bits that survive JPEG, and as text.

A swapped, shifted or stale frame therefore names itself; `read_mark` needs nothing but the pixels. On the mean a mark
changes nothing, so that every level still shows what the largest does, as a slide's levels must."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from smoke_tests.slide.pyramid import Pixels

CELL = 8
"""Edge of one bit in pixels: a JPEG block, so that bits do not bleed into each other. 1 is lighter on its left half."""
CONTRAST = 40
"""By how much a mark is lighter and darker than what it lies on."""
SHADOW = 2
"""Pixels to the right of and below light letters, where they are dark."""
WIDTHS = {"level": 4, "row": 14, "column": 14, "run": 24}
CHECK_BITS = 8
BITS = sum(WIDTHS.values()) + CHECK_BITS


@dataclass(frozen=True)
class Mark:
    """Which tile this is; `run` is a 24-bit digest of the run id."""

    level: int
    row: int
    column: int
    run: int


def run_number(run_id: str) -> int:
    return zlib.crc32(run_id.encode()) & 0xFFFFFF


def bits_of(mark: Mark) -> list[int]:
    text = "".join(f"{getattr(mark, name):0{width}b}" for name, width in WIDTHS.items())
    check = zlib.crc32(text.encode()) & ((1 << CHECK_BITS) - 1)
    return [int(bit) for bit in f"{text}{check:0{CHECK_BITS}b}"]


def read_mark(pixels: Pixels) -> Mark | None:
    """The mark in a decoded tile, or None when there is no sound one."""
    across = pixels.shape[1] // CELL
    down = -(-BITS // across)
    if not across or pixels.shape[0] < down * CELL:
        return None
    halves = pixels[: down * CELL, : across * CELL].reshape(down, CELL, across, 2, CELL // 2, 3).mean(axis=(1, 4, 5))
    bits = [int(left > right) for left, right in halves.reshape(-1, 2)[:BITS]]
    fields: dict[str, int] = {}
    at = 0
    for name, width in WIDTHS.items():
        fields[name] = int("".join(map(str, bits[at : at + width])), 2)
        at += width
    mark = Mark(**fields)
    return mark if bits_of(mark) == bits else None


class Grid:
    """Colour says where on the slide (red grows to the right, green downwards), squares and rings show scale."""

    def __init__(self, columns: int, rows: int, run_id: str) -> None:
        self.columns, self.rows, self.run = columns, rows, run_number(run_id)
        self.font = ImageFont.load_default(22)
        self.grain = np.random.default_rng(7).integers(-14, 15, (1024, 1024, 1), np.int16)

    def region(self, x: int, y: int, edge: int) -> Pixels:
        xs, ys = np.arange(x, x + edge, dtype=np.float32), np.arange(y, y + edge, dtype=np.float32)[:, None]
        out = np.empty((edge, edge, 3), np.int16)
        out[..., 0] = 60 + 170 * xs / self.columns
        out[..., 1] = 60 + 170 * ys / self.rows
        distance = np.hypot(xs - self.columns / 2, ys - self.rows / 2)
        out[..., 2] = 150 + 50 * (distance % 512 < 24) - 40 * ((xs // 128 + ys // 128) % 2)
        seed = (x * 31 + y * 17) % (1024 - edge) if edge < 1024 else 0
        out += self.grain[seed : seed + edge, :edge] if edge <= 1024 else 0
        return np.clip(out, 0, 255).astype(np.uint8)

    def mark(self, tile: Pixels, level: int, row: int, column: int) -> Pixels:
        edge = tile.shape[0]
        across = edge // CELL
        down = -(-BITS // across)
        cells = np.zeros(down * across, np.int16)
        cells[:BITS] = np.array(bits_of(Mark(level, row, column, self.run)), np.int16) * 2 - 1
        image = Image.fromarray(tile)
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 0, edge - 1, edge - 1), outline=(20, 20, 20))
        marked = np.array(image).astype(np.int16)
        bit = np.repeat([CONTRAST, -CONTRAST], CELL // 2).astype(np.int16) * np.ones((CELL, 1), np.int16)
        marked[: down * CELL, : across * CELL] += np.kron(cells.reshape(down, across), bit)[..., None]
        marked += self._letters(edge, (12, down * CELL + 12), f"L{level} R{row} C{column}")[..., None]
        return np.clip(marked, 0, 255).astype(np.uint8)

    def _letters(self, edge: int, place: tuple[int, int], text: str) -> NDArray[np.int16]:
        """Light, with a shadow as dark."""
        drawn = Image.new("L", (edge, edge))
        ImageDraw.Draw(drawn).text(place, text, fill=CONTRAST, font=self.font)
        light = np.array(drawn).astype(np.int16)
        return light - np.roll(light, (SHADOW, SHADOW), (0, 1))
