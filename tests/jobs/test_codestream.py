"""Codings told from the bytes: real encoded tiles of each transfer syntax, and bytes made to mislead."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from prepare.codestream import identify

from tests.e2e.tiles import TILES, Tile


@pytest.mark.parametrize("tile", TILES, ids=lambda tile: tile.name)
def test_real_tiles_are_told_by_their_bytes(tile: Tile) -> None:
    assert identify(tile.data, tile.raw_bytes) == tile.coding


def test_htj2k_is_told_from_jpeg2000() -> None:
    pixels = np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)
    assert identify(imagecodecs.htj2k_encode(pixels), 0) == "htj2k"
    assert identify(imagecodecs.jpeg2k_encode(pixels, codecformat="j2k"), 0) == "jpeg2000"
    assert identify(imagecodecs.jpeg2k_encode(pixels, codecformat="jp2"), 0) == "jpeg2000"


def test_progressive_and_jpeg_xl_are_told() -> None:
    pixels = np.zeros((16, 16, 3), np.uint8)
    assert identify(imagecodecs.jpegxl_encode(pixels), 0) == "jpeg-xl"
    progressive = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc2\x00\x11" + bytes(20)
    assert identify(progressive, 0) == "jpeg-progressive"


def test_an_uncompressed_frame_may_look_like_anything() -> None:
    assert identify(b"\xff\xd8\xff" + bytes(9), 12) == "raw"


def test_an_odd_uncompressed_frame_may_be_padded() -> None:
    assert identify(bytes(10), 9) == "raw"


@pytest.mark.parametrize(
    "frame", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0", b"\xff\x4f", b"\xff\xd8\xff\xe0\xff\xff", bytes(63), bytes(64)]
)
def test_broken_bytes_are_unknown(frame: bytes) -> None:
    assert identify(frame, 99) == "unknown"
