"""`label_policy: withhold`, clause by clause: viewers get nothing that shows a label, nothing that repeats it."""

from __future__ import annotations

import io
from typing import Any

import pydicom
import pytest
from prepare.model.metadata import WHOLE_SLIDE
from pydicom import Dataset

from localcloud.cloud import Cloud
from tests.jobs.conftest import DATASET, as_principal
from tests.jobs.fakes import Store
from tests.jobs.matrix import frames
from tests.jobs.matrix.files import Written, file_of, uid
from tests.jobs.matrix.slides import ANN, SEG, SERIES, SR, annotation, having, label, levels, put, thumbnail
from tests.jobs.matrix.test_late import Study
from tests.jobs.matrix.test_stores import Place, run

SECRET = "S26-CANARY-1"
OVERVIEW = ["ORIGINAL", "PRIMARY", "OVERVIEW", "NONE"]
CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def telling() -> dict[str, Any]:
    """A base that repeats the label's text: levels are made of it."""
    return having(levels(1024), 0, BarcodeValue=SECRET, LabelText=SECRET)[0] | PRIVATE


def photograph(number: int, **more: Any) -> dict[str, Any]:
    """An image that is no whole slide, in a series that nobody would look into."""
    items = having(levels(256), 0, SOPClassUID=CAPTURE, Modality="XC", SOPInstanceUID=f"1.2.7.{number}",
                   SeriesInstanceUID="1.2.7", ImageType=["ORIGINAL", "PRIMARY"], **more)  # fmt: skip
    return items[0]


HIDDEN: dict[str, dict[str, Any]] = {
    "label": label(),
    "overview": having([label()], 0, ImageType=OVERVIEW, SOPInstanceUID=f"{SERIES}.10")[0],
    "burned-in thumbnail": thumbnail(64, BurnedInAnnotation="YES"),
    "label in the image": having([label()], 0, SpecimenLabelInImage="YES", SOPInstanceUID=f"{SERIES}.11",
                                 ImageType=["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"], TotalPixelMatrixRows=128,
                                 TotalPixelMatrixColumns=128)[0],
    "burned-in capture": photograph(1, BurnedInAnnotation="YES"),
    "capture with the label's text": photograph(2, LabelText=SECRET),
    "capture": photograph(3, BurnedInAnnotation="NO"),
    "localizer": having([label()], 0, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER", "NONE"],
                        SOPInstanceUID=f"{SERIES}.12")[0],
}  # fmt: skip
PRIVATE = {"00090010": {"vr": "LO", "Value": ["ACME"]}, "00091001": {"vr": "LO", "Value": [SECRET]}}
DERIVED = {"1.2.60": (SR, "SR"), "1.2.61": (SEG, "SEG"), "1.2.62": (ANN, "ANN")}
"""Objects made from a level that is copied as it is, by series: each repeats the label's text in private elements."""
SHOWN: dict[str, dict[str, Any]] = {
    "report": annotation(SR, "SR", f"{SERIES}.9", f"{SERIES}.1", series="1.2.6"),
    **{
        modality: annotation(sop_class, modality, f"{SERIES}.1", series=series) | PRIVATE
        for series, (sop_class, modality) in DERIVED.items()
    },
}


@pytest.fixture(scope="module")
def seen(cloud: Cloud) -> tuple[dict[str, Dataset], dict[str, Any]]:
    """What viewers get, by SOPInstanceUID, and what the job said of each series."""
    session = as_principal(cloud, cloud.iam.owner)
    root = f"{cloud.endpoint('healthcare.googleapis.com')}v1/{DATASET}/dicomStores"
    for name in ("labelled", "unlabelled"):
        assert session.post(f"{root}?dicomStoreId={name}", json={}, timeout=10).ok
    place = Place("local cloud", f"{root}/labelled/dicomWeb", f"{root}/unlabelled/dicomWeb", session)
    store: Store = put(telling(), *HIDDEN.values(), *SHOWN.values(), each={f"{SERIES}.8": frames.jpeg(edge=64)})
    files = [file_of("withheld", one, store) for items in store.studies["1.2"].values() for one in items]
    study = Study(cloud, place, Written(uid("withheld", "1.2"), (uid("withheld", SERIES),), tuple(files)))
    study.arrives(*files)
    said = run(cloud, place, {"": study.slide}, "--study", study.slide.study, "--label-policy", "withhold")
    got: dict[str, Dataset] = {}
    for instance, (_, series) in study.shown().items():
        path = f"{place.viewers}/studies/{study.slide.study}/series/{series}/instances/{instance}"
        answer = session.get(path, headers={"Accept": "application/dicom; transfer-syntax=*"}, timeout=30)
        got[instance] = pydicom.dcmread(io.BytesIO(answer.content))
    return got, said


def test_the_run_ends_well(seen: tuple[dict[str, Dataset], dict[str, Any]]) -> None:
    assert {one["status"] for one in seen[1].values()} == {"ready"}, [one["reason"] for one in seen[1].values()]


@pytest.mark.parametrize("name", HIDDEN)
def test_it_is_not_copied(seen: tuple[dict[str, Dataset], dict[str, Any]], name: str) -> None:
    (instance,) = HIDDEN[name]["00080018"]["Value"]
    assert uid("withheld", instance) not in seen[0]
    assert uid("withheld", instance) not in {str(one.get("SOPInstanceUID")) for one in seen[0].values()}


def test_what_shows_no_label_is_copied_and_levels_are_made(seen: tuple[dict[str, Dataset], dict[str, Any]]) -> None:
    slides = [one for one in seen[0].values() if one.SOPClassUID == WHOLE_SLIDE]
    assert sorted(one.TotalPixelMatrixColumns for one in slides) == [256, 512, 1024]


def test_nothing_that_viewers_get_has_the_labels_text(seen: tuple[dict[str, Dataset], dict[str, Any]]) -> None:
    for one in seen[0].values():
        out = io.BytesIO()
        one.save_as(out, enforce_file_format=True)
        assert SECRET.encode() not in out.getvalue()
        assert not {"BarcodeValue", "LabelText"} & {element.keyword for element in one}


def test_a_report_on_the_label_goes_on_without_it_and_follows_the_base(
    seen: tuple[dict[str, Dataset], dict[str, Any]],
) -> None:
    said = seen[1][uid("withheld", "1.2.6")]["report"]
    assert [(one["rule"], one["problem"]) for one in said["findings"]] == [("R17", "dangling")]
    (copy,) = said["written"]
    names = {
        one.ReferencedSOPInstanceUID for one in seen[0][copy].ReferencedSeriesSequence[0].ReferencedInstanceSequence
    }
    base = next(one for one in seen[0].values() if one.get("TotalPixelMatrixColumns") == 1024)
    assert names == {uid("withheld", f"{SERIES}.9"), str(base.SOPInstanceUID)}


@pytest.mark.parametrize("series", DERIVED)
def test_what_is_made_from_tissue_is_shown_without_private_elements(
    seen: tuple[dict[str, Dataset], dict[str, Any]], series: str
) -> None:
    (copy,) = seen[1][uid("withheld", series)]["report"]["written"]
    mended = seen[1][uid("withheld", series)]["report"]["mended"]
    assert not [element for element in seen[0][copy] if element.tag.is_private]
    assert ("R13", "private") in {(one["rule"], one["problem"]) for one in mended}


def test_nothing_that_the_job_says_has_the_labels_text(seen: tuple[dict[str, Dataset], dict[str, Any]]) -> None:
    assert SECRET not in str(seen[1])
