"""Viewers with a store of their own: what the job copies there, who can read it, and what a second run costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import imagecodecs
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from tests.e2e.conftest import Platform, deployed
from tests.e2e.tiles import TILES
from tests.e2e.tiles_slide import Written, item, uid, write_slide
from tests.local_objects import object_path

JPEG = next(tile for tile in TILES if tile.coding == "jpeg-baseline" and tile.photometric == "YBR_FULL")
RADIOLOGY = ("CT_small.dcm", "examples_ybr_color.dcm")
AS_STORED = {"Accept": "application/dicom; transfer-syntax=*"}


def stored(platform: Platform, study: str, series: str, instance: str) -> bytes:
    """The file in the viewer store, read as a viewer."""
    url = f"{platform.viewer_root}/studies/{study}/series/{series}/instances/{instance}"
    answer = platform.viewer().get(url, headers=AS_STORED, timeout=30)
    assert answer.ok, answer.text
    return answer.content


def instances(platform: Platform, study: str) -> set[str]:
    url = f"{platform.viewer_root}/studies/{study}/instances"
    answer = platform.viewer().get(url, headers={"Accept": "application/dicom+json"}, timeout=30)
    return {one["00080018"]["Value"][0] for one in answer.json()} if answer.status_code == 200 else set()


def annotation(image: pydicom.Dataset) -> pydicom.Dataset:
    """A report that refers to `image`."""
    referred = item(ReferencedSOPClassUID=image.SOPClassUID, ReferencedSOPInstanceUID=image.SOPInstanceUID)
    series = item(SeriesInstanceUID=image.SeriesInstanceUID, ReferencedInstanceSequence=[referred])
    note = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33",
        SOPInstanceUID=uid("note"),
        StudyInstanceUID=image.StudyInstanceUID,
        SeriesInstanceUID=uid("notes"),
        PatientID=image.PatientID,
        PatientName=image.PatientName,
        StudyDate=image.StudyDate,
        Modality="SR",
        ReferencedSeriesSequence=[series],
        TextValue="seen",
    )
    note.file_meta = FileMetaDataset()
    note.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return note


def word(platform: Platform, study: str) -> dict[str, Any]:
    """What viewers may know of the study."""
    path = object_path(platform.cloud, platform.outputs["recordsBucket"], f"viewer/{study}.json")
    assert path is not None
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Of its own, for its backlog must hold nothing but what is loaded here."""
    with deployed(tmp_path_factory.mktemp("viewers")) as platform:
        platform.stop_events()  # reports tell what their own run wrote
        yield platform


