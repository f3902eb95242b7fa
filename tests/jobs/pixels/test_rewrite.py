from __future__ import annotations

from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from prepare.pixels import codec
from prepare.pixels.errors import CannotPlace
from prepare.pixels.grid import PixelFormat, TileGrid
from prepare.pixels.instances import Making
from prepare.pixels.rewrite import Change, rewritten
from prepare.pixels.source import LevelSource, srgb_of
from pydicom import Dataset
from pydicom.encaps import generate_frames

from smoke_tests.slide.grid import Grid as Painter
from smoke_tests.slide.grid import Mark, read_mark, run_number
from tests.e2e.tiles import SIDE, TILES, Tile
from tests.jobs.memory_stage import MemoryStage
from tests.jobs.pixels.slides import JPEG, JPEG_LS, RAW, colour, fetch, header, item, read_back
from tests.jobs.pixels.test_place import position

MAKING = Making("1")
GRID = TileGrid(1000, 700, 256, 256)


def marked(form: PixelFormat) -> list[bytes]:
    """Tiles that say which they are, encoded."""
    painter = Painter(GRID.columns, GRID.rows, "pixels")
    return [
        codec.encode(painter.mark(painter.region(column * 256, row * 256, 256), 0, row, column), form, 90)
        for row in range(GRID.down)
        for column in range(GRID.across)
    ]


def stored_frames(stored: Dataset) -> list[bytes]:
    return list(generate_frames(stored.PixelData, number_of_frames=int(stored.NumberOfFrames)))


