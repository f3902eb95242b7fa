"""Which frame lies where: in order (tiled full), by position (tiled sparse), over the parts of a concatenation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from .errors import CannotPlace
from .grid import TileGrid, number_in

ABSENT = -1


@dataclass(frozen=True)
class Placement:
    """`frames[path, row, column]` is the frame of a tile, counted from 0 over all parts, or ABSENT."""

    grid: TileGrid
    paths: tuple[str, ...]
    frames: NDArray[np.int64]

    @property
    def sparse(self) -> bool:
        """Whether the frames are not simply in order: then per-frame positions are needed to read them."""
        return not np.array_equal(self.frames.ravel(), np.arange(self.frames.size))


def place(parts: Sequence[Dataset]) -> Placement:
    """Where each tile of one level lies: one instance, or all parts of a concatenation in order.
    Raises CannotPlace in words.
    """
    first = parts[0]
    uid, grid = str(first.SOPInstanceUID), TileGrid.of(first)
    if min(grid.columns, grid.rows, grid.tile_columns, grid.tile_rows) < 1:
        raise CannotPlace(f"instance {uid} has no size: it needs TotalPixelMatrixColumns and TotalPixelMatrixRows")
    if max(number_in(first, "TotalPixelMatrixFocalPlanes", 1), number_in(first, "NumberOfFocalPlanes", 1)) > 1:
        raise CannotPlace(f"instance {uid} has several focal planes: which one to show is not for this job to choose")
    check_parts(parts)
    paths = path_names(first)
    if first.get("DimensionOrganizationType") == "TILED_FULL":
        return Placement(grid, paths, _full(parts, grid, len(paths)))
    return Placement(grid, paths, _sparse(parts, grid, paths))


def order(parts: Sequence[Dataset]) -> tuple[Dataset, ...]:
    """The parts of a concatenation by their offset."""
    return tuple(sorted(parts, key=lambda part: number_in(part, "ConcatenationFrameOffsetNumber", 0)))


def check_parts(parts: Sequence[Dataset]) -> None:
    """Raises CannotPlace unless the parts follow each other and none is missing."""
    total = number_in(parts[0], "InConcatenationTotalNumber", 0) or len(parts)
    if total != len(parts):
        raise CannotPlace(
            f"concatenation {parts[0].get('ConcatenationUID', '')} has {total} parts and {len(parts)} are there: "
            "send the missing ones"
        )
    expected = 0
    for part in parts:
        offset = number_in(part, "ConcatenationFrameOffsetNumber", expected)
        if offset != expected and len(parts) > 1:
            raise CannotPlace(
                f"instance {part.SOPInstanceUID} begins at frame {offset} of its concatenation where frame {expected} "
                "comes next: a part is missing or there twice"
            )
        expected += number_in(part, "NumberOfFrames", 1)


def _full(parts: Sequence[Dataset], grid: TileGrid, paths: int) -> NDArray[np.int64]:
    frames = sum(number_in(part, "NumberOfFrames", 1) for part in parts)
    if frames != grid.tiles * paths:
        raise CannotPlace(
            f"instance {parts[0].SOPInstanceUID} has {frames} frames; {grid.across} x {grid.down} tiles in {paths} "
            f"optical paths need {grid.tiles * paths}"
        )
    return np.arange(frames, dtype=np.int64).reshape(paths, grid.down, grid.across)


def _sparse(parts: Sequence[Dataset], grid: TileGrid, paths: tuple[str, ...]) -> NDArray[np.int64]:
    placed = np.full((len(paths), grid.down, grid.across), ABSENT, np.int64)
    heights = set[float]()
    frame = 0
    for part in parts:
        for at, cell in enumerate(_cells(part, grid, paths)):
            if placed[cell] != ABSENT:
                raise CannotPlace(
                    f"two frames of instance {part.SOPInstanceUID} lie on tile {cell[1:]}: frame {at + 1} too"
                )
            placed[cell] = frame
            frame += 1
        positions = (
            _first(item, "PlanePositionSlideSequence") for item in part.get("PerFrameFunctionalGroupsSequence") or ()
        )
        heights |= {
            float(position.get("ZOffsetInSlideCoordinateSystem", 0) or 0)
            for position in positions
            if position is not None
        }
    if len(heights) > 1:
        raise CannotPlace(f"frames of instance {parts[0].SOPInstanceUID} lie on {len(heights)} focal planes")
    return placed


def numbers_in_full(part: Dataset) -> dict[int, int]:
    """Frame numbers of one instance, from 1, each with the number that it has once the whole level is tiled in full.

    Raises CannotPlace.
    """
    grid, paths = TileGrid.of(part), path_names(part)
    if part.get("DimensionOrganizationType") == "TILED_FULL":
        count = number_in(part, "NumberOfFrames", 1)
        whole = count >= grid.tiles * len(paths)
        offset = 0 if whole else number_in(part, "ConcatenationFrameOffsetNumber", 0)
        return {number: offset + number for number in range(1, count + 1)}
    cells = enumerate(_cells(part, grid, paths), 1)
    return {number: path * grid.tiles + row * grid.across + column + 1 for number, (path, row, column) in cells}


def path_names(header: Dataset) -> tuple[str, ...]:
    """Names of the optical paths, in order; one empty name where the image states none."""
    paths = header.get("OpticalPathSequence") or ()
    return tuple(str(path.get("OpticalPathIdentifier", "")) for path in paths) or ("",)


def _cells(part: Dataset, grid: TileGrid, paths: tuple[str, ...]) -> Iterator[tuple[int, int, int]]:
    """Optical path, row and column of each frame of a sparse instance, from 0."""
    uid, shared = str(part.SOPInstanceUID), _path(_first(part, "SharedFunctionalGroupsSequence"))
    items = part.get("PerFrameFunctionalGroupsSequence")
    count = number_in(part, "NumberOfFrames", 1)
    common = _common_position(part, grid)
    if not items and count == 1 and common is not None:
        items = [Dataset()]
    if not items or len(items) != count:
        raise CannotPlace(
            f"instance {uid} has {len(items or ())} positions (PlanePositionSlideSequence) for {count} frames, and "
            "does not say that its tiles come in order (DimensionOrganizationType): have it exported with full tiling"
        )
    for frame, item in enumerate(items):
        position = _first(item, "PlanePositionSlideSequence") or (common if count == 1 else None)
        path = _path(item) or shared or paths[0]
        if len(paths) == 1:
            path = paths[0]  # whatever the tile calls it
        if position is None or path not in paths:
            raise CannotPlace(f"frame {frame + 1} of instance {uid} has no position, or an unknown optical path")
        yield (paths.index(path), *_cell(position, grid, uid, frame))


def _common_position(part: Dataset, grid: TileGrid) -> Dataset | None:
    """What all frames share says where the only one lies; where the level is one tile, that is known anyway."""
    shared = _first(part, "SharedFunctionalGroupsSequence")
    position = _first(shared, "PlanePositionSlideSequence") if shared is not None else None
    if position is None and grid.tiles == 1:
        position = Dataset()
        position.ColumnPositionInTotalImagePixelMatrix = position.RowPositionInTotalImagePixelMatrix = 1
    return position


def _cell(position: Dataset, grid: TileGrid, uid: str, frame: int) -> tuple[int, int]:
    x = number_in(position, "ColumnPositionInTotalImagePixelMatrix", 0) - 1
    y = number_in(position, "RowPositionInTotalImagePixelMatrix", 0) - 1
    column, row = x // grid.tile_columns, y // grid.tile_rows
    if x % grid.tile_columns or y % grid.tile_rows or not (0 <= row < grid.down and 0 <= column < grid.across):
        raise CannotPlace(
            f"frame {frame + 1} of instance {uid} begins at column {x + 1}, row {y + 1}, off the grid of "
            f"{grid.tile_columns} x {grid.tile_rows} tiles: have the slide tiled anew"
        )
    return row, column


def _path(item: Dataset | None) -> str:
    identification = _first(item, "OpticalPathIdentificationSequence") if item is not None else None
    return str(identification.get("OpticalPathIdentifier") or "") if identification is not None else ""


def _first(item: Dataset, keyword: str) -> Dataset | None:
    sequence = item.get(keyword)
    return sequence[0] if sequence else None