@pytest.fixture(scope="module")
def slide(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> list[Written]:
    return platform.prepared(tmp_path_factory.mktemp("slide"), JPEG, "viewers")


def test_a_ready_slide_arrives_byte_for_byte(platform: Platform, slide: list[Written]) -> None:
    for level in slide:
        assert stored(platform, level.study, level.series, level.instance) == level.path.read_bytes()


def test_the_report_counts_what_viewers_have(platform: Platform, slide: list[Written]) -> None:
    report = platform.report(slide[0].study, slide[0].series)
    assert (report["status"], report["instances"], report["delivered"]) == ("ready", 2, 2)
    assert sorted(report["written"]) == sorted(level.instance for level in slide)


def test_viewers_cannot_read_the_raw_store(platform: Platform, slide: list[Written]) -> None:
    url = f"{platform.root}/studies/{slide[0].study}/instances"
    assert platform.viewer().get(url, timeout=30).status_code == 403


def test_radiology_is_copied_whole(platform: Platform, tmp_path: Path) -> None:
    files = {name: Path(str(get_testdata_file(name))) for name in RADIOLOGY}
    for name, source in files.items():
        (tmp_path / name).write_bytes(source.read_bytes())
    assert platform.load(tmp_path) == 0
    heads: dict[str, Any] = {name: pydicom.dcmread(file, stop_before_pixels=True) for name, file in files.items()}
    platform.run_job("--study", *(head.StudyInstanceUID for head in heads.values()))
    for name, head in heads.items():
        copy = stored(platform, head.StudyInstanceUID, head.SeriesInstanceUID, head.SOPInstanceUID)
        assert copy == files[name].read_bytes()


def test_a_second_run_writes_nothing(platform: Platform, slide: list[Written]) -> None:
    before = platform.report(slide[0].study, slide[0].series)
    execution = platform.run_job("--study", slide[0].study)
    assert '"status": "unchanged"' in platform.log(execution)
    assert platform.report(slide[0].study, slide[0].series) == before


def test_a_blocked_slide_is_not_shown(platform: Platform, tmp_path: Path) -> None:
    levels = write_slide(tmp_path, JPEG, key="blocked")
    for level in levels:
        dataset = pydicom.dcmread(level.path)
        dataset.TotalPixelMatrixFocalPlanes = 3
        dataset.save_as(level.path)
    assert platform.load(tmp_path) == 0
    platform.run_job("--study", levels[0].study)
    assert platform.report(levels[0].study, levels[0].series)["status"] == "blocked"
    assert instances(platform, levels[0].study) == set()


def test_a_withdrawal_that_is_refused_is_told_and_gone_on_with_once_it_is_allowed(
    platform: Platform, tmp_path: Path
) -> None:
    (level, *_) = write_slide(tmp_path, JPEG, key="refused")
    assert platform.load(tmp_path) == 0
    platform.run_job("--study", level.study)
    owner = platform.session(platform.cloud.iam.owner)
    assert owner.delete(f"{platform.root}/studies/{level.study}", timeout=30).ok
    role = f"{platform.cloud.endpoint('iam.googleapis.com')}v1/projects/dicom-local/roles/dicomPublisher"
    rights = owner.get(role, timeout=30).json()["includedPermissions"]
    delete = "healthcare.dicomStores.dicomWebDelete"

    def allow(permissions: list[str]) -> None:
        body = {"includedPermissions": permissions}
        assert owner.patch(f"{role}?updateMask=includedPermissions", json=body, timeout=30).ok

    allow([one for one in rights if one != delete])
    refused = platform.log(platform.run_job("--study", level.study))
    assert f"the job's service account needs {delete}" in refused
    assert word(platform, level.study)["status"] == "pending"
    assert len(instances(platform, level.study)) == 2

    allow(rights)
    platform.run_job("--study", level.study)
    assert word(platform, level.study)["status"] == "withdrawn"
    assert instances(platform, level.study) == set()


def test_a_slide_in_a_coding_the_viewer_lacks_arrives_in_another_with_the_same_pixels(
    platform: Platform, tmp_path: Path
) -> None:
    tile = next(tile for tile in TILES if tile.coding == "jpeg-lossless" and tile.samples == 1)
    levels = write_slide(tmp_path, tile, key="lossless")
    assert platform.load(tmp_path) == 0
    execution = platform.run_job("--study", levels[0].study)
    report = platform.report(levels[0].study, levels[0].series)
    assert (report["status"], report["plan"]["kind"]) == ("ready", "repair"), platform.log(execution)
    shown = [
        pydicom.dcmread(BytesIO(stored(platform, levels[0].study, levels[0].series, instance)))
        for instance in sorted(instances(platform, levels[0].study))
    ]
    originals = [pydicom.dcmread(level.path) for level in levels]
    assert not {one.SOPInstanceUID for one in shown} & {one.SOPInstanceUID for one in originals}
    for original in originals:
        (copy,) = [one for one in shown if one.TotalPixelMatrixColumns == original.TotalPixelMatrixColumns]
        assert copy.file_meta.TransferSyntaxUID == JPEGLSLossless
        frames = [imagecodecs.ljpeg_decode(frame) for frame in generate_frames(original.PixelData)]
        assert (copy.pixel_array.reshape(-1, *frames[0].shape) == frames).all()


def test_missing_levels_are_added_and_the_base_stays_byte_for_byte(platform: Platform, tmp_path: Path) -> None:
    (base,) = write_slide(tmp_path, JPEG, across=(8,), key="base only")
    assert platform.load(tmp_path) == 0
    platform.run_job("--study", base.study)
    report = platform.report(base.study, base.series)
    assert (report["status"], report["plan"]["kind"], report["delivered"]) == ("ready", "add_levels", 4)
    assert stored(platform, base.study, base.series, base.instance) == base.path.read_bytes()
    execution = platform.run_job("--study", base.study)
    assert '"status": "unchanged"' in platform.log(execution)


def test_an_annotation_follows_the_slide_that_was_repaired(platform: Platform, tmp_path: Path) -> None:
    tile = next(tile for tile in TILES if tile.coding == "jpeg-lossless" and tile.samples == 1)
    levels = write_slide(tmp_path / "slide", tile, key="annotated")
    base = pydicom.dcmread(levels[0].path)
    note = annotation(base)
    note.save_as(tmp_path / "note.dcm", enforce_file_format=True)
    assert platform.load(tmp_path) == 0
    execution = platform.run_job("--study", base.StudyInstanceUID)
    assert execution.get("succeededCount") == 1, platform.log(execution)
    report = platform.report(base.StudyInstanceUID, note.SeriesInstanceUID)
    assert (report["status"], report["delivered"]) == ("ready", 1), platform.log(execution)
    (followed,) = report["written"]
    copy = pydicom.dcmread(BytesIO(stored(platform, base.StudyInstanceUID, note.SeriesInstanceUID, followed)))
    referred = copy.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID
    assert referred in instances(platform, base.StudyInstanceUID)
    assert referred != base.SOPInstanceUID
    assert copy.TextValue == "seen"


def test_labels_are_withheld_where_the_stack_says_so(tmp_path: Path) -> None:
    with deployed(tmp_path, labelPolicy="withhold") as platform:
        levels = write_slide(tmp_path / "slide", JPEG, across=(2, 1, 1), key="label")
        label = pydicom.dcmread(levels[2].path)
        label.ImageType = ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]
        label.save_as(levels[2].path)
        assert platform.load(tmp_path / "slide") == 0
        execution = platform.run_job("--study", levels[0].study)
        assert execution.get("succeededCount") == 1, platform.log(execution)
        assert instances(platform, levels[0].study) == {level.instance for level in levels[:2]}


def test_another_instance_under_the_same_uid_is_a_conflict_that_changes_nothing(
    platform: Platform, tmp_path: Path
) -> None:
    levels = write_slide(tmp_path, JPEG, key="conflict")
    other = pydicom.dcmread(levels[0].path)
    other.ContainerIdentifier = "ANOTHER"
    other.save_as(tmp_path / "other.bin")
    owner = platform.session(platform.cloud.iam.owner)
    body = (tmp_path / "other.bin").read_bytes()
    (tmp_path / "other.bin").unlink()
    kind = {"Content-Type": "application/dicom", "Accept": "application/dicom+json"}
    assert owner.post(f"{platform.viewer_root}/studies", data=body, headers=kind, timeout=30).ok
    assert platform.load(tmp_path) == 0
    execution = platform.run_job("--study", levels[0].study)
    assert execution["failedCount"] == 1
    assert "has another instance under this UID" in platform.log(execution)
    assert stored(platform, levels[0].study, levels[0].series, levels[0].instance) == body
