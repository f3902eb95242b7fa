"""Exact reads from a file that arrives in pieces of any size. Holds no more than a piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..errors import SeriesFailed


class NotDicomFile(SeriesFailed):
    """The stream is not a DICOM file, or breaks off."""


class Reader:
    """Exact reads from an iterator of pieces."""

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        self._pieces = iter(pieces)
        self._data = memoryview(b"")
        self.at = 0

    def some(self, most: int) -> memoryview:
        """At least one byte and at most `most`; empty at the end."""
        while not self._data:
            piece = next(self._pieces, None)
            if piece is None:
                return self._data
            self._data = memoryview(piece)
        out, self._data = self._data[:most], self._data[most:]
        self.at += len(out)
        return out

    def exactly(self, count: int) -> bytes:
        out = bytes(self.some(count)) if count else b""
        while len(out) < count:
            more = self.some(count - len(out))
            if not more:
                raise NotDicomFile("a DICOM file breaks off in the middle of an element")
            out += more
        return out

    def pieces(self, count: int) -> Iterator[memoryview]:
        while count:
            piece = self.some(count)
            if not piece:
                raise NotDicomFile("a DICOM file breaks off in the middle of a value")
            count -= len(piece)
            yield piece

    @property
    def ended(self) -> bool:
        if not self._data:
            self._data = memoryview(next((piece for piece in self._pieces if len(piece)), b""))
        return not self._data
