"""QIDO-RS: matching, paging and attributes within Google's limits, and the queries that SLIM sends."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from pydicom.dataset import Dataset

from localcloud.dicom.store.index import Index
from localcloud.dicom.store.query import Query, parse
from localcloud.dicom.store.search import statement
from tests.localcloud.dicom.support import JSON, Served, slide, uid


@pytest.fixture
def studies(served: Served) -> list[list[Dataset]]:
    """Three studies: two slides in two series, one with a CT series beside its slide, one report."""
    first, second, third = uid(), uid(), uid()
    names = {
        first: ("SMITH^ANNA MARIA", "P1", "20260101", "ACC1", "HOUSE^G"),
        second: ("Smythe^Bob", "P2", "20260215", "ACC2", "WATSON^J"),
        third: ("ÅKERSTRÖM^C=山田^太郎", "P1", "20260331", "", ""),
    }

    def make(study: str, modality: str, number: int) -> Dataset:
        name, patient, date, accession, physician = names[study]
        ds = slide(frames=1, side=2, StudyInstanceUID=study, Modality=modality, InstanceNumber=number)
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds.PatientName, ds.PatientID, ds.StudyDate = name, patient, date
        ds.AccessionNumber, ds.ReferringPhysicianName = accession, physician
        ds.SeriesDescription, ds.StudyDescription = f"series {number}", "a study"
        return ds

    made = [
        [make(first, "SM", 1), make(first, "SM", 2)],
        [make(second, "SM", 1), make(second, "CT", 2)],
        [make(third, "SR", 1)],
    ]
    assert served.store(*[ds for study in made for ds in study]).status_code == 200
    return made


def found(response: Any, tag: str = "0020000D") -> list[str]:
    if response.status_code == 204:
        assert response.content == b""
        return []
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == JSON
    return [one[tag]["Value"][0] for one in response.json()]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2]),
        ("PatientID=P1", [0, 2]),
        ("00100020=P2", [1]),
        ("PatientID=p1", []),
        ("PatientID=P*", []),
        ("PatientID=", [0, 1, 2]),
        ("PatientName=SMITH%5EANNA%20MARIA", [0]),
        ("PatientName=SMITH", []),
        ("PatientName=smith&fuzzymatching=true", [0]),
        ("PatientName=smi&fuzzymatching=true", [0]),
        ("PatientName=sm&fuzzymatching=true", [0, 1]),
        ("PatientName=mar%20an&fuzzymatching=true", [0]),
        ("PatientName=bob%20nobody&fuzzymatching=true", [1]),
        ("PatientName=bob%20anna&fuzzymatching=true", [0, 1]),
        ("PatientName=%E5%B1%B1&fuzzymatching=true", [2]),
        ("PatientName=%5E&fuzzymatching=true", [0, 1, 2]),
        ("PatientName=ith&fuzzymatching=true", []),
        ("PatientName=%C3%A5ker&fuzzymatching=true", [2]),
        ("AccessionNumber=ACC2", [1]),
        ("ReferringPhysicianName=HOUSE%5EG", [0]),
        ("StudyDate=20260215", [1]),
        ("StudyDate=20260101-20260215", [0, 1]),
        ("StudyDate=20260102-", [1, 2]),
        ("StudyDate=-20260101", [0]),
        ("ModalitiesInStudy=SM", [0, 1]),
        ("ModalitiesInStudy=CT", [1]),
        ("ModalitiesInStudy=MR", []),
        ("PatientID=P1&StudyDate=20260301-", [2]),
        ("limit=2", [0, 1]),
        ("limit=2&offset=2", [2]),
        ("offset=3", []),
        ("limit=0", []),
        ("limit=99999999", [0, 1, 2]),
        ("patientid=P2", [1]),
        ("alt=json&prettyPrint=false&$.xgafv=2&key=k&fields=*&quotaUser=q&PatientID=P2", [1]),
    ],
)
def test_studies_that_match(served: Served, studies: list[list[Dataset]], query: str, expected: list[int]) -> None:
    response = served.get(f"studies?{query}")

    assert found(response) == [studies[n][0].StudyInstanceUID for n in expected]


@pytest.mark.parametrize(
    "query",
    [
        "SOPClassUID=1.2.840.10008.5.1.4.1.1.77.1.6",
        "SOPClassesInStudy=1.2",
        "Modality=SM",
        "SeriesInstanceUID=1.2",
        "StudyTime=10",
        "nonsense=1",
        "limit=-1",
        "limit=x",
        "offset=x",
        "offset=1000001",
        "fuzzymatching=yes",
        "StudyDate=2026",
        "StudyDate=yesterday",
        "StudyDate=-",
        "PatientID=P1&PatientID=P2",
        "PatientID=P1&00100020=P2",
        "includefield=nonsense",
        "includefield=AvailableTransferSyntaxUID",
        "includefield=00083002",
    ],
)
def test_what_google_does_not_match_is_a_400_naming_it(served: Served, studies: Any, query: str) -> None:
    response = served.get(f"studies?{query}")

    assert response.status_code == 400
    error = response.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    name = query.split("&")[-1].split("=")[0]
    named = {"includefield": query.split("=")[1], "00100020": "PatientID"}.get(name, name)
    assert named in error["message"] or "AvailableTransferSyntaxUID" in error["message"]


@pytest.mark.parametrize("level", ["series", "instances"])
@pytest.mark.parametrize("query", ["ModalitiesInStudy=SM", "SOPClassUID=1.2", "SeriesDescription=x"])
def test_deeper_levels_refuse_too(served: Served, studies: Any, level: str, query: str) -> None:
    assert served.get(f"{level}?{query}").status_code == 400


def test_series_and_instances_by_path_and_by_attribute(served: Served, studies: list[list[Dataset]]) -> None:
    (a, b), (c, d), (e,) = studies
    study, series = f"studies/{c.StudyInstanceUID}", "0020000E"

    assert found(served.get(f"{study}/series"), series) == [c.SeriesInstanceUID, d.SeriesInstanceUID]
    assert found(served.get(f"{study}/series?Modality=CT"), series) == [d.SeriesInstanceUID]
    assert found(served.get("series?Modality=SM"), series) == [one.SeriesInstanceUID for one in (a, b, c)]
    assert found(served.get("series?PatientID=P1"), series) == [one.SeriesInstanceUID for one in (a, b, e)]
    instances = "00080018"
    assert found(served.get(f"{study}/instances"), instances) == [c.SOPInstanceUID, d.SOPInstanceUID]
    assert found(served.get(f"{study}/series/{d.SeriesInstanceUID}/instances"), instances) == [d.SOPInstanceUID]
    assert found(served.get(f"instances?SOPInstanceUID={b.SOPInstanceUID}"), instances) == [b.SOPInstanceUID]
    assert found(served.get("instances?Modality=SR"), instances) == [e.SOPInstanceUID]
    assert found(served.get("instances?PatientName=smi&fuzzymatching=true&Modality=SM"), instances) == [
        a.SOPInstanceUID,
        b.SOPInstanceUID,
    ]
    assert found(served.get("studies/1.2.3/series"), series) == []


def test_slims_own_queries_verbatim(served: Served, studies: list[list[Dataset]]) -> None:
    """The worklist's and the slide page's (research of SLIM, 3.1)."""
    first = studies[0][0].StudyInstanceUID

    assert len(found(served.get("studies?ModalitiesInStudy=SM"))) == 2
    worklist = served.get("studies?ModalitiesInStudy=SM&includefield=NumberOfStudyRelatedSeries").json()
    assert [one["00201206"]["Value"] for one in worklist] == [[2], [2]]
    for tag in ("00100010", "00100020", "00080020", "00080050", "00200010", "00080090"):
        assert tag in worklist[0], tag
    assert len(served.get(f"studies/{first}/series").json()) == 2
    assert len(served.get(f"series?Modality=SM&StudyInstanceUID={first}").json()) == 2
    assert served.get("studies?SOPClassUID=1.2.840.10008.5.1.4.1.1.77.1.6").status_code == 400
    assert served.get(f"instances?StudyInstanceUID={first}&Modality=SM").status_code == 200
    for ds in studies[0]:
        assert served.get(f"studies/{first}/series/{ds.SeriesInstanceUID}/metadata").status_code == 200


def test_each_level_has_its_attributes(served: Served, studies: list[list[Dataset]]) -> None:
    (a, _), (c, d), _ = studies
    (study,) = served.get(f"studies?StudyInstanceUID={c.StudyInstanceUID}").json()
    assert sorted(study["00080061"]["Value"]) == ["CT", "SM"]
    assert (study["00201206"]["Value"], study["00201208"]["Value"]) == ([2], [2])
    assert study["00081190"]["Value"] == [f"{served.root}/studies/{c.StudyInstanceUID}"]
    assert study["00100010"]["Value"] == [{"Alphabetic": "Smythe^Bob"}]
    assert "00081030" not in study, "StudyDescription has to be asked for"

    (series,) = served.get(f"studies/{c.StudyInstanceUID}/series?Modality=CT").json()
    assert series["00201209"]["Value"] == [1]
    assert series["0008103E"]["Value"] == ["series 2"]
    assert "00100020" not in series, "the study is in the path"
    (free,) = served.get(f"series?SeriesInstanceUID={d.SeriesInstanceUID}").json()
    assert free["00100020"]["Value"] == ["P2"]

    (instance,) = served.get(f"instances?SOPInstanceUID={a.SOPInstanceUID}").json()
    assert (instance["00280010"]["Value"], instance["00280100"]["Value"]) == ([2], [8])
    assert instance["00100020"]["Value"] == ["P1"]
    assert instance["00080060"]["Value"] == ["SM"]
    assert "00083002" not in instance
    assert list(instance) == sorted(instance)


def test_includefield_by_keyword_tag_list_and_all(served: Served, studies: list[list[Dataset]]) -> None:
    for field in (
        "StudyDescription",
        "00081030",
        "PatientAge,StudyDescription",
        "StudyDescription&includefield=PatientAge",
    ):
        assert served.get(f"studies?includefield={field}").json()[0]["00081030"]["Value"] == ["a study"], field
    assert "00081030" in served.get("studies?includefield=all").json()[0]
    everything = served.get("instances?includefield=all").json()[0]
    assert everything["7FE00010"]["BulkDataURI"].startswith(f"{served.root}/studies/")
    assert everything["0008103E"]["Value"] == ["series 1"]


def test_includefield_reaches_large_attributes(served: Served) -> None:
    ds = slide(frames=1, side=2)
    ds.ImageComments = "x" * 5000
    served.store(ds)

    (instance,) = served.get("instances?includefield=ImageComments").json()

    assert instance["00204000"]["Value"] == ["x" * 5000]


def test_results_in_xml_are_one_part_each(served: Served, studies: list[list[Dataset]]) -> None:
    response = served.get("studies", 'multipart/related; type="application/dicom+xml"')

    assert response.status_code == 200
    boundary = re.search(r"boundary=(\w+)", response.headers["Content-Type"])
    assert boundary
    parts = response.content.split(b"--" + boundary[1].encode())[1:-1]
    names = []
    for part in parts:
        root = ElementTree.fromstring(part.partition(b"\r\n\r\n")[2])
        space = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
        person = root.find(f"./{space}DicomAttribute[@keyword='PatientName']/{space}PersonName/{space}Alphabetic")
        assert person is not None
        names.append(person.findtext(f"{space}FamilyName"))
    assert names == ["SMITH", "Smythe", "ÅKERSTRÖM"]


def test_unacceptable_form_of_results_is_406(served: Served, studies: Any) -> None:
    assert served.get("studies", "text/html").status_code == 406


def test_defaults_and_maxima_of_limit() -> None:
    for level, default, maximum in (("study", 100, 5000), ("series", 100, 5000), ("instance", 1000, 50000)):
        assert parse(level, []).limit == default
        assert parse(level, [("limit", "1000000")]).limit == maximum


@pytest.mark.parametrize(
    ("level", "match"),
    [
        ("study", {}),
        ("study", {"PatientID": "P"}),
        ("study", {"ModalitiesInStudy": "SM"}),
        ("series", {}),
        ("series", {"Modality": "SM"}),
        ("series", {"Modality": "SM", "StudyInstanceUID": "1.2"}),
        ("instance", {}),
        ("instance", {"Modality": "SM"}),
        ("instance", {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.3"}),
    ],
    ids=str,
)
def test_a_page_is_found_without_sorting_or_reading_everything(
    tmp_path: Any, level: Any, match: dict[str, str]
) -> None:
    """SQLite's own plan: no sort, and no scan of a table but in the order of the results."""
    index = Index(tmp_path / "index.sqlite")
    sql, values = statement(Query(level, match=match, limit=10))

    plan = [row["detail"] for row in index.query(f"EXPLAIN QUERY PLAN {sql}", values)]

    assert not [step for step in plan if "TEMP B-TREE" in step], plan
    scans = [step for step in plan if step.startswith("SCAN")]
    assert len(scans) <= (0 if match else 1), plan
    index.close()


