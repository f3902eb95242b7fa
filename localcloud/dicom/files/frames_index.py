"""Where each frame of an instance lies in its file, worked out once at ingest.

Encapsulated pixel data: 16 bytes a frame (offset, length), so that a frame costs two small reads whatever the
instance's size. Native pixel data: arithmetic. Decoding is not done here.
"""

from __future__ import annotations

import bisect
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from localcloud.dicom.files.elements import Encoding, FileWindow, MalformedDicom, fragments

ENTRY = struct.Struct("<QQ")
SEVERAL = 1 << 63
"""Flag on an entry's length: the span covers several items, headers included, to be joined on reading."""
CODESTREAM = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51")
"""How a JPEG, JPEG-LS or JPEG 2000 codestream begins: tells frames apart when no offset table does."""


@dataclass(frozen=True)
class NativePixels:
    """Native pixel data at `offset` of `length` bytes; a frame is `bits` long and need not begin on a byte."""

    offset: int
    length: int
    bits: int


def index_encapsulated(source: FileWindow, at: int, frames: int, extended: bytes, encoding: Encoding) -> bytes:
    """The index of encapsulated pixel data whose items begin at `at`; empty when frames cannot be told apart.

    `extended` is the value of ExtendedOffsetTable or empty.
    """
    items = list(fragments(source, at, encoding))
    if not items:
        raise MalformedDicom(f"encapsulated pixel data at offset {at} has no offset table item")
    (table_at, table_length), pieces = items[0], items[1:]
    starts = first_fragments(source, pieces, frames, offsets(source, table_at, table_length, extended))
    if len(starts) != frames:
        return b""
    return b"".join(entry(pieces[a:b]) for a, b in zip(starts, [*starts[1:], len(pieces)], strict=True))


def offsets(source: FileWindow, table_at: int, table_length: int, extended: bytes) -> Sequence[int]:
    """Offsets of the frames' first items counted from the first fragment, from whichever table is there."""
    if extended:
        return struct.unpack(f"<{len(extended) // 8}Q", extended[: len(extended) // 8 * 8])
    table = source.read(table_at, table_length)
    return struct.unpack(f"<{table_length // 4}L", table[: table_length // 4 * 4])


def first_fragments(source: FileWindow, pieces: list[tuple[int, int]], frames: int, table: Sequence[int]) -> list[int]:
    """Number of the first fragment of each frame."""
    if len(pieces) == frames:
        return list(range(frames))  # one fragment a frame: no table needed, and none can be wrong
    if frames == 1:
        return [0]
    if len(table) == frames and pieces:
        base = pieces[0][0] - 8
        at = [value - 8 - base for value, _ in pieces]
        starts = [bisect.bisect_left(at, offset) for offset in table]
        if all(n < len(at) and at[n] == offset for n, offset in zip(starts, table, strict=True)) and starts[0] == 0:
            return starts
    return [n for n, (value, _) in enumerate(pieces) if source.read(value, 4).startswith(CODESTREAM)]


def entry(pieces: list[tuple[int, int]]) -> bytes:
    if len(pieces) == 1:
        return ENTRY.pack(*pieces[0])
    first, last = pieces[0], pieces[-1]
    return ENTRY.pack(first[0] - 8, last[0] + last[1] - first[0] + 8 | SEVERAL)


def read_encapsulated(fd: int, entry_bytes: bytes) -> bytes:
    """The codestream of one frame from its index entry, its fragments joined."""
    offset, length = ENTRY.unpack(entry_bytes)
    if not length & SEVERAL:
        return os.pread(fd, length, offset)
    span = os.pread(fd, length ^ SEVERAL, offset)
    joined, at = bytearray(), 0
    while at < len(span):
        size = int.from_bytes(span[at + 4 : at + 8], "little")
        joined += span[at + 8 : at + 8 + size]
        at += 8 + size
    return bytes(joined)


def read_native(fd: int, native: NativePixels, frame: int) -> bytes:
    """Frame `frame` (from 0) of native pixel data; shorter than a frame when the file holds less."""
    first, last = native.bits * frame, native.bits * (frame + 1)
    end = min((last + 7) // 8, native.length)
    data = os.pread(fd, max(0, end - first // 8), native.offset + first // 8)
    if first % 8 == 0 and native.bits % 8 == 0:
        return data
    # Bit-packed frames follow one another without padding (PS3.5 §8.1.1): shift this one to a byte of its own.
    value = int.from_bytes(data, "little") >> first % 8 & (1 << native.bits) - 1
    return value.to_bytes((native.bits + 7) // 8, "little")
