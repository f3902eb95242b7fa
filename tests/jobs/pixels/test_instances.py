from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from prepare.pixels import staged
from prepare.pixels.grid import TileGrid
from prepare.pixels.instances import Making, new_uid
from prepare.pixels.levels import missing_levels
from prepare.pixels.stage import FolderStage
from pydicom import Dataset, dcmread

from tests.jobs.memory_stage import MemoryStage
from tests.jobs.pixels.slides import JPEG, colour, read_back, slide

MAKING = Making("1.2.3")


def levels(times: set[int], making: Making = MAKING, **changes: object) -> list[bytes]:
    pixels = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    return [
        b"".join(made.stream())
        for made in missing_levels(slide([pixels], colour(JPEG), **changes), times, MemoryStage(), making)
    ]


def level(times: int = 2, **changes: object) -> Dataset:
    return read_back([levels({times}, **changes)[0]])


def test_a_second_run_gives_the_same_bytes() -> None:
    assert levels({1, 2, 3}) == levels({1, 2, 3})


def test_making_a_level_alone_gives_the_same_bytes_as_making_all() -> None:
    assert levels({1, 2, 3})[1] == levels({2})[0]


def test_the_coarsest_level_comes_first() -> None:
    widths = [dcmread(BytesIO(data)).TotalPixelMatrixColumns for data in levels({1, 2, 3})]
    assert widths == [38, 75, 150]


@pytest.mark.parametrize(
    "other",
    [("2", "2.25.1", "level", 1), ("1", "2.25.2", "level", 1), ("1", "2.25.1", "x", 1), ("1", "2.25.1", "level", 2)],
)
def test_uids_differ_with_all_that_they_are_made_of(other: tuple[str, str, str, int]) -> None:
    uid = new_uid("1", "2.25.1", "level", 1)
    assert uid == new_uid("1", "2.25.1", "level", 1)
    assert uid.startswith("2.25.")
    assert len(uid) <= 64
    assert new_uid(*other) != uid
    assert new_uid("1", "2.25.1", "level", 1, "jpeg-80") != uid


def test_what_identifies_slide_and_patient_is_the_sources() -> None:
    made = level()
    for keyword, value in {
        "StudyInstanceUID": "2.25.1",
        "SeriesInstanceUID": "2.25.2",
        "FrameOfReferenceUID": "2.25.3",
        "AcquisitionUID": "2.25.4",
        "PyramidUID": "2.25.5",
        "ContainerIdentifier": "SYN-1",
        "PatientID": "SYN-PIXELS",
    }.items():
        assert made[keyword].value == value
    assert made.OpticalPathSequence[0].ICCProfile == b"synthetic profile!"
    assert made.SOPInstanceUID == made.file_meta.MediaStorageSOPInstanceUID != "2.25.11"


def test_size_spacing_and_kind_are_the_levels() -> None:
    made = level(2)
    shared = made.SharedFunctionalGroupsSequence[0]
    assert (made.TotalPixelMatrixColumns, made.TotalPixelMatrixRows, made.NumberOfFrames) == (75, 50, 2)
    assert list(shared.PixelMeasuresSequence[0].PixelSpacing) == [0.002, 0.002]
    assert made.ImagedVolumeWidth == pytest.approx(0.15)
    assert list(made.ImageType) == ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]
    assert list(shared.WholeSlideMicroscopyImageFrameTypeSequence[0].FrameType) == list(made.ImageType)
    assert made.DimensionOrganizationType == "TILED_FULL"


def test_the_lossy_history_grows() -> None:
    made = level(1)
    assert made.LossyImageCompression == "01"
    assert list(made.LossyImageCompressionMethod) == ["ISO_10918_1", "ISO_10918_1"]
    assert made.LossyImageCompressionRatio[0] == 12.5
    raw = 64 * 64 * 3 * made.NumberOfFrames
    assert made.LossyImageCompressionRatio[1] == pytest.approx(
        raw / (len(made.PixelData) - 8 * made.NumberOfFrames), rel=0.1
    )


def test_origin_and_maker_are_told_without_a_time() -> None:
    made = level()
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == "2.25.11"
    tool = made.ContributingEquipmentSequence[-1]
    assert (tool.ManufacturerModelName, tool.SoftwareVersions) == ("prepare", "1.2.3")
    assert "ContributionDateTime" not in tool
    assert (made.InstanceCreationDate, made.InstanceCreationTime) == ("20260102", "101500")


def test_equipment_that_contributed_before_stays() -> None:
    before = Dataset()
    before.Manufacturer = "Scanner maker"
    made = level(ContributingEquipmentSequence=[before])
    assert [tool.Manufacturer for tool in made.ContributingEquipmentSequence] == [
        "Scanner maker",
        "DICOM imaging platform",
    ]


def test_nothing_of_the_old_files_pixels_stays() -> None:
    made = level(
        ConcatenationUID="2.25.9", InConcatenationNumber=1, LargestImagePixelValue=9, ExtendedOffsetTable=b"12345678"
    )
    for keyword in ("ConcatenationUID", "InConcatenationNumber", "LargestImagePixelValue", "ExtendedOffsetTable"):
        assert keyword not in made


def test_an_acquisition_that_is_not_dated_still_gives_a_fixed_time() -> None:
    made = level(AcquisitionDateTime="", ContentDate="20250304", ContentTime="0506")
    assert (made.InstanceCreationDate, made.InstanceCreationTime) == ("20250304", "050600")


def test_a_level_too_large_for_memory_comes_from_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is lowered, so that a small slide has objects in the stage."""
    whole = levels({1})[0]
    monkeypatch.setattr(staged, "OBJECT_BYTES", 1000)
    pixels = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    stage = FolderStage(tmp_path)
    (made,) = missing_levels(slide([pixels], colour(JPEG)), {1}, stage, MAKING)
    assert [path for path in tmp_path.rglob("*") if path.is_file()]
    assert b"".join(made.stream()) == whole
    assert made.size == len(whole)
    stage.clear(f"{made.uid}/")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_grids_halve_until_one_tile_shows_everything() -> None:
    assert TileGrid(100_000, 70_001, 256, 256).halvings() == 9
    assert TileGrid(256, 256, 256, 256).halvings() == 0
    assert TileGrid(257, 1, 256, 256).halved() == TileGrid(129, 1, 256, 256)
