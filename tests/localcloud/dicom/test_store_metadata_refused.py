"""JSON metadata and bulk data that cannot be stored: 400 for a request, 409 for an instance, each with its reason."""

from __future__ import annotations

import base64
import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localcloud.dicom.files.elements import VR
from localcloud.dicom.http import composed, described
from localcloud.errors import ApiError
from tests.localcloud.dicom.described import BASELINE, JSON_LITTLE, KIND, Part, body, image, path_of, reasons, send
from tests.localcloud.dicom.pictures import EXPLICIT, JPEG, OCTETS, jpeg
from tests.localcloud.dicom.support import JSON, Served, serving, uid

BIG = "1.2.840.10008.1.2.2"
PICTURE = ("jpeg-image", BASELINE, jpeg(100))
INLINE = {"vr": "UN", "InlineBinary": "AAAA"}
MALFORMED: dict[str, tuple[Any, tuple[Part, ...], str, str]] = {
    "no JSON": (b"{", (PICTURE,), JSON, "not JSON"),
    "no UTF-8": (b'[{"00100020":{"vr":"LO","Value":["\xe9"]}}]', (PICTURE,), JSON, "UTF-8"),
    "not a number": (b'[{"00480001":{"vr":"FL","Value":[NaN]}}]', (), JSON, "NaN is no JSON number"),
    "an endless number": (b"[" + b"9" * 10_000 + b"]", (), JSON, "not JSON"),
    "an object": (image(), (PICTURE,), JSON, "must be an array of objects"),
    "an array of arrays": ([[image()]], (PICTURE,), JSON, "must be an array of objects"),
    "nothing to store": ([], (), JSON, "the array is empty"),
    "nested 100,000 deep": (b"[" * 100_000, (), JSON, "nested too deep"),
    "a key twice": (b'[{"00100020":{"vr":"LO"},"00100020":{"vr":"LO"}}]', (), JSON, "a key twice"),
    "a picture first": (jpeg(100), (), BASELINE, "the first part must be the metadata"),
    "inline values in big endian": (
        [image()],
        (PICTURE,),
        f"{JSON}; transfer-syntax=1.2.840.10008.1.2.2",
        "not supported",
    ),
    "inline values in no stated syntax": ([image(t00091001=INLINE)], (PICTURE,), JSON, "must name the transfer-syntax"),
    "a URI twice": ([image(), image()], (PICTURE,), JSON, "'jpeg-image' is there more than once"),
    "a part twice": ([image()], (PICTURE, PICTURE), JSON, "two parts with Content-Location 'jpeg-image'"),
    "a part nobody named": ([image()], (PICTURE, ("other", BASELINE, b"")), JSON, "'other' is no BulkDataURI"),
    "a part without location": ([image()], (("", BASELINE, b""),), JSON, "'' is no BulkDataURI"),
    "a part of another type": ([image()], (("jpeg-image", "image/png", b""),), JSON, "'image/png' is not supported"),
    "a picture without syntax": (
        [image()],
        (("jpeg-image", "image/jpeg", b""),),
        JSON,
        "'image/jpeg' is not supported",
    ),
    "a file as a part": ([image()], (("jpeg-image", "application/dicom", b""),), JSON, "is not supported"),
    "octets in big endian": ([image()], (("jpeg-image", f"{OCTETS}; transfer-syntax={BIG}", b""),), JSON, "is not"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_request_is_400_and_stores_nothing(served: Served, name: str) -> None:
    metadata, parts, kind, words = MALFORMED[name]

    response = send(served, metadata, *parts, kind=kind)

    assert response.status_code == 400, response.text
    assert words in response.json()["error"]["message"]
    assert served.files() == []


def test_metadata_over_the_limit_are_400(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(described, "MAX_METADATA", 2000)

    response = send(served, [image(t00104000={"vr": "LT", "Value": ["x" * 2000]})], PICTURE)

    assert (response.status_code, served.files()) == (400, [])
    assert "larger than 2000 bytes" in response.json()["error"]["message"]


@pytest.mark.parametrize("kind", [JSON, JSON_LITTLE])
def test_metadata_alone_are_no_request(served: Served, kind: str) -> None:
    response = served.call(
        "POST", "studies", data=json.dumps([image()]), headers={"Content-Type": kind, "Accept": JSON}
    )

    assert response.status_code == 400
    assert "multipart/related" in response.json()["error"]["message"]


ONLY = {"vr": "UI", "Value": [EXPLICIT]}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no character set": (image(t00080005=None), "SpecificCharacterSet is missing"),
    "another character set": (image(t00080005={"vr": "CS", "Value": ["ISO_IR 100"]}), "'ISO_IR 100'"),
    "no transfer syntax": (image(t00020010=None), "TransferSyntaxUID is missing"),
    "no syntax at all": (image(t00020010={"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]}), "no transfer syntax"),
    "big endian": (image(t00020010={"vr": "UI", "Value": ["1.2.840.10008.1.2.2"]}), "Big Endian is not supported"),
    "deflated": (image(t00020010={"vr": "UI", "Value": ["1.2.840.10008.1.2.1.99"]}), "not supported"),
    "no study": (image(t0020000D=None), "StudyInstanceUID is missing"),
    "no identity": (image(t0020000D=None, t00080018=None), "StudyInstanceUID, SOPInstanceUID are missing"),
    "a path for a UID": (image(t00080018={"vr": "UI", "Value": ["../../1.2"]}), "is not a UID"),
    "no vr": (image(t00100020={"Value": ["x"]}), "00100020: has no valid vr"),
    "an unknown vr": (image(t00100020={"vr": "ZZ", "Value": ["x"]}), "00100020: has no valid vr ('ZZ')"),
    "no object": (image(t00100020="x"), "00100020: is not an object"),
    "no tag": (image(PatientID={"vr": "LO", "Value": ["x"]}), "PatientID: is not a tag"),
    "no array": (image(t00100020={"vr": "LO", "Value": "x"}), "00100020: its Value is not an array"),
    "two values": (image(t00100020={"vr": "LO", "Value": ["x"], "BulkDataURI": "y"}), "Value and BulkDataURI"),
    "a number for a text": (image(t00100020={"vr": "LO", "Value": [1]}), "must be a text"),
    "half a character": (image(t00100020={"vr": "LO", "Value": ["\ud800"]}), "half a surrogate pair"),
    "a text for a number": (
        image(t00280010={"vr": "US", "Value": ["8"]}),
        "00280010: a value of VR US must be a number",
    ),
    "a number too large": (image(t00280010={"vr": "US", "Value": [70_000]}), "70000 is no US"),
    "a number larger still": (image(t00480001={"vr": "FL", "Value": [1e39]}), "1e+39 is no FL"),
    "a decimal that is a fraction": (image(t00200013={"vr": "IS", "Value": [1.5]}), "1.5 is no whole number"),
    "a name as text": (image(t00100010={"vr": "PN", "Value": ["A^B"]}), "must be an object of Alphabetic"),
    "a tag that is none": (image(t00280009={"vr": "AT", "Value": ["x"]}), "eight hexadecimal digits"),
    "an item that is none": (image(t00480105={"vr": "SQ", "Value": ["x"]}), "item 0 is not an object"),
    "a value for bytes": (image(t00282000={"vr": "OB", "Value": [1]}), "must be InlineBinary or bulk data"),
    "a reference for a text": (image(t00100020={"vr": "LO", "BulkDataURI": "x"}), "only OB, OW, UN"),
    "a reference to nothing": (image(t7FE00010={"vr": "OB", "BulkDataURI": "elsewhere"}), "'elsewhere'"),
    "a reference to the web": (
        image(t7FE00010={"vr": "OB", "BulkDataURI": "http://127.0.0.1:1/x"}),
        "no part has the Content-Location 'http://127.0.0.1:1/x'",
    ),
    "a reference that is no text": (image(t7FE00010={"vr": "OB", "BulkDataURI": 7}), "BulkDataURI is not a text"),
    "two references": (
        image(t00282000={"vr": "OB", "BulkDataURI": "profile"}),
        "2 BulkDataURIs ((0028,2000), (7FE0,0010)); an instance can have one",
    ),
    "pixels inline": (image(t7FE00010={"vr": "OB", "InlineBinary": "AAAA"}), "must be sent as a bulk data part"),
    "no base64": (image(t00282000={"vr": "OB", "InlineBinary": "*"}), "not base64"),
    "a text inline": (image(t00100020={"vr": "LO", "InlineBinary": "AAAA"}), "has InlineBinary and VR LO"),
    "a command": (image(t00000110={"vr": "US", "Value": [1]}), "cannot be written"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_instance_is_409_with_its_reason_and_the_good_one_is_stored(served: Served, name: str) -> None:
    model, words = BAD[name]
    good = image(t7FE00010={"vr": "OB", "BulkDataURI": "good"})
    refers = "BulkDataURI" in model.get("7FE00010", {}) and model["7FE00010"]["BulkDataURI"] == "jpeg-image"

    parts = [("good", BASELINE, jpeg(100)), *[PICTURE] * refers]
    if name == "two references":
        parts.append(("profile", OCTETS, b"x"))
    response = send(served, [model, good], *parts, kind=JSON_LITTLE)

    assert response.status_code == 409, response.text
    (reason,) = reasons(response)
    assert words in reason
    (failed,) = response.json()["00081198"]["Value"]
    assert failed["00081197"]["Value"] == [0xC000]
    assert len(response.json()["00081199"]["Value"]) == 1
    assert served.get(path_of(good) + "/frames/1").status_code == 200
    assert len({file.stem for file in served.files()}) == 1


def test_every_problem_of_an_instance_is_named_at_once(served: Served) -> None:
    model = image(
        t00080005=None, t00020010=None, t00100020={"vr": "LO", "Value": [1]}, t00280010={"vr": "US", "Value": [-1]}
    )

    (reason,) = reasons(send(served, [model], PICTURE))

    for words in ("SpecificCharacterSet, TransferSyntaxUID are missing", "00100020: a value", "00280010: -1 is no US"):
        assert words in reason


WRONG_PARTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "another syntax": (
        image(),
        "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.70",
        f"its TransferSyntaxUID is {JPEG}",
    ),
    "octets for a picture": (image(), OCTETS, f"its TransferSyntaxUID is {JPEG}, its bulk data part is {OCTETS}"),
    "a picture for octets": (image(t00020010=ONLY), BASELINE, "its bulk data part is image/jpeg, which only"),
    "a picture for a profile": (
        image(t00282000={"vr": "OB", "BulkDataURI": "jpeg-image"}, t7FE00010=None),
        BASELINE,
        "its bulk data part is image/jpeg, which only",
    ),
    "one picture for many frames": (image(t00280008={"vr": "IS", "Value": [3]}), BASELINE, "it has 3 frames"),
}


@pytest.mark.parametrize("name", WRONG_PARTS)
def test_part_that_is_not_the_value_is_409(served: Served, name: str) -> None:
    model, kind, words = WRONG_PARTS[name]

    response = send(served, [model], ("jpeg-image", kind, jpeg(100)))

    assert response.status_code == 409, response.text
    assert words in reasons(response)[0]
    assert served.files() == []


def test_a_decimal_too_large_for_a_computer_is_409(served: Served) -> None:
    text = json.dumps([image(t00101030={"vr": "DS", "Value": [987654321]})]).replace("987654321", "1e999")

    response = send(served, text.encode(), PICTURE)

    assert response.status_code == 409
    assert "00101030: a value of VR DS must be a number" in reasons(response)[0]


def test_wrong_study_in_the_path_is_the_same_refusal_as_for_a_file(served: Served) -> None:
    response = send(served, [image()], PICTURE, path=f"studies/{uid()}")

    assert response.status_code == 409
    assert response.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA901]
    assert served.files() == []


def test_the_same_instance_again_already_exists(served: Served) -> None:
    model = image()
    assert send(served, [model], PICTURE).status_code == 200

    response = send(served, [model], ("jpeg-image", BASELINE, jpeg(7)))

    assert response.status_code == 409
    assert "already exists" in reasons(response)[0]
    assert len({file.stem for file in served.files()}) == 1


def test_value_longer_than_an_element_is_409(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(described, "UNDEFINED", 100)

    response = send(served, [image()], PICTURE)

    assert (response.status_code, served.files()) == (409, [])
    assert "longer than 99 bytes" in reasons(response)[0]


def test_request_that_does_not_arrive_whole_stores_nothing(served: Served) -> None:
    whole = body([image(t7FE00010=None), image()], PICTURE)

    for end in (len(whole) - 2, len(whole) - 40, 900):
        response = served.call("POST", "studies", data=whole[:end], headers={"Content-Type": KIND, "Accept": JSON})
        assert (response.status_code, served.files()) == (400, [])
    assert served.get("instances").status_code == 204


TAGS = st.sampled_from([*image(), "00480105", "00091001", "00000010", "FFFEE000", "x", "", "7fe00010"])
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(string.printable, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TAGS, inner, max_size=3),
    max_leaves=8,
)
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "vr": st.sampled_from([vr.decode() for vr in VR]) | JUNK,
        "Value": st.lists(JUNK, max_size=3) | JUNK,
        "InlineBinary": st.binary(max_size=9).map(lambda value: base64.b64encode(value).decode()) | JUNK,
        "BulkDataURI": st.sampled_from(["jpeg-image", "other"]) | JUNK,
    },
)
MODELS = st.dictionaries(TAGS, ATTRIBUTES | JUNK, max_size=6).map(lambda junk: {**image(), **junk})


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(MODELS, min_size=1, max_size=2))
def test_any_metadata_are_read_or_refused_in_words(models: list[dict[str, Any]]) -> None:
    try:
        found = composed.instances(json.dumps(models).encode(), inline_stated=True)
    except ApiError:
        return  # a URI that is there twice
    for one in found:
        assert one.problems or one.head[128:132] == b"DICM"
        assert all(problem.strip() for problem in one.problems)


def test_no_metadata_bring_the_store_down(tmp_path: Path) -> None:
    with serving(tmp_path) as served:

        @settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
        @given(MODELS)
        def ask(model: dict[str, Any]) -> None:
            assert send(served, [model], PICTURE, kind=JSON_LITTLE).status_code in (200, 400, 409)

        ask()
        assert served.get("instances").status_code in (200, 204)
