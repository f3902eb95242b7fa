"""Where the frames of an image lie, and what they show, by its functional groups: as the engine reads them."""

from __future__ import annotations

from typing import Literal

from .metadata import Json, items, number, numbers, text

Positions = Literal["none", "grid", "off_grid", "repeated", "partial"]
"""What the per-frame sequence says of tiles: nothing, all on the grid, some off it or outside of the matrix, several in
one place, or nothing of some of them."""


def positions(item: Json, per_frame: list[Json]) -> Positions:
    """The positions of the tiles of one image."""
    columns, rows = number(item, "Columns"), number(item, "Rows")
    width, height = number(item, "TotalPixelMatrixColumns"), number(item, "TotalPixelMatrixRows")
    seen: set[tuple[object, ...]] = set()
    placed = 0
    repeated = False
    for frame in per_frame:
        for where in items(frame, "PlanePositionSlideSequence")[:1]:
            column, row = _place(where)
            if not _is_stated(where):
                continue
            placed += 1
            if not columns or not rows or (column - 1) % columns or (row - 1) % rows:
                return "off_grid"
            if not (0 < column <= (width or column) and 0 < row <= (height or row)):
                return "off_grid"
            place = (column, row, text(where, "ZOffsetInSlideCoordinateSystem"), *_paths_of(frame))
            repeated = repeated or place in seen
            seen.add(place)
    if not placed:
        return "off_grid" if any(map(_is_stated, _shared(item))) and not is_shared(item) else "none"
    if placed < max(len(per_frame), number(item, "NumberOfFrames", 1)):
        return "partial"
    return "repeated" if repeated else "grid"


def places(per_frame: list[Json], columns: int, rows: int) -> tuple[tuple[int, int], ...]:
    """(column, row) of each frame's tile, from 0; nothing where a frame tells none."""
    placed = [_place(where) for frame in per_frame for where in items(frame, "PlanePositionSlideSequence")[:1]]
    if len(placed) != len(per_frame) or not columns or not rows:
        return ()
    return tuple(((column - 1) // columns, (row - 1) // rows) for column, row in placed)


def is_shared(item: Json) -> bool:
    """Whether what all frames share has a place of a tile in it."""
    columns, rows = max(number(item, "Columns"), 1), max(number(item, "Rows"), 1)
    width, height = number(item, "TotalPixelMatrixColumns") or columns, number(item, "TotalPixelMatrixRows") or rows
    return any(
        0 < column <= width and 0 < row <= height and (column - 1) % columns == 0 == (row - 1) % rows
        for column, row in map(_place, _shared(item))
    )


def _shared(item: Json) -> list[Json]:
    """What all frames share says of where they lie."""
    groups = items(item, "SharedFunctionalGroupsSequence")[:1]
    return [place for group in groups for place in items(group, "PlanePositionSlideSequence")[:1]]


def _is_stated(where: Json) -> bool:
    return all(text(where, f"{axis}PositionInTotalImagePixelMatrix") for axis in ("Column", "Row"))


def _place(where: Json) -> tuple[int, int]:
    """Column and row of the tile's first pixel, from 1; 0 where it is not told."""
    return (
        number(where, "ColumnPositionInTotalImagePixelMatrix"),
        number(where, "RowPositionInTotalImagePixelMatrix"),
    )


def count_stacked(per_frame: list[Json]) -> int:
    """Frames of one optical path in one place, at different depths."""
    depths: dict[tuple[object, ...], set[str]] = {}
    for frame in per_frame:
        for where in items(frame, "PlanePositionSlideSequence"):
            place = [number(where, f"{axis}PositionInTotalImagePixelMatrix") for axis in ("Column", "Row")]
            depths.setdefault((*place, *_paths_of(frame)), set()).add(text(where, "ZOffsetInSlideCoordinateSystem"))
    return max(map(len, depths.values()), default=1)


def _paths_of(frame: Json) -> list[str]:
    return [text(item, "OpticalPathIdentifier") for item in items(frame, "OpticalPathIdentificationSequence")]


def depth(item: Json, per_frame: list[Json]) -> float | None:
    """The depth in millimetres, where all frames have one."""
    groups = [*items(item, "SharedFunctionalGroupsSequence"), *per_frame]
    places = [where for group in groups for where in items(group, "PlanePositionSlideSequence")]
    places += items(item, "TotalPixelMatrixOriginSequence")
    offsets = {z for where in places for z in numbers(where, "ZOffsetInSlideCoordinateSystem")}
    return offsets.pop() if len(offsets) == 1 else None


def is_unidentified(item: Json, per_frame: list[Json]) -> bool:
    """Whether a frame does not say which optical path it shows."""
    return "" in _identifiers(item, per_frame)


def is_misidentified(item: Json, per_frame: list[Json]) -> bool:
    """Whether a frame says that it shows an optical path that its image does not describe."""
    described = {text(path, "OpticalPathIdentifier") for path in items(item, "OpticalPathSequence")} - {""}
    return bool(described and _identifiers(item, per_frame) - {"", *described})


def _identifiers(item: Json, per_frame: list[Json]) -> set[str]:
    """The engine reads what all frames share where there is one path, else what each says of itself."""
    shared = items(item, "SharedFunctionalGroupsSequence")
    groups = per_frame
    if (
        (number(item, "NumberOfOpticalPaths") or 1) == 1
        and shared
        and items(shared[0], "OpticalPathIdentificationSequence")
    ):
        groups = shared[:1]
    return {text(_first_path(group), "OpticalPathIdentifier") for group in groups}


def _first_path(group: Json) -> Json:
    return next(iter(items(group, "OpticalPathIdentificationSequence")), {})
