"""What a frame's bytes are, told from the bytes, as the viewer's engine does: it never sees a transfer syntax.

Pure functions on bytes; decodes no pixel. The names are the keys of `codestreams` in `rules.json`.
"""

from __future__ import annotations

import struct

JPEG_XL_CONTAINER = b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"
JP2_CONTAINER = b"\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a"
JPEG_FRAMES = {
    0xC0: "jpeg-baseline",
    0xC1: "jpeg-extended",
    0xC2: "jpeg-progressive",
    0xC3: "jpeg-lossless",
    0xF7: "jpeg-ls",
}
"""Start-of-frame markers and the process each begins (T.81 table B.1, T.87)."""


def identify(frame: bytes, raw_length: int) -> str:
    """The name of the coding of `frame`; `raw_length` is what an uncompressed frame of this image has, in bytes.

    `unknown` for anything that is neither a known codestream nor as long as an uncompressed frame.
    """
    if len(frame) in (raw_length, raw_length + raw_length % 2):
        return "raw"
    if frame.startswith(b"\xff\xd8"):
        return _jpeg(frame)
    if frame.startswith(b"\xff\x4f\xff\x51"):
        return _jpeg2000(frame)
    if frame.startswith(JP2_CONTAINER):
        start = frame.find(b"\xff\x4f\xff\x51")
        return _jpeg2000(frame[start:]) if start > 0 else "unknown"
    if frame.startswith((b"\xff\x0a", JPEG_XL_CONTAINER)):
        return "jpeg-xl"
    if _is_rle(frame):
        return "rle"
    return "unknown"


def _jpeg(frame: bytes) -> str:
    """Walks the marker segments to the start of frame."""
    at = 2
    while at + 4 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker in JPEG_FRAMES:
            return JPEG_FRAMES[marker]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        at += 2 + int(struct.unpack_from(">H", frame, at + 2)[0])
    return "unknown"


def _jpeg2000(codestream: bytes) -> str:
    """HTJ2K announces itself by a CAP marker segment (FF50) before the first tile part (FF90)."""
    header = codestream[: max(codestream.find(b"\xff\x90"), 0) or 512]
    at = 2
    while at + 4 <= len(header) and header[at] == 0xFF:
        if header[at + 1] == 0x50:
            return "htj2k"
        at += 2 + int(struct.unpack_from(">H", header, at + 2)[0])
    return "jpeg2000"


def _is_rle(frame: bytes) -> bool:
    """RLE begins with 64 bytes: how many segments, and where each begins, the first at 64 (PS3.5 G.5)."""
    if len(frame) < 64:
        return False
    segments, first = struct.unpack_from("<II", frame)
    return 1 <= segments <= 15 and first == 64
