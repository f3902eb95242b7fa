from __future__ import annotations

from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from prepare.pixels import codec
from prepare.pixels.coding import lossless
from prepare.pixels.errors import CannotDecode
from prepare.pixels.grid import PixelFormat, TileGrid

from tests.e2e.tiles import SIDE, TILES, Tile
from tests.jobs.pixels.slides import JPEG, JPEG_LS, RAW, colour, header, mono, psnr

RAWS = {(tile.samples, tile.allocated): tile for tile in TILES if tile.syntax == RAW}
NEARLY = {"jpeg-baseline", "jpeg-extended"}


def form(tile: Tile) -> PixelFormat:
    return PixelFormat(tile.syntax, SIDE, SIDE, tile.samples, tile.allocated, tile.photometric, tile.bits)


def rgb(tile: Tile) -> np.ndarray:
    return codec.decode(tile.data, form(tile))


@pytest.mark.parametrize("tile", [tile for tile in TILES if tile.bits != 12], ids=lambda tile: tile.name)
def test_real_tiles_of_every_syntax_show_the_same_tissue(tile: Tile) -> None:
    pixels, truth = rgb(tile), rgb(RAWS[tile.samples, tile.allocated])
    lossy = tile.coding in NEARLY or tile.syntax.endswith((".81", ".91"))
    assert pixels.shape == truth.shape
    if lossy:
        assert psnr(pixels, truth, peak=2**tile.bits - 1) > 38
    else:
        assert np.array_equal(pixels, truth)


def test_twelve_bit_jpeg_keeps_its_depth() -> None:
    tile = next(tile for tile in TILES if tile.bits == 12)
    pixels, truth = rgb(tile), rgb(RAWS[1, 16])
    assert psnr(pixels, truth >> 4, peak=4095) > 38


@pytest.mark.parametrize("tile", TILES, ids=lambda tile: tile.name)
def test_encoding_without_loss_gives_the_decoded_pixels_back(tile: Tile) -> None:
    pixels = codec.decode(tile.data, form(tile))
    target = lossless(form(tile))
    frame = codec.encode(pixels, target)
    assert target.syntax == JPEG_LS
    assert len(frame) % 2 == 0
    assert np.array_equal(codec.decode(frame, target), pixels)


@pytest.mark.parametrize("syntax", sorted(codec.NATIVE))
@pytest.mark.parametrize("planar", [False, True])
def test_uncompressed_colours_survive_either_order(syntax: str, planar: bool) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    stored = replace(colour(syntax), planar=planar)
    assert np.array_equal(codec.decode(codec.encode(pixels, stored), stored), pixels)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", JPEG_LS, codec.JPEG_2000_LOSSLESS])
def test_colours_kept_as_ybr_are_read_and_written_as_rgb(syntax: str) -> None:
    """The viewer takes samples of these codings for RGB, whatever the attributes say."""
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 200
    stored = replace(colour(syntax), photometric="YBR_FULL")
    frame = codec.encode(red, stored)
    assert np.array_equal(codec.decode(frame, replace(stored, photometric="RGB"))[0, 0], codec.ybr_of(red)[0, 0])
    assert abs(codec.decode(frame, stored).astype(int) - red).max() <= 1
    assert lossless(stored).photometric == "RGB"


def test_bits_above_the_stored_ones_are_no_part_of_the_value() -> None:
    twelve, signed = mono(stored=12), mono(stored=12, signed=True)
    frame = np.full((64, 64), 0xF801, "<u2").tobytes()
    assert (codec.decode(frame, twelve) == 0x801).all()
    assert (codec.decode(frame, signed) == 0x801 - 0x1000).all()


@pytest.mark.parametrize(("stored", "high"), [(5, 7), (0, 7), (16, 7), (5, 4), (5, 0), (16, 15), (0, 0)])
def test_a_number_of_stored_bits_that_contradicts_the_others_takes_nothing_from_a_value(stored: int, high: int) -> None:
    """The engine goes by BitsAllocated: what it would show of the frame as it is, is what a new one must hold."""
    told = PixelFormat.of(header(TileGrid(64, 64, 64, 64), colour(RAW), BitsStored=stored, HighBit=high))
    pixels = np.random.default_rng(3).integers(0, 256, (64, 64, 3), np.uint8)

    assert np.array_equal(codec.decode(pixels.tobytes(), told), pixels)


