"""Radiology and troubled slides through the platform, and what must not be found in any output."""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.e2e.conftest import Platform
from tests.e2e.tiles import TILES
from tests.e2e.tiles_slide import write_slide
from tests.jobs.schema_check import problems, schema_of
from tests.local_objects import object_names, object_path

JPEG = next(tile for tile in TILES if tile.coding == "jpeg-baseline" and tile.photometric == "YBR_FULL")
GREY = next(tile for tile in TILES if tile.coding == "jpeg-baseline" and tile.samples == 1)
RADIOLOGY = ("CT_small.dcm", "MR_small.dcm", "examples_ybr_color.dcm", "examples_palette.dcm")


@pytest.fixture(scope="module")
def radiology(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> list[pydicom.Dataset]:
    folder = tmp_path_factory.mktemp("radiology")
    datasets: list[pydicom.Dataset] = []
    for name in RADIOLOGY:
        source = Path(str(get_testdata_file(name)))
        (folder / name).write_bytes(source.read_bytes())
        datasets.append(pydicom.dcmread(source, stop_before_pixels=True))
    assert platform.load(folder) == 0
    return datasets


def test_radiology_is_stored_and_found(platform: Platform, radiology: list[pydicom.Dataset]) -> None:
    owner = platform.session(platform.cloud.iam.owner)
    for dataset in radiology:
        url = f"{platform.root}/studies/{dataset.StudyInstanceUID}/series"
        found = owner.get(url, headers={"Accept": "application/dicom+json"}, timeout=30).json()
        assert [one["00080060"]["Value"][0] for one in found] == [dataset.Modality]


def test_radiology_passes_through_as_ready(platform: Platform, radiology: list[pydicom.Dataset]) -> None:
    execution = platform.run_job("--study", *{dataset.StudyInstanceUID for dataset in radiology})
    assert execution["succeededCount"] == 1, platform.log(execution)
    for dataset in radiology:
        report = platform.report(dataset.StudyInstanceUID, dataset.SeriesInstanceUID)
        assert (report["status"], report["modality"], report["findings"]) == ("ready", dataset.Modality, [])


def test_a_small_sparse_slide_is_ready(platform: Platform, tmp_path: Path) -> None:
    (level, *_) = write_slide(tmp_path, JPEG, key="sparse", sparse=True)
    assert platform.load(tmp_path) == 0
    platform.run_job("--study", level.study)
    assert platform.report(level.study, level.series)["status"] == "ready"


def test_of_a_large_sparse_slide_the_store_leaves_the_positions_out(platform: Platform, tmp_path: Path) -> None:
    across = (40, 33, 9, 3, 2)
    levels = write_slide(tmp_path, GREY, across=across, key="large sparse", sparse=True, small=True)
    assert platform.load(tmp_path) == 0
    platform.run_job("--study", levels[0].study)
    report = platform.report(levels[0].study, levels[0].series)
    assert report["status"] == "blocked"
    # Its tiles are a few bytes each, so that nothing can be made of them: what is asked is what R01 says.
    missing, large = [finding for finding in report["findings"] if finding["rule"] == "R01"]
    assert (missing["severity"], missing["instances"]) == ("BLOCK", [levels[0].instance])
    assert (large["severity"], large["instances"]) == ("SLOW", [levels[1].instance])


def test_reports_keep_to_their_schema(platform: Platform, radiology: list[pydicom.Dataset], tmp_path: Path) -> None:
    (level, *_) = write_slide(tmp_path, JPEG, across=(4, 3), key="schema")
    assert platform.load(tmp_path) == 0
    platform.run_job("--study", level.study, radiology[0].StudyInstanceUID)
    bucket = platform.outputs["recordsBucket"]
    names = object_names(platform.cloud, bucket, "readiness/")
    assert names
    for name in names:
        path = object_path(platform.cloud, bucket, name)
        assert path is not None
        assert problems(json.loads(path.read_text()), schema_of(name)) == []


def test_no_attribute_of_a_patient_is_in_any_object_or_log(platform: Platform, tmp_path: Path) -> None:
    canary = "CANARY7"
    levels = write_slide(tmp_path, JPEG, key="canary")
    for level in levels:
        dataset = pydicom.dcmread(level.path)
        for keyword in ("PatientName", "PatientID", "AccessionNumber", "ContainerIdentifier", "StudyDescription"):
            setattr(dataset, keyword, canary)
        dataset.save_as(level.path)
    assert platform.load(tmp_path) == 0
    execution = platform.run_job("--study", levels[0].study)
    platform.run_job("--quiet-seconds", "0")
    assert levels[0].series in platform.log(execution)
    bucket = platform.outputs["recordsBucket"]
    paths = [object_path(platform.cloud, bucket, name) for name in object_names(platform.cloud, bucket, "")]
    logs = [path for path in (platform.cloud.data / "logs").rglob("*") if path.is_file()]
    assert not [path for path in (*paths, *logs) if path and canary in path.read_text()]
