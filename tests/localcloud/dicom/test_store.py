"""STOW-RS: what is stored, what is answered, what is refused."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree

import pydicom
import pytest

from tests.localcloud.dicom.support import JSON, Served, encode, instance_path, multipart, serving, slide, uid

NATIVE_MODEL = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"


def failures(answer: dict[str, dict[str, list[dict[str, dict[str, list[object]]]]]]) -> list[tuple[object, str]]:
    return [(one["00081197"]["Value"][0], str(one["00091097"]["Value"][0])) for one in answer["00081198"]["Value"]]


def test_stores_every_part_and_refers_to_each(served: Served) -> None:
    study = uid()
    files = [slide(StudyInstanceUID=study) for _ in range(3)]

    response = served.store(*files)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == JSON
    answer = response.json()
    assert answer["00081190"]["Value"] == [f"{served.root}/studies/{study}"]
    referenced = answer["00081199"]["Value"]
    assert [one["00081155"]["Value"][0] for one in referenced] == [ds.SOPInstanceUID for ds in files]
    assert [one["00081190"]["Value"][0] for one in referenced] == [f"{served.root}/{instance_path(ds)}" for ds in files]
    assert "00081198" not in answer
    for ds in files:
        kept = served.get(instance_path(ds), "application/dicom; transfer-syntax=*")
        assert kept.content == encode(ds)


@pytest.mark.parametrize("accept", ["", "*/*", "application/dicom+xml"])
def test_answers_in_xml_unless_json_is_asked_for(served: Served, accept: str) -> None:
    response = served.store(slide(), accept=accept)

    assert response.headers["Content-Type"] == "application/dicom+xml"
    root = ElementTree.fromstring(response.content)
    assert root.tag == f"{NATIVE_MODEL}NativeDicomModel"
    keywords = [one.get("keyword") for one in root]
    assert keywords == ["RetrieveURL", "ReferencedSOPSequence"]


def test_xml_names_the_failure_in_googles_private_block(served: Served) -> None:
    response = served.store(b"garbage", accept="")

    assert response.status_code == 409
    root = ElementTree.fromstring(response.content)
    detail = root.find(f".//{NATIVE_MODEL}DicomAttribute[@tag='00090097']")
    assert detail is not None
    assert (detail.get("privateCreator"), detail.get("keyword")) == ("GOOGLE", "FailureDetail")


def test_takes_a_single_file_without_multipart(served: Served) -> None:
    ds = slide()

    headers = {"Content-Type": "application/dicom", "Accept": JSON}
    response = served.call("POST", "studies", data=encode(ds), headers=headers)

    assert response.status_code == 200
    assert served.get(instance_path(ds) + "/metadata").status_code == 200


@pytest.mark.parametrize(
    ("head", "foot", "kind"),
    [
        ("--B\r\n\r\n", "\r\n--B--\r\n", "multipart/related; boundary=B"),
        ("--B\r\n\r\n", "\r\n--B--", 'multipart/related; type=application/dicom; boundary="B"'),
        (
            "a preamble\r\n--B\r\nContent-type:application/dicom\r\n\r\n",
            "\r\n--B--\r\nan epilogue",
            "multipart/related; boundary=B",
        ),
        (
            "\r\n--B\r\nCONTENT-TYPE: application/dicom; transfer-syntax=1.2.840.10008.1.2.1\r\nX-A: b\r\n\r\n",
            "\r\n--B--",
            'Multipart/Related; Type="application/dicom"; Boundary=B',
        ),
        (
            "--B \t\r\nContent-Type: application/dicom\r\n\r\n",
            "\r\n--B-- \r\n",
            "multipart/related;boundary=B;type=application/dicom",
        ),
        ("--B\nContent-Type: application/dicom\n\n", "\n--B--\n", "multipart/related; boundary=B"),
    ],
    ids=["no headers", "no type of part", "preamble", "cases", "padding", "line feeds"],
)
def test_takes_multipart_as_clients_write_it(served: Served, head: str, foot: str, kind: str) -> None:
    ds = slide()
    body = head.encode() + encode(ds) + foot.encode()

    response = served.call("POST", "studies", data=body, headers={"Content-Type": kind, "Accept": JSON})

    assert response.status_code == 200, response.text
    assert served.get(instance_path(ds), "application/dicom; transfer-syntax=*").content == encode(ds)


def test_second_copy_is_refused_and_the_first_stays(served: Served) -> None:
    ds = slide()
    served.store(ds)

    response = served.store(ds)

    assert response.status_code == 409
    ((reason, detail),) = failures(response.json())
    assert reason == 272
    assert "already exists" in detail
    assert served.get(instance_path(ds), "application/dicom; transfer-syntax=*").content == encode(ds)
    assert len({path.stem for path in served.files()}) == 1


def test_the_same_instance_twice_in_one_request_is_stored_once(served: Served) -> None:
    ds = slide()

    response = served.store(ds, ds)

    assert response.status_code == 409
    assert len(response.json()["00081199"]["Value"]) == 1
    assert "already exists" in failures(response.json())[0][1]


def test_identical_copies_pass_when_the_store_is_set_so(tmp_path: Path) -> None:
    with serving(tmp_path, duplicates="accept_identical") as served:
        ds = slide()
        served.store(ds)
        rewritten = pydicom.dcmread(io.BytesIO(encode(ds)))
        rewritten.file_meta.ImplementationVersionName = "OTHER"
        changed = pydicom.dcmread(io.BytesIO(encode(ds)))
        changed.PatientID = "OTHER"

        assert served.store(ds).status_code == 200
        assert served.store(rewritten).status_code == 200, "group 2 is not the instance"
        refused = served.store(changed)
        assert refused.status_code == 409
        assert "already exists" in failures(refused.json())[0][1]
        assert len({path.stem for path in served.files()}) == 1


def test_good_parts_are_stored_beside_bad_ones(served: Served) -> None:
    good = slide()

    response = served.store(b"not dicom", good)

    assert response.status_code == 409
    answer = response.json()
    assert answer["00081199"]["Value"][0]["00081155"]["Value"] == [good.SOPInstanceUID]
    assert failures(answer)[0][0] == 0xC000
    assert served.get(instance_path(good) + "/metadata").status_code == 200


def test_unacceptable_answer_is_refused_before_anything_is_stored(served: Served) -> None:
    response = served.store(slide(), accept="text/html")

    assert response.status_code == 406
    assert served.files() == []


def test_a_body_larger_than_other_requests_may_be_is_streamed(served: Served) -> None:
    ds = slide(frames=30, side=1024, samples=1)  # 30 MiB, three times the limit of other requests

    body, kind = multipart([encode(ds)])
    pieces = (body[at : at + 777_777] for at in range(0, len(body), 777_777))
    response = served.call("POST", "studies", data=pieces, headers={"Content-Type": kind, "Accept": JSON})

    assert response.status_code == 200
    assert served.get(instance_path(ds), "application/dicom; transfer-syntax=*").content == encode(ds)
