"""A word in every attribute that holds text: viewers get it with the slide, nothing else that the job writes has it."""

from __future__ import annotations

import io
import json

import pydicom
import pytest
from pydicom import Dataset
from pydicom.datadict import DicomDictionary

from localcloud.cloud import Cloud
from tests.jobs.conftest import DATASET, as_principal
from tests.jobs.matrix.files import Written, written
from tests.jobs.matrix.test_stores import PATIENCE, Place, put
from tests.jobs.test_main import start
from tests.local_objects import object_names, object_path

CANARY = "CANARY^JANE"
TEXT = {"PN", "LO", "SH", "LT", "ST", "UT", "UC"}
KEYWORDS = sorted(
    keyword
    for tag, (vr, _, _, retired, keyword) in DicomDictionary.items()
    if vr in TEXT and not retired and keyword and 0x0008 <= tag >> 16 <= 0x0040
)
NAMES = ("base_only", "rle", "damaged_base", "organization_missing", "z_stack")


def marked(file: bytes, *, broken: bool) -> bytes:
    dataset: Dataset = pydicom.dcmread(io.BytesIO(file))
    for keyword in KEYWORDS:
        if keyword != "SpecificCharacterSet":
            setattr(dataset, keyword, CANARY)
    if broken:  # so that the job finds out only while it acts
        for item in dataset.get("PerFrameFunctionalGroupsSequence") or ():
            item.PlanePositionSlideSequence[0].ColumnPositionInTotalImagePixelMatrix = 1
            item.FrameComments = CANARY
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture(scope="module")
def said(cloud: Cloud) -> tuple[str, dict[str, str], Place, dict[str, Written]]:
    """All output of a run, and all objects of the bucket by name."""
    session = as_principal(cloud, cloud.iam.owner)
    root = f"{cloud.endpoint('healthcare.googleapis.com')}v1/{DATASET}/dicomStores"
    for name in ("canary-raw", "canary-viewers"):
        assert session.post(f"{root}?dicomStoreId={name}", json={}, timeout=10).ok
    place = Place("local cloud", f"{root}/canary-raw/dicomWeb", f"{root}/canary-viewers/dicomWeb", session)
    slides = {name: written(name) for name in NAMES}
    for name, slide in slides.items():
        for file in slide.files:
            put(place, marked(file, broken=name == "organization_missing"))
    more = {"DICOMWEB_ROOT": place.raw, "VIEWER_DICOMWEB_ROOT": place.viewers}
    process = start(cloud, "--json", "--study", *(slide.study for slide in slides.values()), **more)
    output = "".join(process.communicate(timeout=PATIENCE))
    paths = {name: object_path(cloud, "records", name) for name in object_names(cloud, "records", "")}
    return output, {name: path.read_text("latin-1") for name, path in paths.items() if path}, place, slides


def test_it_was_in_more_than_a_hundred_attributes_and_reached_the_viewers(
    said: tuple[str, dict[str, str], Place, dict[str, Written]],
) -> None:
    _, _, place, slides = said
    assert len(KEYWORDS) > 100
    url = f"{place.viewers}/studies/{slides['rle'].study}/series/{slides['rle'].series[0]}/metadata"
    answer = place.session.get(url, headers={"Accept": "application/dicom+json"}, timeout=30)
    assert "CANARY" in answer.text


def test_each_outcome_was_met(said: tuple[str, dict[str, str], Place, dict[str, Written]]) -> None:
    _, objects, _, slides = said
    found = {
        name: json.loads(objects[f"readiness/{slide.study}/{slide.series[0]}.json"]) for name, slide in slides.items()
    }
    assert {name: one["status"] for name, one in found.items()} == {
        "base_only": "ready", "rle": "ready", "damaged_base": "blocked", "organization_missing": "failed",
        "z_stack": "blocked",
    }, found["organization_missing"]  # fmt: skip


def test_no_line_no_object_and_no_name_of_one_has_it(
    said: tuple[str, dict[str, str], Place, dict[str, Written]],
) -> None:
    output, objects, _, _ = said
    assert "CANARY" not in output
    assert [name for name, content in objects.items() if "CANARY" in name + content] == []
