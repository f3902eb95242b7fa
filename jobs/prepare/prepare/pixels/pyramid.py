"""The missing levels of a pyramid, made row by row from one level of it.

Four tiles of the source make one of the first level, which is encoded, halved and laid into the row of the level
above; two rows fill that, it is encoded, halved in turn, and so on up. While a row is made the next ones arrive and the
ones before are put away. Memory is encoded tiles of four rows of the source, and a row of pixels of each level but the
first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .codec import Samples
from .errors import CannotPlace
from .grid import TileGrid
from .halve import halve

TILES_A_TASK = 4
"""At most; fewer where a row is too short to keep every thread busy."""


@dataclass(frozen=True)
class Band:
    """One finished row of encoded tiles. `halvings` names the level, 0 is the source."""

    halvings: int
    row: int
    frames: list[bytes]


@dataclass
class _Level:
    """A level being made: one row of its tiles as pixels. `wanted`: whether it is encoded or only passed through."""

    halvings: int
    grid: TileGrid
    wanted: bool
    pixels: NDArray[Any]
    above: _Level | None = None


@dataclass
class _Row:
    """A row of the first level on its way: `frames` are there once what is `running` is done."""

    row: int
    frames: list[bytes]
    running: list[Future[None]]


@dataclass
class Cascade:
    """Makes levels of a source of `grid`. `decode` gives a tile's samples, None stands for an absent tile."""

    grid: TileGrid
    wanted: frozenset[int]
    decode: Callable[[bytes | None], Samples]
    encode: Callable[[Samples], bytes]
    threads: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    decode_halved: Callable[[bytes | None], Samples | None] = lambda frame: None
    """A tile's samples at half its size, where that costs less than decoding it; None where it does not."""

    def __post_init__(self) -> None:
        if self.grid.tile_rows % 2 or self.grid.tile_columns % 2:
            raise CannotPlace(
                f"tiles of {self.grid.tile_columns} x {self.grid.tile_rows} cannot be halved: have the slide tiled anew"
            )
        if not self.wanted or min(self.wanted) < 1:
            raise ValueError(f"levels {sorted(self.wanted)} do not fit: name halvings of 1 and more")

    def bands(self, tiles: Iterable[bytes | None]) -> Iterator[Band]:
        """Finished rows of every wanted level, as they become complete. `tiles` of the source, row by row."""
        arriving = iter(tiles)
        first = _Level(1, self.grid.halved(1), 1 in self.wanted, np.zeros((0, 0)))  # never kept as pixels
        made: _Row | None = None
        with ThreadPoolExecutor(self.threads, thread_name_prefix="pixels") as pool:
            for row in range(first.grid.down):
                rows = [list(islice(arriving, self.grid.across)) for _ in range(min(2, self.grid.down - 2 * row))]
                finished = self._finish(first, made, pool) if made else []  # `rows` arrived while it was at work
                if made is None and max(self.wanted) > 1:
                    first.above = self._levels_above(self.decode(rows[0][0]))
                made = self._start(first, row, rows, pool)
                yield from finished
            yield from self._finish(first, made, pool) if made else []

    def _levels_above(self, sample: Samples) -> _Level | None:
        """The chain of levels above the first, whose pixels are like a tile's `sample`; None where there is none."""
        level: _Level | None = None
        for halvings in range(max(self.wanted), 1, -1):
            grid = self.grid.halved(halvings)
            shape = (grid.tile_rows, grid.across * grid.tile_columns, *sample.shape[2:])
            level = _Level(halvings, grid, halvings in self.wanted, np.zeros(shape, sample.dtype), level)
        return level

    def _start(self, level: _Level, row: int, rows: list[list[bytes | None]], pool: ThreadPoolExecutor) -> _Row:
        """Makes a row of the first level: each of its tiles of four of the source, alone."""
        grid, above = level.grid, level.above
        frames: list[bytes] = [b""] * grid.across

        def work(column: int) -> None:
            tile: Samples | None = None
            for down, encoded in enumerate(rows):
                for across, frame in enumerate(encoded[2 * column : 2 * column + 2]):
                    half = self._half(frame, 2 * row + down, 2 * column + across)
                    if tile is None:
                        tile = np.zeros((grid.tile_rows, grid.tile_columns, *half.shape[2:]), half.dtype)
                    top, left = down * grid.tile_rows // 2, across * grid.tile_columns // 2
                    tile[top : top + half.shape[0], left : left + half.shape[1]] = half
            assert tile is not None
            _fill(tile, grid, row, column)
            if level.wanted:
                frames[column] = self.encode(tile)
            if above is not None:
                _lay(above, grid, row, column, tile)

        return _Row(row, frames, [pool.submit(work, column) for column in range(grid.across)])

    def _half(self, frame: bytes | None, row: int, column: int) -> Samples:
        """A tile of the source at half its size; what lies beyond the edge takes no part."""
        grid = self.grid
        whole = (row + 1) * grid.tile_rows <= grid.rows and (column + 1) * grid.tile_columns <= grid.columns
        half = self.decode_halved(frame) if whole else None
        return halve(_inside(self.decode(frame), grid, row, column)) if half is None else half

    def _finish(self, first: _Level, made: _Row, pool: ThreadPoolExecutor) -> list[Band]:
        """The row, and those of the levels above that are full by it."""
        _finish(made.running)
        bands = [Band(first.halvings, made.row, made.frames)] if first.wanted else []
        if first.above is not None and (made.row % 2 or made.row == first.grid.down - 1):
            bands += self._complete(first.above, made.row // 2, pool)
        return bands

    def _step(self, across: int) -> int:
        """Tiles of one task."""
        return max(1, min(TILES_A_TASK, across // (2 * self.threads)))

    def _complete(self, level: _Level, row: int, pool: ThreadPoolExecutor) -> Iterator[Band]:
        """Row `row` of `level` is full: encodes it and lays it into the level above, which may be full then too."""
        grid, above = level.grid, level.above
        frames: list[bytes] = [b""] * grid.across

        def work(start: int) -> None:
            for column in range(start, min(start + step, grid.across)):
                tile = _tile(level, row, column)
                if level.wanted:
                    frames[column] = self.encode(tile)
                if above is not None:
                    _lay(above, grid, row, column, tile)

        step = self._step(grid.across)
        _finish([pool.submit(work, start) for start in range(0, grid.across, step)])
        if level.wanted:
            yield Band(level.halvings, row, frames)
        if above is not None and (row % 2 or row == grid.down - 1):
            yield from self._complete(above, row // 2, pool)


def _lay(level: _Level, below: TileGrid, row: int, column: int, tile: Samples) -> None:
    """Halves a tile of the level below into its place; what lies beyond the edge of that level takes no part."""
    half = halve(_inside(tile, below, row, column))
    top, left = (row % 2) * below.tile_rows // 2, column * below.tile_columns // 2
    level.pixels[top : top + half.shape[0], left : left + half.shape[1]] = half


def _inside(tile: Samples, grid: TileGrid, row: int, column: int) -> Samples:
    return tile[: grid.rows - row * grid.tile_rows, : grid.columns - column * grid.tile_columns]


def _tile(level: _Level, row: int, column: int) -> Samples:
    """A tile of a full row."""
    left = column * level.grid.tile_columns
    tile = level.pixels[:, left : left + level.grid.tile_columns]
    _fill(tile, level.grid, row, column)
    return np.ascontiguousarray(tile)


def _fill(tile: Samples, grid: TileGrid, row: int, column: int) -> None:
    """Beyond the edge the last pixels are repeated, which compresses well and rings least."""
    high, wide = _inside(tile, grid, row, column).shape[:2]
    tile[:, wide:] = tile[:, wide - 1 : wide]
    tile[high:] = tile[high - 1 : high]


def _finish(running: list[Future[None]]) -> None:
    for future in running:
        future.result()
    running.clear()
