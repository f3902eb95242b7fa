"""The missing levels of a pyramid, made row by row from one level of it.

A row of tiles of the source is decoded, halved and laid into the row of the level above; two of those fill it, it is
encoded, halved in turn, and so on up. Memory is one row of tiles a level: twice the width of the first level made.
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
class Cascade:
    """Makes levels of a source of `grid`. `decode` gives a tile's samples, None stands for an absent tile."""

    grid: TileGrid
    wanted: frozenset[int]
    decode: Callable[[bytes | None], Samples]
    encode: Callable[[Samples], bytes]
    threads: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))

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
        first: _Level | None = None
        with ThreadPoolExecutor(self.threads, thread_name_prefix="pixels") as pool:
            running: list[Future[None]] = []
            for row in range(self.grid.down):
                encoded = list(islice(arriving, self.grid.across))  # arrives while the row before is at work
                _finish(running)
                if first is not None and row % 2 == 0:
                    yield from self._complete(first, row // 2 - 1, pool)
                first = first or self._levels(self.decode(encoded[0]))
                running = self._lay_sources(first, row, encoded, pool)
            _finish(running)
            if first is not None:
                yield from self._complete(first, (self.grid.down - 1) // 2, pool)

    def _levels(self, sample: Samples) -> _Level:
        """The chain of levels, coarsest made first."""
        level: _Level | None = None
        for halvings in range(max(self.wanted), 0, -1):
            grid = self.grid.halved(halvings)
            shape = (grid.tile_rows, grid.across * grid.tile_columns, *sample.shape[2:])
            level = _Level(halvings, grid, halvings in self.wanted, np.zeros(shape, sample.dtype), level)
        assert level is not None
        return level

    def _lay_sources(
        self, level: _Level, row: int, encoded: list[bytes | None], pool: ThreadPoolExecutor
    ) -> list[Future[None]]:
        def lay(start: int) -> None:
            for column in range(start, min(start + step, len(encoded))):
                _lay(level, self.grid, row, column, self.decode(encoded[column]))

        step = self._step(len(encoded))
        return [pool.submit(lay, start) for start in range(0, len(encoded), step)]

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
    high = min(below.tile_rows, below.rows - row * below.tile_rows)
    wide = min(below.tile_columns, below.columns - column * below.tile_columns)
    half = halve(tile[:high, :wide])
    top, left = (row % 2) * below.tile_rows // 2, column * below.tile_columns // 2
    level.pixels[top : top + half.shape[0], left : left + half.shape[1]] = half


def _tile(level: _Level, row: int, column: int) -> Samples:
    """A tile of a full row; beyond the edge the last pixels are repeated, which compresses well and rings least."""
    grid = level.grid
    left = column * grid.tile_columns
    tile = level.pixels[:, left : left + grid.tile_columns]
    high = min(grid.tile_rows, grid.rows - row * grid.tile_rows)
    wide = min(grid.tile_columns, grid.columns - left)
    tile[:, wide:] = tile[:, wide - 1 : wide]
    tile[high:] = tile[high - 1 : high]
    return np.ascontiguousarray(tile)


def _finish(running: list[Future[None]]) -> None:
    for future in running:
        future.result()
    running.clear()
