"""What a frame's bytes are, told from the bytes, as the viewer's engine does: it never sees a transfer syntax.

Pure functions on bytes; decodes no pixel. The names are the keys of `codestreams` in `rules.json`.
"""

from __future__ import annotations

import struct
from collections.abc import Container
from dataclasses import dataclass, field

JPEG_XL_CONTAINER = b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"
JPEG_XL_BOXES = 4096
"""Bytes in which a container says that it holds what is needed to give the original JPEG back (box `jbrd`)."""
JP2_CONTAINER = b"\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a"
JPEG_FRAMES = {
    0xC0: "jpeg-baseline",
    0xC1: "jpeg-extended",
    0xC2: "jpeg-progressive",
    0xC3: "jpeg-lossless",
    0xF7: "jpeg-ls",
}
"""Start-of-frame markers and the process each begins (T.81 table B.1, T.87)."""
START_OF_SCAN = frozenset({0xDA})
SPIFF = 0xE8
"""The only application marker behind which the engine looks for a JPEG-LS."""
JPEGS = frozenset({*JPEG_FRAMES.values(), "jpeg-extended-8", "jpeg-unmarked", "jpeg-ls-behind"})


def identify(frame: bytes, raw_length: int) -> str:
    """The name of the coding of `frame`; `raw_length` is what an uncompressed frame of this image has, in bytes.

    `unknown` for anything that is neither a known codestream nor as long as an uncompressed frame.
    """
    if is_raw(frame, raw_length):
        return "raw"
    if frame.startswith(b"\xff\xd8"):
        return _jpeg(frame)
    if frame.startswith(b"\xff\x4f\xff\x51"):
        return _jpeg2000(frame)
    if frame.startswith(JP2_CONTAINER):
        start = frame.find(b"\xff\x4f\xff\x51")
        return _jpeg2000(frame[start:]) if start > 0 else "unknown"
    if frame.startswith((b"\xff\x0a", JPEG_XL_CONTAINER)):
        return "jpeg-xl-of-jpeg" if b"jbrd" in frame[:JPEG_XL_BOXES] else "jpeg-xl"
    if _is_rle(frame):
        return "rle"
    return "unknown"


def is_raw(frame: bytes, raw_length: int) -> bool:
    """Whether it is as long as an uncompressed frame, or a byte longer where that is odd."""
    return len(frame) in (raw_length, raw_length + raw_length % 2)


@dataclass(frozen=True)
class Header:
    """What a codestream says of its pixels. `bits` is the precision of a sample."""

    rows: int
    columns: int
    samples: int
    bits: int
    signed: bool = False
    transformed: bool | None = field(default=None, compare=False)
    """JPEG 2000: whether its colours were transformed, so that a decoder turns them back into RGB; None: not told."""


def header(frame: bytes, coding: str) -> Header | None:
    """The header of a compressed frame whose coding `identify` told; None for other codings or a broken header."""
    try:
        if coding in JPEGS:
            bits, rows, columns, samples = struct.unpack_from(">BHHB", frame, _start_of_frame(frame) + 4)
            return Header(rows, columns, samples, bits)
        if coding in ("jpeg2000", "htj2k"):
            size = frame.index(b"\xff\x4f\xff\x51") + 2  # SIZ is the first marker segment (T.800 A.5.1)
            right, bottom, left, top = struct.unpack_from(">4I", frame, size + 6)
            samples, depth = struct.unpack_from(">HB", frame, size + 38)
            transformed = _is_transformed(frame[size - 2 :]) if samples == 3 else None
            return Header(bottom - top, right - left, samples, (depth & 0x7F) + 1, depth > 0x7F, transformed)
    except (struct.error, ValueError):
        return None
    return None


def jpeg_head(frame: bytes) -> bytes:
    """What a JPEG has before the codes of its first scan, which is all that says how they are read; empty without."""
    scan = _find_segment(frame, START_OF_SCAN)
    return frame[: scan + 2 + int.from_bytes(frame[scan + 2 : scan + 4])] if scan else b""


def _jpeg(frame: bytes) -> str:
    """The process, and what beside it decides how the engine reads it: precision, colour markers, the first marker."""
    start = _start_of_frame(frame)
    if not start:
        return "unknown"
    coding = JPEG_FRAMES[frame[start + 1]]
    if coding == "jpeg-extended" and frame[start + 4 : start + 5] == b"\x08":
        return "jpeg-extended-8"
    if coding == "jpeg-ls" and frame[3] not in (frame[start + 1], SPIFF):
        return "jpeg-ls-behind"
    if coding == "jpeg-baseline" and _is_unmarked(frame, start):
        return "jpeg-unmarked"
    return coding


def _is_unmarked(frame: bytes, start: int) -> bool:
    """Whether there are three samples and nothing says whether they are RGB: no JFIF, no Adobe, no component
    called R. Every decoder then takes them for YBR.
    """
    components = frame[start + 9 : start + 19]
    marked = b"JFIF" in frame[:start] or b"Adobe" in frame[:start]
    return components[:1] == b"\x03" and components[1::3] != b"RGB" and not marked


def _start_of_frame(frame: bytes) -> int:
    """Where the start-of-frame marker is; 0 without one."""
    return _find_segment(frame, JPEG_FRAMES)


def _find_segment(frame: bytes, markers: Container[int]) -> int:
    """Where the first of `markers` is, by walking the marker segments; 0 without one."""
    at = 2
    while at + 4 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker in markers:
            return at
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        at += 2 + int(struct.unpack_from(">H", frame, at + 2)[0])
    return 0


def _jpeg2000(codestream: bytes) -> str:
    """HTJ2K announces itself by a CAP marker segment (FF50) before the first tile part (FF90)."""
    header = codestream[: max(codestream.find(b"\xff\x90"), 0) or 512]
    at = 2
    while at + 4 <= len(header) and header[at] == 0xFF:
        if header[at + 1] == 0x50:
            return "htj2k"
        at += 2 + int(struct.unpack_from(">H", header, at + 2)[0])
    return "jpeg2000"


def _is_transformed(codestream: bytes) -> bool | None:
    """Whether the COD marker segment (FF52) says a multiple component transformation (T.800 A.6.1)."""
    at = 2
    while at + 9 <= len(codestream) and codestream[at] == 0xFF and codestream[at + 1] != 0x90:
        if codestream[at + 1] == 0x52:
            return codestream[at + 8] > 0
        at += 2 + int(struct.unpack_from(">H", codestream, at + 2)[0])
    return None


def _is_rle(frame: bytes) -> bool:
    """RLE begins with 64 bytes: how many segments, and where each begins, the first at 64 (PS3.5 G.5)."""
    if len(frame) < 64:
        return False
    segments, first = struct.unpack_from("<II", frame)
    return 1 <= segments <= 15 and first == 64
