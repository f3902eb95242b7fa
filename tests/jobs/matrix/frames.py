"""The first bytes of frames of each coding: as much as says what they are."""

from __future__ import annotations

import struct

RLE = struct.pack("<II", 3, 64) + bytes(80)
DAMAGED = b"not an image"
JPEG_XL_OF_JPEG = b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a\x00\x00\x01\x00jbrd" + bytes(64)


def jpeg(marker: int = 0xC0, edge: int = 256, samples: int = 3, bits: int = 8) -> bytes:
    """A JPEG (or JPEG-LS) by its start-of-frame marker."""
    return b"\xff\xd8\xff" + bytes([marker]) + struct.pack(">HBHHB", 17, bits, edge, edge, samples) + bytes(20)


def jpeg_ls(samples: int = 3, bits: int = 8) -> bytes:
    return jpeg(0xF7, samples=samples, bits=bits)


def jpeg2000(samples: int = 3, bits: int = 8, ht: bool = False, transformed: bool = True) -> bytes:
    size = struct.pack(">HH8IH", 38 + 3 * samples, 0, 256, 256, 0, 0, 256, 256, 0, 0, samples)
    size += struct.pack(">BBB", bits - 1, 1, 1) * samples
    capabilities = b"\xff\x50" + struct.pack(">HIH", 8, 0x20000, 0) if ht else b""
    style = b"\xff\x52" + struct.pack(">HBBHB", 12, 0, 0, 1, transformed) + b"\x05\x04\x04\x00\x01"
    return b"\xff\x4f\xff\x51" + size + capabilities + style + b"\xff\x90" + bytes(20)
