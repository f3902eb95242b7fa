"""Frames as the items of encapsulated pixel data."""

from __future__ import annotations

import struct
from itertools import accumulate


def encapsulate(frames: list[bytes]) -> bytes:
    """With an offset table; unlike in pydicom, frames may be empty."""
    fragments = [b"\xfe\xff\x00\xe0" + struct.pack("<I", len(frame)) + frame for frame in frames]
    offsets = [0, *accumulate(map(len, fragments))][:-1]
    table = struct.pack(f"<{len(offsets)}I", *offsets)
    return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(table)) + table + b"".join(fragments)
