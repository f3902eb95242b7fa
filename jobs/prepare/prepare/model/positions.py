"""Where the frames of an image lie, and what they show, by its functional groups: as the engine reads them."""

from __future__ import annotations

from typing import Literal

from .metadata import Json, items, number, numbers, text

Positions = Literal["none", "grid", "off_grid", "repeated"]
"""What the per-frame sequence says of tiles: nothing, all on the grid, some off it, several in one place."""


def positions(per_frame: list[Json], columns: int, rows: int) -> Positions:
    """Of tiles of `columns` x `rows` pixels."""
    seen: set[tuple[object, ...]] = set()
    found: Positions = "none"
    for frame in per_frame:
        for where in items(frame, "PlanePositionSlideSequence"):
            column = number(where, "ColumnPositionInTotalImagePixelMatrix")
            row = number(where, "RowPositionInTotalImagePixelMatrix")
            if not columns or not rows or (column - 1) % columns or (row - 1) % rows:
                return "off_grid"
            place = (column, row, text(where, "ZOffsetInSlideCoordinateSystem"), *_paths_of(frame))
            found = "repeated" if place in seen else found if found == "repeated" else "grid"
            seen.add(place)
    return found


def stacked(per_frame: list[Json]) -> int:
    """Frames of one optical path in one place, at different depths."""
    depths: dict[tuple[object, ...], set[str]] = {}
    for frame in per_frame:
        for where in items(frame, "PlanePositionSlideSequence"):
            place = [number(where, f"{axis}PositionInTotalImagePixelMatrix") for axis in ("Column", "Row")]
            depths.setdefault((*place, *_paths_of(frame)), set()).add(text(where, "ZOffsetInSlideCoordinateSystem"))
    return max(map(len, depths.values()), default=1)


def _paths_of(frame: Json) -> list[str]:
    return [text(one, "OpticalPathIdentifier") for one in items(frame, "OpticalPathIdentificationSequence")]


def depth(item: Json, per_frame: list[Json]) -> float | None:
    """In millimetres, where all frames have one."""
    groups = [*items(item, "SharedFunctionalGroupsSequence"), *per_frame]
    places = [where for group in groups for where in items(group, "PlanePositionSlideSequence")]
    places += items(item, "TotalPixelMatrixOriginSequence")
    found = {z for where in places for z in numbers(where, "ZOffsetInSlideCoordinateSystem")}
    return found.pop() if len(found) == 1 else None


def unidentified(item: Json, per_frame: list[Json]) -> bool:
    """The engine reads what all frames share where there is one path, else what each says of itself."""
    shared = items(item, "SharedFunctionalGroupsSequence")
    groups = per_frame
    if (
        (number(item, "NumberOfOpticalPaths") or 1) == 1
        and shared
        and items(shared[0], "OpticalPathIdentificationSequence")
    ):
        groups = shared[:1]
    return any(not text(_first_path(group), "OpticalPathIdentifier") for group in groups)


def _first_path(group: Json) -> Json:
    return next(iter(items(group, "OpticalPathIdentificationSequence")), {})
