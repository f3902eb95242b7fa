"""Slides with real pixels through the whole job to a viewer store of their own, and what the rules say of it there."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
import pytest
from prepare.checks.rules import status
from prepare.dicomweb.inspection import inspect
from prepare.dicomweb.store import DicomStore
from prepare.model.slide import pyramids
from prepare.planning.following import Judged, judge
from prepare.planning.planner import Options
from pydicom import Dataset

from localcloud.cloud import Cloud
from smoke_tests.slide import Variant, make
from tests.e2e.tiles import TILES
from tests.e2e.tiles_slide import write_slide
from tests.jobs.conftest import DATASET, as_principal
from tests.jobs.test_main import environment, run

Edit = Callable[[list[Dataset]], None]
EXPECTED = {
    "complete": ("none", "ready"),
    "base-only": ("add_levels", "ready"),
    "sparse": ("none", "ready"),
    "rle": ("repair", "ready"),
    "partial-icc": ("repair", "ready"),
    "duplicate-level": ("repair", "ready"),
    "rle and base only": ("repair", "ready"),
    "z-stack": ("blocked", "blocked"),
    "acquisition on some": ("repair", "ready"),
    "orientation missing on a level": ("repair", "ready"),
    "label without optical path": ("repair", "ready"),
    "JPEG_2000_Image_Compression-GRAYSCALE-16": ("none", "ready"),
    "JPEG_Extended_(Process_2_and_4)-GRAYSCALE-12": ("repair", "ready"),
    "Explicit_VR_Big_Endian-GRAYSCALE-16": ("repair", "ready"),
    "JPEG_Lossless,_Non-Hierarchical_(Process_14)-GRAYSCALE-16": ("repair", "ready"),
}
"""Kind of the plan, and the status in the report."""


def _no_orientation(levels: list[Dataset]) -> None:
    del levels[1].ImageOrientationSlide


def _label(levels: list[Dataset]) -> None:
    levels[-1].ImageType = ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]
    del levels[-1].OpticalPathSequence


EDITS: dict[str, tuple[Variant, Edit]] = {
    "rle and base only": ("rle", lambda levels: levels.__delitem__(slice(1, None))),
    "z-stack": ("complete", lambda levels: setattr(levels[0], "TotalPixelMatrixFocalPlanes", 3)),
    "acquisition on some": ("complete", lambda levels: setattr(levels[0], "AcquisitionUID", "1.2.99")),
    "orientation missing on a level": ("complete", _no_orientation),
    "label without optical path": ("complete", _label),
}


@dataclass
class Prepared:
    """What the job said of each slide, and what the rules say of what it put into the viewer store."""

    studies: dict[str, str]
    code: int
    reports: dict[str, dict[str, Any]]
    again: dict[str, str]
    """Status of a second run."""
    viewed: dict[str, Judged]


def instances(name: str, folder: Path) -> list[bytes]:
    if tile := next((one for one in TILES if name == one.name), None):
        return [level.path.read_bytes() for level in write_slide(folder, tile, key=f"matrix {name}")]
    variant, edit = EDITS.get(name, (name, lambda levels: None))
    levels = [pydicom.dcmread(io.BytesIO(one.data)) for one in make(f"matrix {name}"[:40], size=1024, variant=variant)]
    edit(levels)
    files: list[bytes] = []
    for level in levels:
        out = io.BytesIO()
        level.save_as(out, enforce_file_format=True)
        files.append(out.getvalue())
    return files


def by_study(said: str) -> dict[str, dict[str, Any]]:
    return {one["study"]: one for one in json.loads(said)["series"]}


@pytest.fixture(scope="module")
def prepared(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    owner = as_principal(cloud, cloud.iam.owner)
    dataset = f"{cloud.endpoint('healthcare.googleapis.com')}v1/{DATASET}"
    assert owner.post(f"{dataset}/dicomStores?dicomStoreId=matrix-viewers", json={}, timeout=10).ok
    raw, viewers = environment(cloud)["DICOMWEB_ROOT"], f"{dataset}/dicomStores/matrix-viewers/dicomWeb"
    studies: dict[str, str] = {}
    for name in EXPECTED:
        for file in instances(name, tmp_path_factory.mktemp("slide")):
            answer = owner.post(f"{raw}/studies", data=file, headers={"Content-Type": "application/dicom"}, timeout=30)
            assert answer.ok, answer.text
            studies[name] = str(pydicom.dcmread(io.BytesIO(file), stop_before_pixels=True).StudyInstanceUID)
    where = {"VIEWER_DICOMWEB_ROOT": viewers}
    code, said, errors = run(cloud, "--json", "--study", *studies.values(), **where)
    assert said, errors
    again = by_study(run(cloud, "--json", "--study", *studies.values(), **where)[1])
    shown = [uid for name, uid in studies.items() if EXPECTED[name][1] != "blocked"]
    store = DicomStore(viewers, owner)
    viewed = {uid: looked_into(store, uid) for uid in shown}
    return Prepared(studies, code, by_study(said), {one: again[one]["status"] for one in again}, viewed)


def looked_into(store: DicomStore, study: str) -> Judged:
    """What the rules say of a study as viewers get it; what the job made is judged like anything else."""
    seen = inspect(store, study, store.instances(study))
    assert not seen.unreadable, seen.unreadable
    return judge(seen.study, seen.slides, Options())


def test_the_run_ends_well(prepared: Prepared) -> None:
    failed = {name: prepared.reports[uid]["reason"] for name, uid in prepared.studies.items()}
    assert prepared.code == 0, failed


@pytest.mark.parametrize("name", EXPECTED)
def test_plan_and_status_are_those_expected(prepared: Prepared, name: str) -> None:
    one = prepared.reports[prepared.studies[name]]
    assert one["report"], one["reason"]
    assert (one["report"]["plan"]["kind"], one["status"]) == EXPECTED[name], one["report"]["plan"]


@pytest.mark.parametrize("name", [name for name, (_, status) in EXPECTED.items() if status != "blocked"])
def test_what_viewers_get_breaks_no_rule(prepared: Prepared, name: str) -> None:
    judged = prepared.viewed[prepared.studies[name]]
    (plan,), (found,) = judged.plan.series, judged.findings.values()
    assert status(found) == "ready", found
    assert plan.kind == "none"


@pytest.mark.parametrize("name", [name for name, (_, status) in EXPECTED.items() if status != "blocked"])
def test_the_report_names_the_levels_that_viewers_get(prepared: Prepared, name: str) -> None:
    uid = prepared.studies[name]
    told = prepared.reports[uid]["report"]["levels"]
    (slide,) = prepared.viewed[uid].slides.values()
    seen = [
        ([level.size[0], level.size[1]], sorted(image.instance for image in level.images))
        for levels in pyramids(slide.own).values()
        for level in levels
    ]
    assert [([one["columns"], one["rows"]], one["instances"]) for one in told] == seen


@pytest.mark.parametrize("name", EXPECTED)
def test_a_second_run_finds_it_unchanged(prepared: Prepared, name: str) -> None:
    assert prepared.again[prepared.studies[name]] == "unchanged"
