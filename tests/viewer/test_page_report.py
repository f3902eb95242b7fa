"""What the page stores for a drawing: a DICOM file that others can read, and that it reads again itself."""

from __future__ import annotations

import io
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

from smoke_tests.slide import make
from tests.viewer.page_module import Thrown, call

PLACE = "2.25.9"
REGION: dict[str, Any] = {
    "uid": "2.25.8",
    "finding": {"value": "108369006", "schemeDesignator": "SCT", "meaning": "Neoplasm"},
    "type": "POLYGON",
    "points": [[20.5, 40.25, 0], [20.5, 41.0, 0], [21.0, 41.0, 0], [20.5, 40.25, 0]],
    "place": PLACE,
}
POINT: dict[str, Any] = {**REGION, "uid": "2.25.7", "type": "POINT", "points": [[20.001, 40.002, 0]]}
OBSERVER = {"name": "Åse Reader", "email": "reader@example.org"}
"""Of odd length in UTF-8, with a letter outside of ASCII."""


def image() -> tuple[Dataset, dict[str, Any]]:
    base = pydicom.dcmread(io.BytesIO(make("report", size=512)[0].data), stop_before_pixels=True)
    return base, base.to_json_dict()


def report(*regions: dict[str, Any]) -> dict[str, Any]:
    return call(
        "../../../tests/viewer/report_of.js", "reportAt", image()[1], list(regions), OBSERVER, 1_800_000_000_000
    )


def written(dataset: dict[str, Any]) -> Dataset:
    content = call("part10.js", "part10", dataset)
    return pydicom.dcmread(io.BytesIO(bytes(content.values())))


def named(item: Dataset, code: str) -> list[Dataset]:
    return [one for one in item.ContentSequence if one.ConceptNameCodeSequence[0].CodeValue == code]


def groups(item: Dataset) -> list[Dataset]:
    (measured,) = named(item, "126010")
    return named(measured, "125007")


def test_the_file_says_what_was_drawn_where_and_by_whom() -> None:
    base, _ = image()

    read = written(report(REGION, POINT))

    assert read.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    assert read.SOPClassUID == read.file_meta.MediaStorageSOPClassUID == "1.2.840.10008.5.1.4.1.1.88.34"
    assert (read.PatientID, read.StudyInstanceUID) == (base.PatientID, base.StudyInstanceUID)
    assert read.SeriesInstanceUID not in ("", base.SeriesInstanceUID)
    assert str(named(read, "121008")[0].PersonName) == OBSERVER["name"]
    outline, point = (named(one, "111030")[0] for one in groups(read))
    assert list(outline.GraphicData) == [number for point in REGION["points"] for number in point]
    assert (outline.GraphicType, outline.ReferencedFrameOfReferenceUID) == ("POLYGON", PLACE)
    assert list(point.GraphicData) == pytest.approx(POINT["points"][0], abs=1e-5)
    finding = named(groups(read)[0], "121071")[0].ConceptCodeSequence[0]
    assert (finding.CodeValue, finding.CodingSchemeDesignator, finding.CodeMeaning) == ("108369006", "SCT", "Neoplasm")


def test_slim_takes_the_report_for_one_of_its_own() -> None:
    """What its source asks of a report: TID 1500, a specimen as subject, and a group's finding, region and UID."""
    base, _ = image()

    read = written(report(REGION))

    assert read.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert named(read, "121024")[0].ConceptCodeSequence[0].CodeValue == "121027"
    (specimen,) = base.SpecimenDescriptionSequence
    assert specimen.SpecimenUID == named(read, "121039")[0].UID
    assert specimen.SpecimenIdentifier == named(read, "121041")[0].TextValue
    assert named(read, "111700")[0].TextValue == base.ContainerIdentifier
    assert named(read, "121012")[0].UID
    (group,) = groups(read)
    assert group.ContentTemplateSequence[0].TemplateIdentifier == "1410"
    assert REGION["uid"] == named(group, "112040")[0].UID


def test_the_report_refers_to_the_image_that_was_drawn_on() -> None:
    base, _ = image()

    (evidence,) = written(report(REGION)).CurrentRequestedProcedureEvidenceSequence

    assert evidence.StudyInstanceUID == base.StudyInstanceUID
    (series,) = evidence.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == base.SeriesInstanceUID
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == base.SOPInstanceUID


def test_what_was_written_is_read_again() -> None:
    read = call("report.js", "regionsOf", written(report(REGION, POINT)).to_json_dict())

    assert read[0] == REGION
    assert read[1] == {**POINT, "points": [pytest.approx(POINT["points"][0], abs=1e-5)]}


def test_a_region_whose_coordinates_the_store_leaves_out_is_left_out() -> None:
    dataset = written(report(REGION, POINT))
    del named(groups(dataset)[0], "111030")[0].GraphicData

    assert [one["uid"] for one in call("report.js", "regionsOf", dataset.to_json_dict())] == [POINT["uid"]]


def test_a_report_of_another_kind_draws_nothing() -> None:
    assert call("report.js", "regionsOf", {"00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.88.33"]}}) == []


def test_what_cannot_be_written_rightly_is_not_written() -> None:
    own = {"00080016": {"vr": "UI", "Value": ["1.2"]}, "00080018": {"vr": "UI", "Value": ["1.3"]}}

    with pytest.raises(Thrown, match="VR AT cannot be written"):
        call("part10.js", "part10", {**own, "00280009": {"vr": "AT", "Value": ["00181063"]}})
    with pytest.raises(Thrown, match="00700022 has 80000 bytes: more than VR FL can hold"):
        call("part10.js", "part10", {**own, "00700022": {"vr": "FL", "Value": [0.5] * 20_000}})
