"""The synthetic slide, read back with pydicom as any other file."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames, parse_basic_offsets
from pydicom.uid import UID, JPEGBaseline8Bit, RLELossless

from smoke_tests import slide
from smoke_tests.slide.grid import Mark, read_mark, run_number
from smoke_tests.slide.identity import new_run_id
from tests.jobs import validator

RUN = "20261122T131500Z-1f2e3d"


WRONG_ON_PURPOSE: dict[str, set[str]] = {
    "partial-icc": {"Error - Missing attribute Type 1C Conditional Element=<ICCProfile> Module=<OpticalPath>"}
}
"""Errors of variants, as dicom3tools say them."""


@pytest.mark.parametrize("variant", get_args(slide.Variant))
def test_dicom3tools_find_no_error_but_what_is_wrong_on_purpose(variant: slide.Variant, tmp_path: Path) -> None:
    files = [one.data for one in slide.make(RUN, size=1024, variant=variant)]
    found = {error for file in files for error in validator.errors_of(file, tmp_path)}
    assert found == WRONG_ON_PURPOSE.get(variant, set())
    assert not validator.errors_between(files, tmp_path)


@pytest.fixture(scope="module")
def made() -> list[slide.Instance]:
    return slide.make(RUN, size=1024)


@pytest.fixture(scope="module")
def read(made: list[slide.Instance]) -> list[Dataset]:
    return [dcmread(io.BytesIO(instance.data)) for instance in made]


def decoded(frame: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(frame)).convert("RGB"))


def frames_of(dataset: Dataset) -> list[bytes]:
    return list(generate_frames(dataset.PixelData, number_of_frames=int(dataset.NumberOfFrames)))


def test_levels_halve_until_one_tile_is_left(made: list[slide.Instance]) -> None:
    assert [(one.columns, one.rows, len(one.frames)) for one in made] == [
        (1024, 1024, 16),
        (512, 512, 4),
        (256, 256, 1),
    ]


def test_an_odd_size_is_rounded_up_at_each_level() -> None:
    made = slide.make(RUN, size=700)

    assert [(one.columns, len(one.frames)) for one in made] == [(700, 9), (350, 4), (175, 1)]


def test_every_frame_says_which_tile_it_is(made: list[slide.Instance], read: list[Dataset]) -> None:
    for instance, dataset in zip(made, read, strict=True):
        across = -(-instance.columns // instance.tile)
        for index, frame in enumerate(frames_of(dataset)):
            assert read_mark(decoded(frame)) == Mark(instance.level, index // across, index % across, run_number(RUN))


def test_a_damaged_mark_is_no_mark(read: list[Dataset]) -> None:
    pixels = decoded(frames_of(read[0])[5])
    pixels[0:8, 0:8] = 255 - pixels[0:8, 0:8]

    assert read_mark(pixels) is None


def test_digests_are_those_of_the_stored_frames(made: list[slide.Instance], read: list[Dataset]) -> None:
    for instance, dataset in zip(made, read, strict=True):
        assert [hashlib.sha256(frame).hexdigest() for frame in frames_of(dataset)] == list(instance.frames)


def test_all_frames_differ(made: list[slide.Instance]) -> None:
    digests = [digest for instance in made for digest in instance.frames]
    assert len(set(digests)) == len(digests)


def test_the_same_run_gives_the_same_bytes_and_another_run_does_not(made: list[slide.Instance]) -> None:
    again, other = slide.make(RUN, size=1024), slide.make(RUN[:-1] + "e", size=1024)

    assert [one.data for one in again] == [one.data for one in made]
    assert not {one.uid for one in other} & {one.uid for one in made}
    assert other[0].study != made[0].study


def test_the_colour_profile_holds_no_time_of_making(read: list[Dataset]) -> None:
    profiles = {bytes(dataset.OpticalPathSequence[0].ICCProfile) for dataset in read}

    assert [profile[24:36].hex() for profile in profiles] == ["07ea00010001000000000000"]


def test_uids_are_valid_and_shared_where_the_viewer_groups_by_them(read: list[Dataset]) -> None:
    for keyword in (
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "FrameOfReferenceUID",
        "PyramidUID",
        "ContainerIdentifier",
    ):
        assert len({dataset[keyword].value for dataset in read}) == 1, keyword
    uids = [UID(dataset.SOPInstanceUID) for dataset in read]
    assert all(uid.is_valid and uid.startswith("2.25.") for uid in uids)
    assert len(set(uids)) == len(uids)


def test_nothing_looks_like_a_person(read: list[Dataset]) -> None:
    for dataset in read:
        assert str(dataset.PatientName) == "SMOKE^SYNTHETIC"
        assert dataset.PatientID == f"SMOKE-{RUN}"
        assert dataset.PatientBirthDate == ""
        assert dataset.StudyDescription == "SMOKE TEST – delete me – expires 2026-11-22T15:15:00Z"  # noqa: RUF001


def test_a_demo_slide_is_out_of_the_janitors_reach() -> None:
    dataset = dcmread(io.BytesIO(slide.make("demo", size=256, purpose="demo")[0].data))

    assert dataset.PatientID == "DEMO-demo"
    assert "SMOKE" not in str(dataset.PatientName) + dataset.StudyDescription


def test_every_level_has_what_the_viewer_needs_to_place_it(read: list[Dataset]) -> None:
    for index, dataset in enumerate(read):
        measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        assert list(measures.PixelSpacing) == [0.0005 * 2**index] * 2
        assert dataset.TotalPixelMatrixOriginSequence[0].XOffsetInSlideCoordinateSystem == 20
        assert list(dataset.ImageOrientationSlide) == [0, -1, 0, -1, 0, 0]
        assert dataset.OpticalPathSequence[0].IlluminationTypeCodeSequence[0].CodeValue == "111744"
        assert dataset.SpecimenDescriptionSequence[0].SpecimenIdentifier
        assert dataset.ImageType[2] == "VOLUME"
        assert dataset.ImageType[3] == ("NONE" if index == 0 else "RESAMPLED")
        assert dataset.DimensionOrganizationType == "TILED_FULL"
        assert dataset.PhotometricInterpretation == "YBR_FULL_422"
        assert dataset.file_meta.TransferSyntaxUID == JPEGBaseline8Bit


def test_the_offset_table_points_at_each_frame(read: list[Dataset]) -> None:
    offsets = parse_basic_offsets(read[0].PixelData)
    lengths = [len(frame) for frame in frames_of(read[0])]

    assert offsets[0] == 0
    assert [after - before for before, after in pairwise(offsets)] == [length + 8 for length in lengths[:-1]]


def test_levels_show_the_same_slide(made: list[slide.Instance], read: list[Dataset]) -> None:
    """Below the marks, a tile of level 1 is level 0 at half the size."""
    fine, coarse = [decoded(frames_of(dataset)[0]).astype(int) for dataset in read[:2]]
    below = fine[128:240, 128:240].reshape(7, 16, 7, 16, 3).mean(axis=(1, 3))
    above = coarse[64:120, 64:120].reshape(7, 8, 7, 8, 3).mean(axis=(1, 3))
    assert abs(below - above).max() < 6


def test_base_only_has_one_level() -> None:
    assert [one.level for one in slide.make(RUN, size=1024, variant="base-only")] == [0]


def test_sparse_says_for_each_frame_where_it_lies() -> None:
    made = slide.make(RUN, size=512, variant="sparse")
    dataset = dcmread(io.BytesIO(made[0].data))

    positions = [group.PlanePositionSlideSequence[0] for group in dataset.PerFrameFunctionalGroupsSequence]
    assert dataset.DimensionOrganizationType == "TILED_SPARSE"
    assert [
        (one.ColumnPositionInTotalImagePixelMatrix, one.RowPositionInTotalImagePixelMatrix) for one in positions
    ] == [(1, 1), (257, 1), (1, 257), (257, 257)]
    assert float(positions[1].YOffsetInSlideCoordinateSystem) == pytest.approx(40 - 256 * 0.0005)
    assert float(positions[2].XOffsetInSlideCoordinateSystem) == pytest.approx(20 - 256 * 0.0005)


def test_rle_decodes_to_the_tile_it_names() -> None:
    dataset = dcmread(io.BytesIO(slide.make(RUN, size=512, variant="rle")[0].data))

    assert dataset.file_meta.TransferSyntaxUID == RLELossless
    assert read_mark(dataset.pixel_array[3]) == Mark(0, 1, 1, run_number(RUN))


def test_partial_icc_leaves_the_profile_on_the_base_only() -> None:
    made = slide.make(RUN, size=512, variant="partial-icc")

    paths = [dcmread(io.BytesIO(one.data)).OpticalPathSequence[0] for one in made]
    assert ["ICCProfile" in path for path in paths] == [True, False]


def test_duplicate_level_has_two_instances_of_one_size() -> None:
    made = slide.make(RUN, size=512, variant="duplicate-level")

    assert [one.columns for one in made] == [512, 256, 256]
    assert len({one.uid for one in made}) == 3


def test_variants_and_painters_never_share_a_uid() -> None:
    studies = [
        slide.make(RUN, size=256, painter=painter, variant=variant)[0].study
        for painter, variant in (("grid", "complete"), ("tissue", "complete"), ("grid", "sparse"))
    ]
    assert len(set(studies)) == 3


def test_tissue_is_glass_at_the_rim_and_stained_within() -> None:
    made = slide.make("demo", painter="tissue", size=1024, purpose="demo")
    whole = decoded(frames_of(dcmread(io.BytesIO(made[-1].data)))[0])

    assert whole[:4, :4].min() > 225
    reds, greens = whole[96:160, 96:160, 0].mean(), whole[96:160, 96:160, 1].mean()
    assert reds > greens + 20


def test_files_are_named_by_uid(tmp_path: Path, made: list[slide.Instance]) -> None:
    folder = tmp_path / "new"
    paths = slide.write(made, folder)

    assert [path.read_bytes() for path in paths] == [one.data for one in made]
    assert sorted(path.stem for path in folder.iterdir()) == sorted(one.uid for one in made)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"painter": "oil"}, "painter 'oil' is unknown; use one of grid, tissue"),
        ({"variant": "odd"}, "variant 'odd' is unknown"),
        ({"tile": 100}, "tile 100 does not fit"),
        ({"size": 100}, "size 100 does not fit"),
        ({"size": 20_000}, "size 20000 does not fit"),
    ],
)
def test_an_impossible_slide_is_refused_in_words(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        slide.make(RUN, **arguments)  # type: ignore[arg-type]


def test_run_ids_of_one_second_differ() -> None:
    now = datetime(2026, 11, 22, 13, 15, tzinfo=UTC)

    ids = {new_run_id(now) for _ in range(50)}
    assert len(ids) == 50
    assert all(one.startswith("20261122T131500Z-") for one in ids)
