"""Which frame lies where: in order (tiled full), by position (tiled sparse), over the parts of a concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from .errors import CannotPlace
from .grid import Grid

ABSENT = -1


@dataclass(frozen=True)
class Placement:
    """`frames[path, row, column]` is the frame of a tile, counted from 0 over all parts, or ABSENT."""

    grid: Grid
    paths: tuple[str, ...]
    frames: NDArray[np.int64]

    @property
    def sparse(self) -> bool:
        """Whether the frames are not simply in order: then per-frame positions are needed to read them."""
        return not np.array_equal(self.frames.ravel(), np.arange(self.frames.size))


def place(parts: Sequence[Dataset]) -> Placement:
    """Of one level: one instance, or all parts of a concatenation in order. Raises CannotPlace in words."""
    first = parts[0]
    uid, grid = str(first.SOPInstanceUID), Grid.of(first)
    if min(grid.columns, grid.rows, grid.tile_columns, grid.tile_rows) < 1:
        raise CannotPlace(f"instance {uid} has no size: it needs TotalPixelMatrixColumns and TotalPixelMatrixRows")
    if max(int(first.get("TotalPixelMatrixFocalPlanes", 1)), int(first.get("NumberOfFocalPlanes", 1))) > 1:
        raise CannotPlace(f"instance {uid} has several focal planes: which one to show is not for this job to choose")
    check_parts(parts)
    paths = tuple(str(path.get("OpticalPathIdentifier", "")) for path in first.get("OpticalPathSequence") or ()) or (
        "",
    )
    if first.get("DimensionOrganizationType") == "TILED_FULL":
        return Placement(grid, paths, _full(parts, grid, len(paths)))
    return Placement(grid, paths, _sparse(parts, grid, paths))


def ordered(parts: Sequence[Dataset]) -> tuple[Dataset, ...]:
    """The parts of a concatenation by their offset."""
    return tuple(sorted(parts, key=lambda part: int(part.get("ConcatenationFrameOffsetNumber", 0))))


def check_parts(parts: Sequence[Dataset]) -> None:
    """Raises CannotPlace unless the parts follow each other and none is missing."""
    total = int(parts[0].get("InConcatenationTotalNumber", 0) or len(parts))
    if total != len(parts):
        raise CannotPlace(
            f"concatenation {parts[0].get('ConcatenationUID', '')} has {total} parts and {len(parts)} are there: "
            "send the missing ones"
        )
    expected = 0
    for part in parts:
        offset = int(part.get("ConcatenationFrameOffsetNumber", expected))
        if offset != expected:
            raise CannotPlace(
                f"instance {part.SOPInstanceUID} begins at frame {offset} of its concatenation where frame {expected} "
                "comes next: a part is missing or there twice"
            )
        expected += int(part.get("NumberOfFrames", 1))


def _full(parts: Sequence[Dataset], grid: Grid, paths: int) -> NDArray[np.int64]:
    frames = sum(int(part.get("NumberOfFrames", 1)) for part in parts)
    if frames != grid.tiles * paths:
        raise CannotPlace(
            f"instance {parts[0].SOPInstanceUID} has {frames} frames; {grid.across} x {grid.down} tiles in {paths} "
            f"optical paths need {grid.tiles * paths}"
        )
    return np.arange(frames, dtype=np.int64).reshape(paths, grid.down, grid.across)


def _sparse(parts: Sequence[Dataset], grid: Grid, paths: tuple[str, ...]) -> NDArray[np.int64]:
    placed = np.full((len(paths), grid.down, grid.across), ABSENT, np.int64)
    number = {path: at for at, path in enumerate(paths)}
    heights = set[float]()
    frame = 0
    for part in parts:
        uid, shared = str(part.SOPInstanceUID), _path(_first(part, "SharedFunctionalGroupsSequence"))
        items = part.get("PerFrameFunctionalGroupsSequence")
        count = int(part.get("NumberOfFrames", 1))
        if not items or len(items) != count:
            raise CannotPlace(f"instance {uid} has {len(items or ())} positions for {count} frames")
        for item in items:
            position = _first(item, "PlanePositionSlideSequence")
            path = _path(item) or shared or paths[0]
            if position is None or path not in number:
                raise CannotPlace(f"frame {frame + 1} of instance {uid} has no position, or an unknown optical path")
            row, column = _cell(position, grid, uid, frame)
            if placed[number[path], row, column] != ABSENT:
                raise CannotPlace(f"two frames of instance {uid} lie on tile ({row}, {column}): frame {frame + 1} too")
            placed[number[path], row, column] = frame
            heights.add(float(position.get("ZOffsetInSlideCoordinateSystem", 0) or 0))
            frame += 1
    if len(heights) > 1:
        raise CannotPlace(f"frames of instance {parts[0].SOPInstanceUID} lie on {len(heights)} focal planes")
    return placed


def _cell(position: Dataset, grid: Grid, uid: str, frame: int) -> tuple[int, int]:
    x = int(position.ColumnPositionInTotalImagePixelMatrix) - 1
    y = int(position.RowPositionInTotalImagePixelMatrix) - 1
    column, row = x // grid.tile_columns, y // grid.tile_rows
    if x % grid.tile_columns or y % grid.tile_rows or not (0 <= row < grid.down and 0 <= column < grid.across):
        raise CannotPlace(
            f"frame {frame + 1} of instance {uid} begins at column {x + 1}, row {y + 1}, off the grid of "
            f"{grid.tile_columns} x {grid.tile_rows} tiles: have the slide tiled anew"
        )
    return row, column


def _path(item: Dataset | None) -> str:
    identification = _first(item, "OpticalPathIdentificationSequence") if item is not None else None
    return str(identification.OpticalPathIdentifier) if identification is not None else ""


def _first(item: Dataset, keyword: str) -> Dataset | None:
    sequence = item.get(keyword)
    return sequence[0] if sequence else None
