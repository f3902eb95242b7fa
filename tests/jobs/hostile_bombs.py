"""Small files, frames and documents that ask for much: memory, time or depth."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

ITEM, ITEM_END, SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"
UNDEFINED, NOTHING = b"\xff\xff\xff\xff", b"\0\0\0\0"
DEEP = 10_000


def element(tag: bytes, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """Explicit little endian; `length` may lie."""
    size = len(value) if length is None else length
    long = vr in (b"OB", b"SQ", b"UN", b"UT")
    return tag + vr + (b"\0\0" + struct.pack("<I", size) if long else struct.pack("<H", size & 0xFFFF)) + value


def file(body: bytes, syntax: bytes = b"1.2.840.10008.1.2.1\0") -> bytes:
    """A Part 10 file whose data set is `body`."""
    meta = element(b"\x02\x00\x10\x00", b"UI", syntax)
    return bytes(128) + b"DICM" + element(b"\x02\x00\x00\x00", b"UL", struct.pack("<I", len(meta))) + meta + body


def deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


SEQUENCE = b"\x40\x00\x55\x05"
"""AcquisitionContextSequence: any will do."""
FILES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no preamble": lambda: element(b"\x08\x00\x16\x00", b"UI", b"1.2.840.10008.5.1.4.1.1.77.1.6"),
    "only a preamble": lambda: bytes(128) + b"DICM",
    "deflated zeros, a thousand to one": lambda: file(deflated(bytes(256 << 20)), b"1.2.840.10008.1.2.1.99\0\0"),
    "ten thousand sequences deep": lambda: file((SEQUENCE + b"SQ\0\0" + UNDEFINED + ITEM + UNDEFINED) * DEEP),
    "ten thousand deep and closed": lambda: file(
        (SEQUENCE + b"SQ\0\0" + UNDEFINED + ITEM + UNDEFINED) * DEEP
        + (ITEM_END + NOTHING + SEQUENCE_END + NOTHING) * DEEP
    ),
    "half a million empty items": lambda: file(
        SEQUENCE + b"SQ\0\0" + UNDEFINED + (ITEM + NOTHING) * 500_000 + SEQUENCE_END + NOTHING
    ),
    "a value of four gigabytes": lambda: file(element(b"\x08\x00\x70\x00", b"UT", b"x" * 100, 0xFFFFFFFE)),
    "a short value too long": lambda: file(element(b"\x08\x00\x70\x00", b"LO", b"x", 0xFFFF)),
    "an unknown representation": lambda: file(element(b"\x08\x00\x70\x00", b"ZZ", b"xx")),
    "a text of 200 MiB": lambda: file(element(b"\x08\x00\x70\x00", b"UT", bytes(200 << 20))),
    "pixels that break off": lambda: file(element(b"\xe0\x7f\x10\x00", b"OB", bytes(100), 1 << 30)),
    "fragments that break off": lambda: file(
        b"\xe0\x7f\x10\x00OB\0\0" + UNDEFINED + (ITEM + NOTHING) * 2 + ITEM + UNDEFINED
    ),
}


def jpeg(rows: int, columns: int, marker: int) -> bytes:
    """The head of a JPEG (0xC0, 0xC2), lossless JPEG (0xC3) or JPEG-LS (0xF7) of that size, and hardly any data."""
    frame = struct.pack(">BBHBHHB", 0xFF, marker, 17, 8, rows, columns, 3)
    frame += b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    scan = b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00"
    return b"\xff\xd8" + frame + scan + bytes(200) + b"\xff\xd9"


def jpeg_2000(rows: int, columns: int) -> bytes:
    size = (
        struct.pack(">HHHIIIIIIIIH", 0xFF51, 47, 0, columns, rows, 0, 0, columns, rows, 0, 0, 3) + b"\x07\x01\x01" * 3
    )
    style = b"\xff\x52\x00\x0c\x00\x00\x00\x01\x00\x05\x04\x04\x00\x01"
    quantities = b"\xff\x5c\x00\x13\x40" + b"\x48" * 16
    return b"\xff\x4f" + size + style + quantities + b"\xff\x90\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x01\xff\x93\xff\xd9"


RLE = struct.pack("<16I", 3, 64, 65, 66, *([0] * 12)) + b"\x81\x00" * 3_000_000
"""Runs of 128 bytes: 384 MB out of 6."""
FRAMES = {
    "1.2.840.10008.1.2.4.50": [jpeg(65_535, 65_535, 0xC0), jpeg(65_535, 65_535, 0xC2)],
    "1.2.840.10008.1.2.4.70": [jpeg(65_535, 65_535, 0xC3)],
    "1.2.840.10008.1.2.4.80": [jpeg(65_535, 65_535, 0xF7), jpeg(64, 64, 0xF7), jpeg(64, 64, 0xF7)[:60]],
    "1.2.840.10008.1.2.4.90": [jpeg_2000(2**31 - 1, 2**31 - 1), jpeg_2000(60_000, 60_000)],
    "1.2.840.10008.1.2.4.201": [jpeg_2000(2**31 - 1, 2**31 - 1)],
    "1.2.840.10008.1.2.4.110": [b"\xff\x0a" + b"\xff" * 200],
    "1.2.840.10008.1.2.5": [RLE, struct.pack("<16I", 15, *[64] * 15), struct.pack("<16I", 3, *[2**32 - 1] * 15)],
    "1.2.840.10008.1.2.1": [b"", bytes(10), bytes(64 << 20)],
}
"""By transfer syntax."""
DOCUMENTS = {
    "nothing": b"",
    "no JSON": b"<html>",
    "another kind of JSON": b'{"a": 1}',
    "a list of others": b"[1, null, []]",
    "ten thousand lists deep": b"[" * 100_000 + b"]" * 100_000,
    "ten thousand sequences deep": b"[" + b'{"00400555": {"vr": "SQ", "Value": [' * DEEP + b"{}" + b"]}}" * DEEP + b"]",
    "a number of a million digits": b'[{"00280010": {"vr": "US", "Value": [' + b"9" * 1_000_000 + b"]}}]",
    "half a character": b'[{"00080018": {"vr": "UI", "Value": ["\xff\xfe"]}}]',
}
