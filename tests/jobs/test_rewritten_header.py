"""Attributes change, pixel data passes: whatever way the pixels are laid into the file."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pydicom
import pytest
from prepare.errors import SeriesFailed
from prepare.execution.rewritten_header import RewrittenFile
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

PIXELS = bytes(range(256)) * 3
FRAMES = [b"\xff\xd8one\xff\xd9", b"\xff\xd8another\xff\xd9\0", b"\xff\xd83\xff\xd9\0"]


class Pieces:
    length: int | None = None

    def __init__(self, data: bytes, size: int = 11) -> None:
        self._data, self._size = data, size

    def __iter__(self) -> Iterator[bytes]:
        for at in range(0, len(self._data), self._size):
            yield self._data[at : at + self._size]


def image(syntax: UID) -> Dataset:
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.77.1.6", "1.2.3"
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2", "1.2.4"
    made.Rows, made.Columns, made.NumberOfFrames = 16, 16, 3
    made.BitsAllocated = made.BitsStored = 8
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.PixelData = PIXELS
    made["PixelData"].VR = "OB"
    return made


def written(dataset: Dataset) -> bytes:
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def named(file: bytes) -> bytes:
    def edit(dataset: Dataset) -> None:
        dataset.SeriesDescription = "seen"

    return b"".join(RewrittenFile("1.2.3", Pieces(file), "2.25.7", edit))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian], ids=str)
def test_uncompressed_pixels_pass(syntax: UID) -> None:
    read = pydicom.dcmread(BytesIO(named(written(image(syntax)))))
    assert (read.PixelData, read.SeriesDescription, read.SOPInstanceUID) == (PIXELS, "seen", "2.25.7")
    assert read.file_meta.TransferSyntaxUID == syntax


@pytest.mark.parametrize("kind", ["table", "no table", "extended", "fragments"])
def test_encapsulated_pixels_pass_with_their_table_and_fragments(kind: str) -> None:
    dataset = image(JPEGBaseline8Bit)
    if kind == "extended":
        tabled = encapsulate_extended(FRAMES)
        dataset.PixelData, dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = tabled
    else:
        fragments = 2 if kind == "fragments" else 1
        dataset.PixelData = encapsulate(FRAMES, fragments_per_frame=fragments, has_bot=kind != "no table")
    dataset["PixelData"].is_undefined_length = True
    file = written(dataset)
    made = named(file)
    read = pydicom.dcmread(BytesIO(made))
    assert read.PixelData == dataset.PixelData
    assert read.get("ExtendedOffsetTable") == dataset.get("ExtendedOffsetTable")
    start = b"\xe0\x7f\x10\x00OB\0\0"
    assert made[made.index(start) :] == file[file.index(start) :]


def test_a_deflated_image_is_refused_in_words_and_not_stored_without_its_pixels() -> None:
    with pytest.raises(SeriesFailed, match="stored deflated as a whole"):
        named(written(image(DeflatedExplicitVRLittleEndian)))


def test_a_deflated_object_without_pixels_passes() -> None:
    dataset = image(DeflatedExplicitVRLittleEndian)
    for keyword in ("PixelData", "Rows", "Columns"):
        del dataset[keyword]
    dataset.SeriesDescription = "told before"
    assert pydicom.dcmread(BytesIO(named(written(dataset)))).SeriesDescription == "seen"
