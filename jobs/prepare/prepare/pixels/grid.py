"""Geometry and pixel format of one level. Plain values, no pixel is touched here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset


def number_in(dataset: Dataset, keyword: str, default: int) -> int:
    """The whole number in an attribute; `default` where it is absent, empty, or several values."""
    value = dataset.get(keyword)
    return int(value) if isinstance(value, int | float) else default


@dataclass(frozen=True)
class TileGrid:
    """`columns` x `rows` pixels in tiles of `tile_columns` x `tile_rows`; the last ones may reach beyond the edge."""

    columns: int
    rows: int
    tile_columns: int
    tile_rows: int

    @property
    def across(self) -> int:
        return -(-self.columns // self.tile_columns)

    @property
    def down(self) -> int:
        return -(-self.rows // self.tile_rows)

    @property
    def tiles(self) -> int:
        return self.across * self.down

    def halved(self, times: int = 1) -> TileGrid:
        """Half the size, rounded up, `times` over; tiles stay as large."""
        columns, rows = self.columns, self.rows
        for _ in range(times):
            columns, rows = -(-columns // 2), -(-rows // 2)
        return TileGrid(columns, rows, self.tile_columns, self.tile_rows)

    def halvings(self) -> int:
        """How often it can be halved until one tile shows everything."""
        times = 0
        while self.halved(times).tiles > 1:
            times += 1
        return times

    @classmethod
    def of(cls, header: Dataset) -> TileGrid:
        rows, columns = int(header.Rows), int(header.Columns)
        return cls(
            columns=number_in(header, "TotalPixelMatrixColumns", columns),
            rows=number_in(header, "TotalPixelMatrixRows", rows),
            tile_columns=columns,
            tile_rows=rows,
        )


@dataclass(frozen=True)
class PixelFormat:
    """How the samples of a frame are stored. `bits` are allocated (8 or 16), `syntax` a transfer syntax UID."""

    syntax: str
    rows: int
    columns: int
    samples: int
    bits: int
    photometric: str
    stored: int = 0
    """Bits stored, the lowest ones; 0 for all of them."""
    signed: bool = False
    planar: bool = False

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Native byte order."""
        return np.dtype(f"{'i' if self.signed else 'u'}{self.bits // 8}")

    @property
    def raw_bytes(self) -> int:
        return self.rows * self.columns * self.samples * self.bits // 8

    @property
    def colour(self) -> bool:
        return self.samples == 3

    @classmethod
    def of(cls, header: Dataset) -> PixelFormat:
        return cls(
            syntax=str(header.file_meta.TransferSyntaxUID),
            rows=int(header.Rows),
            columns=int(header.Columns),
            samples=int(header.SamplesPerPixel),
            bits=int(header.BitsAllocated),
            photometric=str(header.PhotometricInterpretation),
            stored=_usable_stored_bits(header),
            signed=number_in(header, "PixelRepresentation", 0) == 1,
            planar=number_in(header, "PlanarConfiguration", 0) == 1,
        )


def _usable_stored_bits(header: Dataset) -> int:
    """BitsStored; 0 where it contradicts the bits around it, or the pictures would lose bits that viewers see."""
    stored = number_in(header, "BitsStored", 0)
    fits = 8 <= stored <= int(header.BitsAllocated) and number_in(header, "HighBit", stored - 1) == stored - 1
    return stored if fits else 0
