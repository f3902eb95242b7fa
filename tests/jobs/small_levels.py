"""One small level of a slide as a file of any coding: random tiles, in full or sparse tiling."""

from __future__ import annotations

from typing import Any

import numpy as np
from prepare.pixels import codec
from prepare.pixels.grid import PixelFormat, TileGrid
from prepare.pixels.part10 import write_stream

from benchmarks.tissue_slide import complete
from tests.jobs.hostile import Instance
from tests.jobs.pixels.slides import RLE, header, item


def level(form: PixelFormat, edge: int, uid: str, sparse: bool = False, **changes: Any) -> Instance:
    """`edge` pixels a side. A sparse one does not say which optical path its tiles show (R12)."""
    grid = TileGrid(edge, edge, form.columns, form.rows)
    random_pixels = np.random.default_rng(edge)
    shape = (form.rows, form.columns, 3) if form.colour else (form.rows, form.columns)
    top = 256 if form.bits == 8 else 4096
    tiles = [random_pixels.integers(0, top, shape).astype(form.dtype) for _ in range(grid.tiles)]
    made = header(grid, form, uid=uid)
    complete(made)
    if sparse:
        made.DimensionOrganizationType = "TILED_SPARSE"
        made.PerFrameFunctionalGroupsSequence = [
            item(
                PlanePositionSlideSequence=[
                    item(
                        ColumnPositionInTotalImagePixelMatrix=at % grid.across * form.columns + 1,
                        RowPositionInTotalImagePixelMatrix=at // grid.across * form.rows + 1,
                    )
                ]
            )
            for at in range(grid.tiles)
        ]
    for keyword, value in changes.items():
        setattr(made, keyword, value)
    frames = [_rle(tile) if form.syntax == RLE else codec.encode(tile, form, 90) for tile in tiles]
    made.file_meta.MediaStorageSOPClassUID, made.file_meta.MediaStorageSOPInstanceUID = made.SOPClassUID, uid
    file = b"".join(write_stream(made, frames, [len(frame) for frame in frames]))
    return Instance.of(file, frames)


def _rle(tile: Any) -> bytes:
    from pydicom.pixels.encoders import RLELosslessEncoder

    return RLELosslessEncoder.encode(
        tile, rows=tile.shape[0], columns=tile.shape[1], samples_per_pixel=3, bits_allocated=8, bits_stored=8,
        photometric_interpretation="RGB", pixel_representation=0, number_of_frames=1, planar_configuration=0,
    )  # fmt: skip