def test_a_query_for_another_study_than_the_path_is_refused(served: Served, studies: list[list[Dataset]]) -> None:
    first, second = (study[0].StudyInstanceUID for study in studies[:2])

    refused = served.get(f"studies/{first}/series?StudyInstanceUID={second}")

    assert (refused.status_code, str(second) in refused.json()["error"]["message"]) == (400, True)
    assert served.get(f"studies/{first}/series?StudyInstanceUID={first}").status_code == 200


def test_the_transfer_syntax_is_told_where_it_is_asked_for(served: Served, studies: list[list[Dataset]]) -> None:
    """EZ-WSI, Google's own pathology client, asks so."""
    study = studies[0][0].StudyInstanceUID
    (first, *_) = served.get(f"studies/{study}/instances?includefield=00020010").json()
    assert first["00020010"] == {"vr": "UI", "Value": [str(studies[0][0].file_meta.TransferSyntaxUID)]}
    assert "00020010" not in served.get(f"studies/{study}/instances").json()[0]


def test_a_filter_that_is_no_filter_is_refused_in_words_that_clients_know(served: Served) -> None:
    """wsidicom asks again without the filter when it finds these words of Google's."""
    answer = served.get("instances?SOPClassUID=1.2.3")
    assert answer.status_code == 400
    assert "SOPClassUID is not a supported instance" in answer.text
    assert "unknown/unsupported QIDO attribute: Nothing" in served.get("instances?Nothing=1").text
