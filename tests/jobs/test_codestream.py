"""Codings told from the bytes: real encoded tiles of each transfer syntax, and bytes made to mislead."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from prepare.model.codestream import Header, header, identify, jpeg_head

from tests.e2e.tiles import SIDE, TILES, Tile


@pytest.mark.parametrize("tile", TILES, ids=lambda tile: tile.name)
def test_real_tiles_are_told_by_their_bytes(tile: Tile) -> None:
    assert identify(tile.data, tile.raw_bytes) == tile.coding


def test_htj2k_is_told_from_jpeg2000() -> None:
    pixels = np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)
    assert identify(imagecodecs.htj2k_encode(pixels), 0) == "htj2k"
    assert identify(imagecodecs.jpeg2k_encode(pixels, codecformat="j2k"), 0) == "jpeg2000"
    assert identify(imagecodecs.jpeg2k_encode(pixels, codecformat="jp2"), 0) == "jpeg2000"


def test_whether_colours_were_transformed_is_told() -> None:
    pixels = np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)
    for container in ("j2k", "jp2"):
        for mct in (True, False):
            told = header(
                imagecodecs.jpeg2k_encode(pixels, codecformat=container, mct=mct, reversible=True), "jpeg2000"
            )
            assert told
            assert told.transformed is mct
    grey = header(imagecodecs.jpeg2k_encode(pixels[..., 0], codecformat="j2k"), "jpeg2000")
    assert grey
    assert grey.transformed is None


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


def test_the_head_of_a_jpeg_ends_where_its_codes_begin() -> None:
    comment = b"\xff\xfe\x00\x06\xff\xda\x00\x04"  # which looks like a scan
    head = b"\xff\xd8" + comment + b"\xff\xc0\x00\x04ab" + b"\xff\xda\x00\x03c"
    assert jpeg_head(head + b"codes\xff\xd9") == head
    assert jpeg_head(head[:14]) == jpeg_head(b"no JPEG") == jpeg_head(b"") == b""


@pytest.mark.parametrize("tile", [one for one in TILES if one.coding not in ("raw", "rle")], ids=lambda tile: tile.name)
def test_the_header_of_real_tiles_says_their_size_and_precision(tile: Tile) -> None:
    assert header(tile.data, tile.coding) == Header(SIDE, SIDE, tile.samples, tile.bits)


@pytest.mark.parametrize("coding", ["jpeg2000", "htj2k"])
def test_signed_samples_are_told(coding: str) -> None:
    encode = imagecodecs.htj2k_encode if coding == "htj2k" else imagecodecs.jpeg2k_encode
    frame = encode(np.zeros((32, 48), np.int16), **({} if coding == "htj2k" else {"codecformat": "j2k"}))
    assert header(frame, coding) == Header(32, 48, 1, 16, signed=True)


@pytest.mark.parametrize("coding", ["jpeg-baseline", "jpeg2000", "jpeg-ls", "raw", "unknown"])
@pytest.mark.parametrize("frame", [b"", b"\xff\xd8\xff\xc0", b"\xff\x4f\xff\x51\x00"])
def test_a_broken_header_is_none(frame: bytes, coding: str) -> None:
    assert header(frame, coding) is None


def test_jpeg_xl_that_holds_a_jpeg_is_told() -> None:
    pixels = np.zeros((16, 16, 3), np.uint8)
    wrapped = imagecodecs.jpegxl_encode_jpeg(imagecodecs.jpeg8_encode(pixels))
    assert identify(wrapped, 0) == "jpeg-xl-of-jpeg"
