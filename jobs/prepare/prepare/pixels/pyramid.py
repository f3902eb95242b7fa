"""The missing levels of a pyramid, made row by row from one level of it.

Four tiles of the source make one of the first level, which is encoded, halved and laid into the tile of the level
above; the fourth fills that one, which the same thread encodes and halves in turn, and so on up: no thread waits for a
level, and a tile is halved while it is in the processor's cache. Two rows of the first level are at work while a third
arrives, so that the threads never run out of tiles. Memory is encoded tiles of at most six rows of the source, and a
row of pixels of each level but the first.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import count, islice
from threading import Lock

import numpy as np

from .codec import Samples
from .errors import CannotPlace
from .grid import TileGrid
from .halve import halve

TILES_A_TASK = 4
ROWS_AT_WORK = 2
"""Of the first level: the next one is begun before the threads have finished one."""


@dataclass(frozen=True)
class Band:
    """One finished row of encoded tiles. `halvings` names the level, 0 is the source."""

    halvings: int
    row: int
    frames: list[bytes]


@dataclass
class _OpenTile:
    """A tile of which some quarters are there. `missing`: how many are not."""

    pixels: Samples
    missing: int


@dataclass
class _Level:
    """A level being made. `wanted`: whether it is encoded or only passed through."""

    halvings: int
    grid: TileGrid
    wanted: bool
    above: _Level | None
    tiles: dict[tuple[int, int], _OpenTile] = field(default_factory=dict[tuple[int, int], _OpenTile])
    """By row and column."""
    rows: dict[int, list[bytes]] = field(default_factory=dict[int, list[bytes]])
    """Encoded tiles of rows that have not left."""


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
        self._lock = Lock()

    def bands(self, tiles: Iterable[bytes | None]) -> Iterator[Band]:
        """Finished rows of every wanted level, as they become complete. `tiles` of the source, row by row."""
        arriving = iter(tiles)
        first = self._first_level()
        at_work: deque[list[Future[None]]] = deque()
        finished = count()
        with ThreadPoolExecutor(self.threads, thread_name_prefix="pixels") as pool:
            for row in range(first.grid.down):
                rows = [list(islice(arriving, self.grid.across)) for _ in range(min(2, self.grid.down - 2 * row))]
                at_work.append(self._start(first, row, rows, pool))
                if len(at_work) == ROWS_AT_WORK:
                    yield from _finish(first, next(finished), at_work.popleft())
            for running in at_work:
                yield from _finish(first, next(finished), running)

    def _first_level(self) -> _Level:
        """With the levels above it, up to the highest that is wanted."""
        level: _Level | None = None
        for halvings in range(max(self.wanted), 0, -1):
            level = _Level(halvings, self.grid.halved(halvings), halvings in self.wanted, level)
        assert level is not None
        return level

    def _start(
        self, first: _Level, row: int, rows: list[list[bytes | None]], pool: ThreadPoolExecutor
    ) -> list[Future[None]]:
        """Begins a row of the first level. A task has its own frames alone, so that they are forgotten with it."""
        step = max(1, min(TILES_A_TASK, first.grid.across // (4 * self.threads)))
        return [
            pool.submit(self._make, first, row, start, [encoded[2 * start : 2 * (start + step)] for encoded in rows])
            for start in range(0, first.grid.across, step)
        ]

    def _make(self, first: _Level, row: int, start: int, rows: list[list[bytes | None]]) -> None:
        """Tiles of the first level from column `start` on, each of four of the source; and what they complete above."""
        grid = first.grid
        for column in range(start, start + (len(rows[0]) + 1) // 2):
            tile: Samples | None = None
            for down, encoded in enumerate(rows):
                for across, frame in enumerate(encoded[2 * (column - start) :][:2]):
                    half = self._half(frame, 2 * row + down, 2 * column + across)
                    if tile is None:
                        tile = np.empty((grid.tile_rows, grid.tile_columns, *half.shape[2:]), half.dtype)
                    _put(tile, half, down, across)
            assert tile is not None
            self._complete(first, row, column, tile)

    def _half(self, frame: bytes | None, row: int, column: int) -> Samples:
        """A tile of the source at half its size; what lies beyond the edge takes no part."""
        grid = self.grid
        whole = (row + 1) * grid.tile_rows <= grid.rows and (column + 1) * grid.tile_columns <= grid.columns
        half = self.decode_halved(frame) if whole else None
        return halve(_inside(self.decode(frame), grid, row, column)) if half is None else half

    def _complete(self, level: _Level | None, row: int, column: int, tile: Samples) -> None:
        """All of a tile is there: encodes it and lays it into the level above, whose tile may be complete then too."""
        while level is not None:
            _fill(tile, level.grid, row, column)
            if level.wanted:
                encoded = self.encode(tile)
                with self._lock:
                    level.rows.setdefault(row, [b""] * level.grid.across)[column] = encoded
            if level.above is None:
                return
            half = halve(_inside(tile, level.grid, row, column))
            parent = self._open_tile(level, level.above, row, column, half)
            _put(parent.pixels, half, row % 2, column % 2)
            with self._lock:
                parent.missing -= 1
                if parent.missing:
                    return
                level, row, column = level.above, row // 2, column // 2
                tile = level.tiles.pop((row, column)).pixels

    def _open_tile(self, level: _Level, above: _Level, row: int, column: int, half: Samples) -> _OpenTile:
        """The tile of the level above that holds a tile of `level`, of whose pixels `half` are some."""
        place, below = (row // 2, column // 2), level.grid
        with self._lock:
            if place not in above.tiles:
                pixels = np.empty((below.tile_rows, below.tile_columns, *half.shape[2:]), half.dtype)
                quarters = min(2, below.down - 2 * place[0]) * min(2, below.across - 2 * place[1])
                above.tiles[place] = _OpenTile(pixels, quarters)
            return above.tiles[place]


def _finish(first: _Level, row: int, running: list[Future[None]]) -> Iterator[Band]:
    """A row of the first level, once it is made, and those of the levels above that are full by it."""
    wait(running)  # in turn, each of them would wake this thread
    for future in running:
        future.result()
    level: _Level | None = first
    while level is not None:
        if level.wanted:
            yield Band(level.halvings, row, level.rows.pop(row))
        if row % 2 == 0 and row != level.grid.down - 1:
            return
        level, row = level.above, row // 2


def _put(tile: Samples, half: Samples, down: int, across: int) -> None:
    """Lays a quarter into its tile; at the edges it may be smaller."""
    top, left = down * len(tile) // 2, across * tile.shape[1] // 2
    tile[top : top + half.shape[0], left : left + half.shape[1]] = half


def _inside(tile: Samples, grid: TileGrid, row: int, column: int) -> Samples:
    return tile[: grid.rows - row * grid.tile_rows, : grid.columns - column * grid.tile_columns]


def _fill(tile: Samples, grid: TileGrid, row: int, column: int) -> None:
    """Beyond the edge the last pixels are repeated, which compresses well and rings least."""
    high, wide = _inside(tile, grid, row, column).shape[:2]
    tile[:, wide:] = tile[:, wide - 1 : wide]
    tile[high:] = tile[high - 1 : high]
