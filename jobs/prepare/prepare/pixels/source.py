"""One level as it is stored, tile by tile. Knows where frames lie and how to get them, not what becomes of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np
from pydicom import Dataset

from .codec import Samples
from .errors import CannotPlace
from .frames import Fetch
from .grid import PixelFormat, number_in
from .place import ABSENT, order, place

MARGIN = 65_536
"""Bytes that an encoded frame may have beyond its uncompressed size."""


class LevelSource:
    """`headers` are one instance's, or those of all parts of a concatenation. Raises CannotPlace, CannotDecode."""

    def __init__(self, headers: Sequence[Dataset], fetch: Fetch) -> None:
        self.headers = order(headers)
        self.header = self.headers[0]
        self.form = PixelFormat.of(self.header)
        if any(PixelFormat.of(part) != self.form for part in self.headers):
            raise CannotPlace(f"the parts of {self.uid} differ in tile size or pixel format: send the slide again")
        self.placement = place(self.headers)
        self.grid = self.placement.grid
        self._fetch = fetch
        self._uids = [str(header.SOPInstanceUID) for header in self.headers]
        self._starts = [0, *accumulate(number_in(header, "NumberOfFrames", 1) for header in self.headers)]

    @property
    def uid(self) -> str:
        """The instance, or what the parts of the concatenation are parts of (the first part where it is not told)."""
        return str(self.header.get("SOPInstanceUIDOfConcatenationSource") or self.header.SOPInstanceUID)

    def tiles(self, path: int) -> Iterator[bytes | None]:
        """Encoded tiles of one optical path, row by row; None for an absent one."""
        places = self.placement.frames[path].ravel()
        fetched = self._fetch((self._address(int(at)) for at in places if at != ABSENT), self.form.raw_bytes + MARGIN)
        for at in places:
            yield None if at == ABSENT else next(fetched)

    def absent(self) -> Samples:
        """Samples of a tile that is not there: the recommended colour, white without one, black where monochrome."""
        form = self.form
        shape = (form.rows, form.columns, 3) if form.colour else (form.rows, form.columns)
        if not form.colour:
            return np.zeros(shape, form.dtype)
        lab = self.header.get("RecommendedAbsentPixelCIELabValue")
        colour = np.array(srgb_of([int(value) for value in lab]) if lab else (255, 255, 255), np.uint8)
        scaled = (colour.astype(np.uint16) * (257 if form.bits == 16 else 1)).astype(form.dtype)
        return np.ascontiguousarray(np.broadcast_to(scaled, shape))

    def _address(self, frame: int) -> tuple[str, int]:
        part = bisect_right(self._starts, frame) - 1
        return self._uids[part], frame - self._starts[part] + 1


def srgb_of(lab: Sequence[int]) -> tuple[int, int, int]:
    """CIELab as DICOM writes it (PS3.3 C.10.7.1.1: three times 0 to 65535, white point D50) as 8-bit sRGB."""
    light, a, b = lab[0] / 65535 * 100, lab[1] / 65535 * 255 - 128, lab[2] / 65535 * 255 - 128
    fy = (light + 16) / 116
    xyz = [
        white * (f**3 if f > 6 / 29 else 3 * (6 / 29) ** 2 * (f - 4 / 29))
        for white, f in zip((0.96422, 1.0, 0.82521), (fy + a / 500, fy, fy - b / 200), strict=True)
    ]
    matrix = (
        (3.1338561, -1.6168667, -0.4906146),
        (-0.9787684, 1.9161415, 0.0334540),
        (0.0719453, -0.2289914, 1.4052427),
    )  # D50-adapted XYZ to linear sRGB
    linear = [sum(factor * value for factor, value in zip(row, xyz, strict=True)) for row in matrix]
    curve = [12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055 for value in linear]
    red, green, blue = (min(255, max(0, round(255 * value))) for value in curve)
    return red, green, blue
