"""A copy of a stored file whose attributes before the pixel data differ; the pixel data passes in pieces, untouched.

Owns the splice. What becomes different is the caller's: it gets the data set, changes it, and names the new UID.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, cast

from pydicom import Dataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from ..dicomweb.stow import FileSource
from ..errors import SeriesFailed
from ..pixels.errors import readable
from ..pixels.header import ITEM, check_extent, parse_object


class PrefixReader:
    """A file that is read from the front, as far as asked, and kept so far: what pydicom needs of a stream."""

    def __init__(self, pieces: Iterator[bytes | memoryview]) -> None:
        self._pieces = pieces
        self._kept = bytearray()
        self._at = self._items = 0

    def read(self, count: int = -1) -> bytes:
        while count < 0 or len(self._kept) < self._at + count:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._kept += piece
            self._items += bytes(piece).count(ITEM)
            check_extent(len(self._kept), self._items)
        end = len(self._kept) if count < 0 else self._at + count
        out = bytes(self._kept[self._at : end])
        self._at += len(out)
        return out

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """From the front, or from where it is; the end is not known."""
        self._at = offset + (self._at if whence == 1 else 0)
        return self._at

    def rest(self) -> Iterator[bytes | memoryview]:
        """All that has not been read yet."""
        yield bytes(self._kept[self._at :])
        yield from self._pieces


@dataclass(frozen=True)
class RewrittenFile:
    """Read as often as needed, the same bytes each time, each time out of `source`, the file of `instance`."""

    instance: str
    source: FileSource
    uid: str
    edit: Callable[[Dataset], None]

    @property
    def file(self) -> FileSource:
        return self

    def done(self) -> None:
        """Nothing was kept for it."""

    @property
    def length(self) -> int | None:
        return None

    def __iter__(self) -> Iterator[bytes | memoryview]:
        arriving = PrefixReader(iter(self.source))
        dataset = parse_object(cast(BinaryIO, arriving), self.instance)
        if dataset.file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian and "Rows" in dataset:
            raise SeriesFailed(
                f"instance {self.instance} is stored deflated as a whole, so its pixels cannot pass untouched: have it "
                "stored in another transfer syntax"
            )
        head = BytesIO()
        with readable(f"instance {self.instance}"):
            self.edit(dataset)
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(self.uid)
            dataset.save_as(head, enforce_file_format=True)
        yield head.getvalue()
        yield from arriving.rest()
