from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from prepare.pixels.errors import CannotPlace
from prepare.pixels.grid import PixelFormat, TileGrid
from prepare.pixels.place import ABSENT, numbers_in_full, order, place
from pydicom import Dataset

from tests.jobs.pixels.slides import colour, header, item

GRID = TileGrid(640, 200, 64, 64)


def position(column: int, row: int, path: str = "", z: float = 0) -> Dataset:
    """Of the tile at (row, column), counted from 0."""
    made = item(
        PlanePositionSlideSequence=[
            item(
                ColumnPositionInTotalImagePixelMatrix=column * 64 + 1,
                RowPositionInTotalImagePixelMatrix=row * 64 + 1,
                ZOffsetInSlideCoordinateSystem=z,
            )
        ]
    )
    if path:
        made.OpticalPathIdentificationSequence = [item(OpticalPathIdentifier=path)]
    return made


def sparse(positions: list[Dataset], **changes: Any) -> Dataset:
    return header(
        GRID,
        colour(),
        DimensionOrganizationType="TILED_SPARSE",
        PerFrameFunctionalGroupsSequence=positions,
        **{"frames": len(positions), **changes},
    )


def test_full_instances_are_in_order_path_after_path() -> None:
    placement = place([header(GRID, colour(), paths=2)])
    assert placement.frames.shape == (2, 4, 10)
    assert placement.frames[1, 2, 3] == 40 + 23
    assert not placement.sparse


def test_sparse_frames_lie_where_they_say_and_the_rest_is_absent() -> None:
    placement = place([sparse([position(9, 3), position(0, 0)])])
    assert placement.frames[0, 3, 9] == 0
    assert placement.frames[0, 0, 0] == 1
    assert (placement.frames == ABSENT).sum() == GRID.tiles - 2
    assert placement.sparse


def test_each_frame_of_a_sparse_instance_has_a_number_in_full_tiling() -> None:
    told = [position(9, 3, "1"), position(0, 0, "0"), position(1, 0, "1")]
    assert numbers_in_full(sparse(told, paths=2)) == {1: 80, 2: 1, 3: 42}


def test_frames_of_a_part_go_on_where_the_part_before_ended() -> None:
    part = header(GRID, colour(), frames=3, ConcatenationFrameOffsetNumber=20)
    assert numbers_in_full(part) == {1: 21, 2: 22, 3: 23}


def test_a_sparse_instance_in_full_order_needs_no_positions() -> None:
    everything = [position(column, row) for row in range(4) for column in range(10)]
    assert not place([sparse(everything)]).sparse


def test_a_missing_organization_counts_as_sparse() -> None:
    made = sparse([position(1, 1)])
    del made.DimensionOrganizationType
    assert place([made]).frames[0, 1, 1] == 0


def test_frames_of_two_paths_are_told_apart_by_their_identifier() -> None:
    placement = place([sparse([position(1, 1, "1"), position(1, 1, "0")], paths=2)])
    assert placement.frames[:, 1, 1].tolist() == [1, 0]


def part(number: int, offset: int, frames: int, total: int = 2) -> Dataset:
    return header(
        GRID,
        colour(),
        uid=f"2.25.1{number}",
        frames=frames,
        ConcatenationUID="2.25.77",
        InConcatenationNumber=number,
        InConcatenationTotalNumber=total,
        ConcatenationFrameOffsetNumber=offset,
    )


@pytest.mark.parametrize("value", [None, "", [1, 2]])
@pytest.mark.parametrize(
    "keyword",
    [
        "TotalPixelMatrixFocalPlanes", "NumberOfFocalPlanes", "ConcatenationFrameOffsetNumber",
        "InConcatenationTotalNumber", "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration",
    ],
)  # fmt: skip
def test_a_number_that_is_empty_or_several_counts_as_absent(keyword: str, value: Any) -> None:
    said, silent = header(GRID, colour()), header(GRID, colour())
    setattr(said, keyword, value)
    silent.pop(keyword, None)

    assert np.array_equal(place([said]).frames, place([silent]).frames)
    assert PixelFormat.of(said) == PixelFormat.of(silent)


@pytest.mark.parametrize("keyword", ["PixelRepresentation", "PlanarConfiguration"])
def test_a_number_that_means_nothing_counts_as_absent(keyword: str) -> None:
    assert PixelFormat.of(header(GRID, colour(), **{keyword: 7})) == PixelFormat.of(header(GRID, colour()))


def test_parts_of_a_concatenation_count_on() -> None:
    parts = order([part(2, 25, 15), part(1, 0, 25)])
    assert np.array_equal(place(parts).frames.ravel(), np.arange(40))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([part(1, 0, 25)], "2 parts and 1 are there"),
        ([part(1, 0, 25, 0), part(2, 30, 10, 0)], "begins at frame 30"),
        ([part(1, 0, 25, 0), part(2, 25, 10, 0)], "35 frames; 10 x 4 tiles"),
        ([sparse([])], "0 positions .PlanePositionSlideSequence. for 40 frames"),
        ([sparse([position(1, 1)], frames=2)], "1 positions .PlanePositionSlideSequence. for 2 frames"),
        ([sparse([position(1, 1), position(1, 1)])], r"two frames .* tile \(1, 1\)"),
        ([sparse([position(10, 0)])], "off the grid"),
        ([sparse([position(-1, 0)])], "off the grid"),
        ([sparse([position(0, 0, "7")], paths=2)], "unknown optical path"),
        ([sparse([item()])], "no position"),
        ([sparse([position(0, 0), position(1, 0, z=1.0)])], "2 focal planes"),
        ([header(GRID, colour(), TotalPixelMatrixFocalPlanes=3)], "several focal planes"),
        ([header(GRID, colour(), NumberOfFocalPlanes=3)], "several focal planes"),
        ([header(GRID, colour(), TotalPixelMatrixRows=0)], "has no size"),
    ],
)
def test_what_is_no_grid_is_said_in_words(parts: list[Dataset], words: str) -> None:
    with pytest.raises(CannotPlace, match=words):
        place(parts)


def test_tiles_of_the_only_optical_path_are_its_own_whatever_they_call_it() -> None:
    assert place([sparse([position(1, 1, "7")])]).frames[0, 1, 1] == 0


def test_a_tile_between_two_cells_is_off_the_grid() -> None:
    between = position(1, 1)
    between.PlanePositionSlideSequence[0].ColumnPositionInTotalImagePixelMatrix += 7
    with pytest.raises(CannotPlace, match="begins at column 72, row 65"):
        place([sparse([between])])