def test_rgb_jpeg_without_a_marker_follows_its_attributes() -> None:
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 200
    stored = replace(colour(JPEG), photometric="RGB")
    frame = codec.encode(red, stored)
    adobe = frame.find(b"Adobe")
    bare = bytearray(frame if adobe < 0 else frame[: adobe - 4] + frame[adobe + 12 :])
    header, scan = bare.index(b"\xff\xc0"), bare.index(b"\xff\xda")
    for at in (0, 1, 2):  # components called 1, 2, 3, as in YBR, and not R, G, B
        bare[header + 10 + 3 * at] = bare[scan + 5 + 2 * at] = at + 1
    assert b"Adobe" not in bare
    assert b"JFIF" not in bare
    assert abs(codec.decode(bytes(bare), stored).astype(int) - red).max() <= 4


def test_jpeg_xl_gives_back_the_very_jpeg_it_was_made_of() -> None:
    jpeg = codec.encode(np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8), colour(JPEG))
    whole = jpeg[: jpeg.rindex(b"\xff\xd9") + 2]
    packed = imagecodecs.jpegxl_encode_jpeg(whole)  # type: ignore[attr-defined]
    assert codec.original_jpeg(packed).rstrip(b"\0") == whole.rstrip(b"\0")
    assert np.array_equal(
        codec.decode(packed, colour(codec.JPEG_XL_JPEG)).shape, codec.decode(jpeg, colour(JPEG)).shape
    )


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.203"])
def test_high_throughput_jpeg_2000_is_read(syntax: str) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (64, 64, 3), np.uint8)
    frame = imagecodecs.htj2k_encode(pixels, reversible=True)
    assert np.array_equal(codec.decode(bytes(frame), replace(colour(syntax), photometric="RGB")), pixels)


def test_jpeg_xl_without_a_jpeg_is_read() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (64, 64, 3), np.uint8)
    frame = imagecodecs.jpegxl_encode(pixels, lossless=True)
    assert np.array_equal(codec.decode(bytes(frame), colour("1.2.840.10008.1.2.4.110")), pixels)


@pytest.mark.parametrize("tile", TILES, ids=lambda tile: tile.name)
def test_a_frame_of_another_size_is_refused(tile: Tile) -> None:
    with pytest.raises(CannotDecode, match="send the slide again"):
        codec.decode(tile.data, replace(form(tile), rows=SIDE // 2))


@pytest.mark.parametrize("tile", TILES, ids=lambda tile: tile.name)
def test_cut_off_and_garbled_frames_are_refused_or_decoded_but_never_crash(tile: Tile) -> None:
    random = np.random.default_rng(len(tile.data))
    for cut in (0, 1, 10, len(tile.data) // 2):
        garbled = bytearray(tile.data[:cut] if cut < 11 else tile.data)
        for at in random.integers(0, max(len(garbled), 1), 20 if cut > 10 else 0):
            garbled[at] = int(random.integers(0, 256))
        try:
            codec.decode(bytes(garbled), form(tile))
        except CannotDecode as error:
            assert tile.syntax in str(error)  # noqa: PT017 - either outcome is right, this one must name the syntax


def test_formats_that_are_not_read_are_said_in_words() -> None:
    with pytest.raises(CannotDecode, match="PALETTE COLOR"):
        codec.check(replace(mono(8), photometric="PALETTE COLOR"))
    with pytest.raises(CannotDecode, match=r"1\.2\.840\.10008\.1\.2\.4\.100"):
        codec.check(replace(colour(), syntax="1.2.840.10008.1.2.4.100"))


def test_ybr_and_rgb_are_each_others_inverse_within_rounding() -> None:
    pixels = np.random.default_rng(4).integers(40, 200, (32, 32, 3), np.uint8)
    assert abs(codec.rgb_of(codec.ybr_of(pixels)).astype(int) - pixels).max() <= 2
