"""What two files of one instance have in common whoever stored them: a digest of the data set, and of its pixels.

Left out is what storing rewrites: group 2 (who wrote the file), RetrieveURL, InstanceAvailability; whether lengths of
sequences are written down; the offset table. Reads a stream, keeps no value longer than a piece.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .stream import NotDicomFile, Reader

VOLATILE = frozenset({0x00081190, 0x00080056})
"""RetrieveURL, InstanceAvailability: set by whoever last sent the file."""
PIXELS = 0x7FE00010
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF
LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
IMPLICIT, BIG_ENDIAN, DEFLATED = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.2", b"1.2.840.10008.1.2.1.99"
DEEPEST = 64
"""Sequences within sequences; real ones have a handful of levels."""


@dataclass(frozen=True)
class FileContent:
    """Equal for two files of the same instance."""

    syntax: str
    dataset: str
    """sha256 of all elements but the volatile ones and the pixels."""
    frames: tuple[str, ...]
    """sha256 of each fragment; of the whole value where pixels are not encapsulated."""


def content_of(file: Iterable[bytes | memoryview]) -> FileContent:
    """Digests of a DICOM file given in pieces. Raises NotDicomFile."""
    reader = Reader(file)
    head = reader.exactly(132)
    if head[128:] != b"DICM":
        raise NotDicomFile("a file of the store does not begin as a DICOM file")
    syntax, data, first = _file_meta(reader)
    digest = Digest(reader, data, implicit=syntax == IMPLICIT)
    if syntax in (BIG_ENDIAN, DEFLATED):
        digest.rest(first)
    else:
        digest.elements(first)
    return FileContent(syntax.decode("ascii", "replace"), data.hexdigest(), tuple(digest.frames))


def _file_meta(reader: Reader) -> tuple[bytes, Any, bytes]:
    """(transfer syntax, digest to fill, the four bytes that were read of the first element behind)."""
    syntax = b""
    while not reader.ended:
        start = reader.exactly(4)
        if start[:2] != b"\x02\x00":
            return syntax, hashlib.sha256(), start
        vr = reader.exactly(2)
        length = (
            struct.unpack("<2xI", reader.exactly(6))[0] if vr in LONG else struct.unpack("<H", reader.exactly(2))[0]
        )
        value = reader.exactly(length)
        if start == b"\x02\x00\x10\x00":
            syntax = value.rstrip(b"\0 ")
    return syntax, hashlib.sha256(), b""


class Digest:
    """Walks a data set in little endian and feeds `data`, all lengths of sequences left out."""

    def __init__(self, reader: Reader, data: Any, implicit: bool) -> None:
        self._reader, self._data, self._implicit = reader, data, implicit
        self.frames: list[str] = []

    def rest(self, first: bytes) -> None:
        self._data.update(first)
        while piece := self._reader.some(1 << 20):
            self._data.update(piece)

    def elements(self, first: bytes) -> None:
        while first or not self._reader.ended:
            tag, vr, length = self._head(first or self._reader.exactly(4), self._implicit)
            first = b""
            if tag == PIXELS:
                self._pixels(length)
            else:
                self._value(tag, vr, length, 0, self._implicit, tag not in VOLATILE)

    def _head(self, start: bytes, implicit: bool) -> tuple[int, bytes, int]:
        group, element = struct.unpack("<HH", start)
        tag = group << 16 | element
        if implicit or group == 0xFFFE:
            return tag, b"", struct.unpack("<I", self._reader.exactly(4))[0]
        vr = self._reader.exactly(2)
        if vr in LONG:
            return tag, vr, struct.unpack("<2xI", self._reader.exactly(6))[0]
        return tag, vr, struct.unpack("<H", self._reader.exactly(2))[0]

    def _value(self, tag: int, vr: bytes, length: int, depth: int, implicit: bool, counts: bool) -> None:
        if vr == b"SQ" or length == UNDEFINED:
            if counts:
                self._data.update(b"sq%x" % tag)
            # A UN of undefined length is a sequence in implicit VR (PS3.5 6.2.2).
            self._sequence(length, depth + 1, implicit or vr == b"UN", counts)
            return
        if counts:
            self._data.update(b"%x%s%x" % (tag, vr, length))
        for piece in self._reader.pieces(length):
            if counts:
                self._data.update(piece)

    def _sequence(self, length: int, depth: int, implicit: bool, counts: bool) -> None:
        if depth > DEEPEST:
            raise NotDicomFile(f"a DICOM file has sequences more than {DEEPEST} deep")
        end = self._reader.at + length if length != UNDEFINED else None
        while end is None or self._reader.at < end:
            tag, _, size = self._head(self._reader.exactly(4), implicit)
            if tag == SEQUENCE_END:
                break
            if tag != ITEM:
                raise NotDicomFile("a DICOM file has something other than items in a sequence")
            self._item(size, depth, implicit, counts)
        if counts:
            self._data.update(b"end")

    def _item(self, length: int, depth: int, implicit: bool, counts: bool) -> None:
        if counts:
            self._data.update(b"item")
        end = self._reader.at + length if length != UNDEFINED else None
        while end is None or self._reader.at < end:
            tag, vr, size = self._head(self._reader.exactly(4), implicit)
            if tag == ITEM_END:
                break
            self._value(tag, vr, size, depth, implicit, counts)

    def _pixels(self, length: int) -> None:
        if length != UNDEFINED:
            self.frames.append(self._hash(length))
            return
        table = True
        while True:
            tag, _, size = self._head(self._reader.exactly(4), True)
            if tag == SEQUENCE_END:
                return
            if tag != ITEM:
                raise NotDicomFile("a DICOM file has something other than fragments in its pixel data")
            fragment = self._hash(size)
            if not table:
                self.frames.append(fragment)
            table = False

    def _hash(self, length: int) -> str:
        digest = hashlib.sha256()
        for piece in self._reader.pieces(length):
            digest.update(piece)
        return digest.hexdigest()