def sparse(syntax: str, absent: set[int], **changes: object) -> tuple[LevelSource, list[bytes]]:
    """A slide whose frames are stored backwards, without those in `absent`; and its tiles in full order."""
    form = colour(syntax, 256)
    tiles = marked(form)
    order = [at for at in reversed(range(GRID.tiles)) if at not in absent]
    positions = [position(at % GRID.across * 4, at // GRID.across * 4) for at in order]
    made = header(
        GRID,
        form,
        frames=len(order),
        DimensionOrganizationType="TILED_SPARSE",
        PerFrameFunctionalGroupsSequence=positions,
        **changes,
    )
    return LevelSource([made], fetch({"2.25.11": [tiles[at] for at in order]})), tiles


@pytest.mark.parametrize("syntax", [JPEG, JPEG_LS])
def test_sparse_becomes_full_and_its_frames_pass_byte_for_byte(syntax: str) -> None:
    source, tiles = sparse(syntax, absent={0, 5})
    made = rewritten(source, Change(), MemoryStage(), MAKING)
    stored = read_back(made.stream())
    frames = stored_frames(stored)
    assert stored.DimensionOrganizationType == "TILED_FULL"
    assert "PerFrameFunctionalGroupsSequence" not in stored
    assert list(stored.ImageType) == ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    for at, frame in enumerate(frames):
        pixels = codec.decode(frame, source.form)
        if at in (0, 5):
            assert (pixels >= 254).all()
        else:
            assert frame == tiles[at]
            assert read_mark(pixels) == Mark(0, at // GRID.across, at % GRID.across, run_number("pixels"))


def test_absent_tiles_are_encoded_once() -> None:
    source, _ = sparse(JPEG, absent={0, 5})
    frames = list(rewritten(source, Change(), MemoryStage(), MAKING).frames())
    assert frames[0] is frames[5]


def test_absent_tiles_take_the_recommended_colour() -> None:
    source, _ = sparse(JPEG, absent={3}, RecommendedAbsentPixelCIELabValue=[32768, 50000, 20000])
    stored = read_back(rewritten(source, Change(), MemoryStage(), MAKING).stream())
    colours = codec.decode(stored_frames(stored)[3], source.form).reshape(-1, 3).mean(axis=0)
    assert colours == pytest.approx(srgb_of([32768, 50000, 20000]), abs=3)


@pytest.mark.parametrize(
    ("lab", "rgb"),
    [
        ((65535, 32896, 32896), (255, 255, 255)),
        ((0, 32896, 32896), (0, 0, 0)),
        ((35579, 53665, 50858), (255, 0, 0)),  # 54.3, 80.8, 69.9: sRGB red under D50
    ],
)
def test_lab_values_become_srgb(lab: tuple[int, int, int], rgb: tuple[int, int, int]) -> None:
    assert srgb_of(lab) == pytest.approx(rgb, abs=2)


def test_absent_monochrome_tiles_are_zero() -> None:
    form = PixelFormat(RAW, 64, 64, 1, 16, "MONOCHROME2")
    made = header(
        TileGrid(128, 64, 64, 64),
        form,
        frames=1,
        DimensionOrganizationType="TILED_SPARSE",
        PerFrameFunctionalGroupsSequence=[position(1, 0)],
    )
    source = LevelSource([made], fetch({"2.25.11": [b"\x07\x01" * 64 * 64]}))
    stored = read_back(rewritten(source, Change(), MemoryStage(), MAKING).stream())
    assert np.frombuffer(stored.PixelData, "<u2").reshape(2, -1).max(axis=1).tolist() == [0, 0x107]


def of_tile(tile: Tile) -> LevelSource:
    form = PixelFormat(tile.syntax, SIDE, SIDE, tile.samples, tile.allocated, tile.photometric, tile.bits)
    lossy = {"LossyImageCompression": "01"} if tile.coding.startswith("jpeg-ext") else {}
    made = header(TileGrid(2 * SIDE, SIDE, SIDE, SIDE), form, **lossy)
    return LevelSource([made], fetch({"2.25.11": [tile.data, tile.data]}))


@pytest.mark.parametrize("tile", TILES, ids=lambda tile: tile.name)
def test_real_tiles_encoded_anew_keep_every_pixel(tile: Tile) -> None:
    source = of_tile(tile)
    made = rewritten(source, Change(encode=True), MemoryStage(), MAKING)
    stored = read_back(made.stream())
    form = PixelFormat.of(stored)
    assert form.syntax == JPEG_LS
    assert (stored.BitsStored, stored.BitsAllocated, stored.HighBit) == (tile.bits, tile.allocated, tile.bits - 1)
    assert stored.LossyImageCompression == source.header.LossyImageCompression
    assert stored.ImageType[0] == "ORIGINAL"
    before = codec.decode(tile.data, source.form)
    assert all(np.array_equal(codec.decode(frame, form), before) for frame in stored_frames(stored))


def jpeg_xl() -> tuple[LevelSource, list[bytes]]:
    jpegs = [frame[: frame.rindex(b"\xff\xd9") + 2] for frame in marked(colour(JPEG, 256))]
    packed = [bytes(imagecodecs.jpegxl_encode_jpeg(jpeg)) for jpeg in jpegs]  # type: ignore[attr-defined]
    form = replace(colour(JPEG, 256), syntax=codec.JPEG_XL_JPEG)
    return LevelSource([header(GRID, form)], fetch({"2.25.11": packed})), jpegs


def test_jpeg_xl_made_of_jpeg_becomes_that_jpeg() -> None:
    source, jpegs = jpeg_xl()
    stored = read_back(rewritten(source, Change(encode=True), MemoryStage(), MAKING).stream())
    assert stored.file_meta.TransferSyntaxUID == JPEG
    assert [frame[: frame.rindex(b"\xff\xd9") + 2] for frame in stored_frames(stored)] == jpegs


def test_a_profile_is_given_or_taken_and_frames_stay() -> None:
    source, _ = sparse(JPEG, absent=set())
    with_profile, without = Dataset(), Dataset()
    with_profile.OpticalPathSequence = [item(ICCProfile=b"the base's own!!")]
    given = read_back(rewritten(source, Change(profile=with_profile), MemoryStage(), MAKING).stream())
    taken = read_back(rewritten(source, Change(profile=without), MemoryStage(), MAKING).stream())
    assert given.OpticalPathSequence[0].ICCProfile == b"the base's own!!"
    assert "ICCProfile" not in taken.OpticalPathSequence[0]
    assert "ICCProfile" in source.header.OpticalPathSequence[0]
    assert given.SOPInstanceUID != taken.SOPInstanceUID


def test_parts_of_a_concatenation_become_one_instance() -> None:
    tiles = marked(colour(JPEG, 256))
    parts = [
        header(
            GRID,
            colour(JPEG, 256),
            uid=uid,
            frames=count,
            ConcatenationUID="2.25.7",
            ConcatenationFrameOffsetNumber=offset,
            InConcatenationNumber=number,
            SOPInstanceUIDOfConcatenationSource="2.25.99",
        )
        for number, (uid, offset, count) in enumerate([("2.25.21", 0, 7), ("2.25.22", 7, 5)], 1)
    ]
    source = LevelSource(parts[::-1], fetch({"2.25.21": tiles[:7], "2.25.22": tiles[7:]}))
    stored = read_back(rewritten(source, Change(), MemoryStage(), MAKING).stream())
    assert stored_frames(stored) == tiles
    assert "ConcatenationUID" not in stored
    assert [one.ReferencedSOPInstanceUID for one in stored.SourceImageSequence] == ["2.25.21", "2.25.22"]


def test_parts_of_different_pixels_are_refused() -> None:
    parts = [
        header(GRID, colour(syntax, 256), uid=uid, frames=6, ConcatenationFrameOffsetNumber=offset)
        for uid, offset, syntax in (("2.25.21", 0, JPEG), ("2.25.22", 6, RAW))
    ]
    with pytest.raises(CannotPlace, match=r"parts of 2\.25\.21 differ"):
        LevelSource(parts, fetch({}))


def test_a_second_run_gives_the_same_bytes() -> None:
    def once() -> bytes:
        return b"".join(rewritten(sparse(JPEG, {1})[0], Change(encode=True), MemoryStage(), MAKING).stream())

    assert once() == once()
