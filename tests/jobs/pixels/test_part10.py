from __future__ import annotations

from io import BytesIO

import pytest
from prepare.pixels import part10
from prepare.pixels.grid import TileGrid
from prepare.pixels.part10 import file_meta, size_of, write_stream
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames, parse_basic_offsets

from tests.jobs.pixels.slides import JPEG, RAW, colour, header

GRID = TileGrid(192, 64, 64, 64)
FRAMES = [b"\xff\xd8one", b"\xff\xd8second!", b"\xff\xd83"]
LENGTHS = [len(frame) for frame in FRAMES]


def dataset(syntax: str = JPEG) -> Dataset:
    made = header(GRID, colour(syntax))
    made.file_meta = file_meta(made, syntax)
    return made


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_frames_come_back_with_and_without_known_lengths(lengths: list[int] | None) -> None:
    read = dcmread(BytesIO(b"".join(write_stream(dataset(), iter(FRAMES), lengths))))
    found = list(generate_frames(read.PixelData, number_of_frames=3))
    assert [frame.rstrip(b"\0") for frame in found] == FRAMES
    assert all(len(frame) % 2 == 0 for frame in found)
    offsets = parse_basic_offsets(read.PixelData)
    assert offsets == ([0, 14, 32] if lengths else [])


@pytest.mark.parametrize("syntax", [JPEG, RAW])
def test_the_size_is_known_before(syntax: str) -> None:
    frames = FRAMES if syntax == JPEG else [bytes(64 * 64 * 3)] * 3
    lengths = [len(frame) for frame in frames]
    assert size_of(dataset(syntax), lengths) == len(b"".join(write_stream(dataset(syntax), frames, lengths)))


def test_beyond_four_gib_offsets_are_extended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is lowered: four GiB of frames would take the test too long."""
    monkeypatch.setattr(part10, "LARGEST_OFFSET", 20)
    made = dataset()
    read = dcmread(BytesIO(b"".join(write_stream(made, FRAMES, LENGTHS))))
    table = (read.ExtendedOffsetTable, read.ExtendedOffsetTableLengths)
    found = list(generate_frames(read.PixelData, number_of_frames=3, extended_offsets=table))
    assert [frame.rstrip(b"\0") for frame in found] == FRAMES
    assert "ExtendedOffsetTable" not in made


def test_uncompressed_frames_have_a_defined_length() -> None:
    frames = [bytes([number]) * (64 * 64 * 3) for number in range(3)]
    read = dcmread(BytesIO(b"".join(write_stream(dataset(RAW), frames))))
    assert read.PixelData == b"".join(frames)


def test_uncompressed_pixels_beyond_an_element_are_refused() -> None:
    made = dataset(RAW)
    made.NumberOfFrames = 400_000
    with pytest.raises(ValueError, match="do not fit into one instance"):
        next(write_stream(made, []))


@pytest.mark.parametrize(
    ("frames", "lengths"),
    [(FRAMES[:2], None), ([*FRAMES, b"x"], None), ([FRAMES[1], FRAMES[0], FRAMES[2]], LENGTHS)],
)
def test_frames_that_were_not_announced_are_refused(frames: list[bytes], lengths: list[int] | None) -> None:
    with pytest.raises(ValueError, match="announced"):
        list(write_stream(dataset(), frames, lengths))


def test_the_file_names_our_implementation_not_the_librarys() -> None:
    read = dcmread(BytesIO(b"".join(write_stream(dataset(), FRAMES))))
    assert read.file_meta.ImplementationVersionName == "PREPARE"
    assert read.file_meta.ImplementationClassUID == part10.IMPLEMENTATION
