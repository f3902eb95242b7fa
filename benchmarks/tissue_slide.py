"""A level of a synthetic slide of any size, as a stream: JPEG tiles from a small pool.

Drawing so costs little, and neighbours differ, as they are cut from one drawn region. Nothing but the pool and the
offset table is held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from prepare.pixels import codec
from prepare.pixels.grid import PixelFormat, TileGrid
from prepare.pixels.part10 import size_of, write_stream
from pydicom import Dataset

from smoke_tests.slide.tissue import Tissue
from tests.jobs.pixels.slides import header, item

EDGE = 8
"""The pool has EDGE x EDGE tiles."""
DRAWN = 4_096
"""Pixels along the edge of the drawing that the pool is cut from."""


@dataclass(frozen=True)
class TissueSlide:
    """`columns` x `rows` pixels in square tiles of `tile`; `sparse`: each frame says its position."""

    columns: int
    rows: int
    tile: int = 256
    quality: int = 90
    sparse: bool = False
    halvings: int = 0
    """The level that this many halvings make of a slide; `columns` and `rows` are its own."""

    @property
    def grid(self) -> TileGrid:
        return TileGrid(self.columns, self.rows, self.tile, self.tile)

    @property
    def form(self) -> PixelFormat:
        return PixelFormat("1.2.840.10008.1.2.4.50", self.tile, self.tile, 3, 8, "YBR_FULL_422")

    @cached_property
    def header(self) -> Dataset:
        made = header(self.grid, self.form)
        complete(made)
        if self.sparse:
            made.DimensionOrganizationType = "TILED_SPARSE"
            made.PerFrameFunctionalGroupsSequence = [
                item(PlanePositionSlideSequence=[_position(row * self.tile, column * self.tile)])
                for row in range(self.grid.down)
                for column in range(self.grid.across)
            ]
        return made

    @property
    def length(self) -> int:
        return size_of(self.header, self._lengths)

    def __iter__(self) -> Iterator[bytes]:
        """The Part 10 file."""
        return write_stream(self.header, self._frames(), self._lengths)

    @cached_property
    def _pool(self) -> list[bytes]:
        tile, edge = self.tile, self._edge
        drawn = Tissue(DRAWN, DRAWN, "benchmark").region(DRAWN // 3, DRAWN // 3, EDGE * tile)
        for _ in range(self.halvings):
            if len(drawn) % 2:
                break
            drawn = drawn.reshape(len(drawn) // 2, 2, -1, 2, 3).mean((1, 3)).round().astype(np.uint8)
        drawn = np.tile(drawn, (-(-tile // len(drawn)), -(-tile // len(drawn)), 1))
        cuts = [(r * tile, c * tile) for r in range(edge) for c in range(edge)]
        tiles = [drawn[top : top + tile, left : left + tile].copy() for top, left in cuts]
        return [codec.encode(tile, self.form, self.quality) for tile in tiles]

    @property
    def _edge(self) -> int:
        """The pattern is halved with the slide, down to one tile that repeats it."""
        return max(1, EDGE >> self.halvings)

    @cached_property
    def _lengths(self) -> list[int]:
        return [len(frame) for frame in self._frames()]

    def _frames(self) -> Iterator[bytes]:
        for row in range(self.grid.down):
            for column in range(self.grid.across):
                yield self._pool[row % self._edge * self._edge + column % self._edge]


def complete(made: Any) -> None:
    """Adds what wsidicom, and the viewer, insist on."""
    white = item(CodeValue="414298005", CodingSchemeDesignator="SCT", CodeMeaning="Full Spectrum")
    bright = item(CodeValue="111744", CodingSchemeDesignator="DCM", CodeMeaning="Brightfield illumination")
    for path in made.OpticalPathSequence:
        path.IlluminationColorCodeSequence, path.IlluminationTypeCodeSequence = [white], [bright]
        del path.ICCProfile
    made.TotalPixelMatrixOriginSequence = [
        item(XOffsetInSlideCoordinateSystem=20.0, YOffsetInSlideCoordinateSystem=40.0)
    ]
    made.ImageOrientationSlide = [0.0, -1.0, 0.0, -1.0, 0.0, 0.0]
    made.ImagedVolumeDepth, made.FocusMethod, made.ExtendedDepthOfField = 0.001, "AUTO", "NO"
    made.VolumetricProperties, made.SpecimenLabelInImage, made.BurnedInAnnotation = "VOLUME", "NO", "NO"


def _position(top: int, left: int) -> Dataset:
    return item(
        XOffsetInSlideCoordinateSystem=0.0,
        YOffsetInSlideCoordinateSystem=0.0,
        ZOffsetInSlideCoordinateSystem=0.0,
        ColumnPositionInTotalImagePixelMatrix=left + 1,
        RowPositionInTotalImagePixelMatrix=top + 1,
    )
