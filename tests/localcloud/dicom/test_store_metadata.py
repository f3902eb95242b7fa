"""STOW-RS of JSON metadata and bulk data: what is made of them (Google's statement, "JSON metadata and bulk data")."""

from __future__ import annotations

import base64
import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image

from tests.localcloud.dicom.described import BASELINE, JSON_LITTLE, KIND, body, image, path_of, send
from tests.localcloud.dicom.pictures import EXPLICIT, JPEG, OCTETS, jpeg
from tests.localcloud.dicom.support import JSON, Served, uid


def stored(served: Served, model: dict[str, Any]) -> pydicom.FileDataset:
    """The file as stored."""
    response = served.get(path_of(model), "application/dicom; transfer-syntax=*")
    assert response.status_code == 200, response.text
    return pydicom.dcmread(io.BytesIO(response.content))


def native(pixels: np.ndarray[Any, Any], uri: str = "pixels", **attributes: Any) -> dict[str, Any]:
    """Metadata of native grey frames."""
    bits = pixels.dtype.itemsize * 8
    return image(
        t00020010={"vr": "UI", "Value": [EXPLICIT]},
        t00280008={"vr": "IS", "Value": [len(pixels)]},
        t00280010={"vr": "US", "Value": [pixels.shape[1]]},
        t00280011={"vr": "US", "Value": [pixels.shape[2]]},
        t00280100={"vr": "US", "Value": [bits]},
        t00280101={"vr": "US", "Value": [bits]},
        t00280102={"vr": "US", "Value": [bits - 1]},
        t7FE00010={"vr": "OW" if bits > 8 else "OB", "BulkDataURI": uri},
        **attributes,
    )


def test_metadata_and_a_jpeg_become_an_instance(served: Served) -> None:
    model, picture = image(), jpeg(100)

    response = send(served, [model], ("jpeg-image", BASELINE, picture))

    assert response.status_code == 200, response.text
    (referenced,) = response.json()["00081199"]["Value"]
    assert referenced["00081190"]["Value"] == [f"{served.root}/{path_of(model)}"]
    frame = served.get(path_of(model) + "/frames/1", f"image/jpeg; transfer-syntax={JPEG}")
    assert frame.content.rstrip(b"\0") == picture.rstrip(b"\0")
    decoded = served.get(path_of(model) + "/frames/1", OCTETS)
    assert decoded.content == np.asarray(Image.open(io.BytesIO(picture))).tobytes()
    assert served.get(path_of(model) + "/rendered").status_code == 200
    file = stored(served, model)
    assert file.file_meta.TransferSyntaxUID == JPEG
    assert file.file_meta.MediaStorageSOPInstanceUID == file.SOPInstanceUID == model["00080018"]["Value"][0]
    (metadata,) = served.get(path_of(model) + "/metadata").json()
    wanted = {tag: attribute for tag, attribute in model.items() if not tag.startswith(("0002", "7FE0"))}
    assert {tag: metadata[tag] for tag in wanted} == wanted
    assert len(served.get(f"instances?SOPInstanceUID={model['00080018']['Value'][0]}").json()) == 1


@pytest.mark.parametrize("syntax", [EXPLICIT, "1.2.840.10008.1.2"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_native_frames_come_as_octets(served: Served, syntax: str, kind: Any) -> None:
    pixels = np.arange(3 * 5 * 7).reshape(3, 5, 7).astype(kind)
    model = native(pixels) | {"00020010": {"vr": "UI", "Value": [syntax]}}

    assert send(served, [model], ("pixels", OCTETS, pixels.tobytes())).status_code == 200

    assert served.get(path_of(model) + "/frames/2", OCTETS).content == pixels[1].tobytes()
    file = stored(served, model)
    assert file.file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(file.pixel_array, pixels)


def test_several_instances_and_their_values_in_any_order(served: Served) -> None:
    study = {"vr": "UI", "Value": [uid()]}
    shades = [10, 90, 170]
    models = [image(t0020000D=study, t7FE00010={"vr": "OB", "BulkDataURI": f"image {n}"}) for n in shades]
    report = image(t0020000D=study, t7FE00010=None)
    parts = [(f"image {n}", BASELINE, jpeg(n)) for n in reversed(shades)]

    response = send(served, [*models, report], *parts, path=f"studies/{study['Value'][0]}")

    assert response.status_code == 200, response.text
    assert len(response.json()["00081199"]["Value"]) == 4
    for shade, model in zip(shades, models, strict=True):
        assert abs(int(stored(served, model).pixel_array[0, 0]) - shade) < 3
    assert "PixelData" not in stored(served, report)


def test_values_of_every_kind_are_those_of_the_metadata(served: Served) -> None:
    profile = base64.b64encode(bytes(range(64))).decode()
    item = {"00282000": {"vr": "OB", "InlineBinary": profile}, "00480106": {"vr": "SH", "Value": ["1"]}}
    name = {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}
    values = {
        "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "VOLUME", "NONE"]},
        "00090010": {"vr": "LO", "Value": ["MAKER"]},
        "00091001": {"vr": "UN", "InlineBinary": base64.b64encode(b"four").decode()},
        "00100010": {"vr": "PN", "Value": [name]},
        "00100030": {"vr": "DA"},
        "00101030": {"vr": "DS", "Value": [71.5]},
        "00200013": {"vr": "IS", "Value": [7]},
        "00280009": {"vr": "AT", "Value": ["00181063"]},
        "00282112": {"vr": "DS", "Value": [1.5, 2]},
        "00480001": {"vr": "FL", "Value": [15.5]},
        "00480105": {"vr": "SQ", "Value": [item]},
        "00480200": {"vr": "SQ"},
        "0066002F": {"vr": "SQ", "Value": [{}]},
    }
    model = image(t7FE00010=None) | values

    response = send(served, [model], kind=JSON_LITTLE)

    assert response.status_code == 200, response.text
    (metadata,) = served.get(path_of(model) + "/metadata").json()
    uris = metadata["00091001"]["BulkDataURI"], metadata["00480105"]["Value"][0]["00282000"]["BulkDataURI"]
    assert [served.get(uri, OCTETS).content for uri in uris] == [b"four", bytes(range(64))]
    expected = {**values, "00091001": {"vr": "UN", "BulkDataURI": uris[0]}}
    expected["00480105"] = {"vr": "SQ", "Value": [{**item, "00282000": {"vr": "OB", "BulkDataURI": uris[1]}}]}
    assert {tag: metadata[tag] for tag in values} == expected
    assert stored(served, model).PatientName == "Yamada^Tarou=山田^太郎=やまだ^たろう"


def test_a_value_of_a_nested_attribute_can_come_as_bulk_data(served: Served) -> None:
    optical = {"00282000": {"vr": "OB", "BulkDataURI": "profile"}, "00480106": {"vr": "SH", "Value": ["1"]}}
    model = image(t00480105={"vr": "SQ", "Value": [{}, optical]}, t7FE00010=None)

    assert send(served, [model], ("profile", OCTETS, b"colours")).status_code == 200

    items = stored(served, model).OpticalPathSequence
    assert (items[1].ICCProfile, items[1].OpticalPathIdentifier) == (b"colours\0", "1")


def test_an_annotation_with_inline_coordinates_is_stored(served: Served) -> None:
    """What Google's own pathology viewer sends: no bulk data, single-precision points in a sequence."""
    points = np.array([1.5, 2.5, 3.5, 4.5], "<f4").tobytes()
    group = {
        "0040A180": {"vr": "US", "Value": [1]},
        "00660016": {"vr": "OF", "InlineBinary": base64.b64encode(points).decode()},
        "00700023": {"vr": "CS", "Value": ["POINT"]},
    }
    plain = {"vr": "UI", "Value": [EXPLICIT]}
    model = image(t00020010=plain, t006A0002={"vr": "SQ", "Value": [group]}, t7FE00010=None)

    assert send(served, [model], kind=JSON_LITTLE).status_code == 200

    assert stored(served, model).AnnotationGroupSequence[0].PointCoordinatesData == points


def test_a_large_value_never_is_in_memory(served: Served) -> None:
    block, count = bytes(range(256)) * 4096, 32
    pixels = np.zeros((count, 1024, 1024), np.uint8)
    whole = body([native(pixels)], ("pixels", OCTETS, b"?"))
    start, end = whole.split(b"?")

    def pieces() -> Iterator[bytes]:
        yield start
        for _ in range(count):
            yield block
        yield end

    tracemalloc.start()
    try:
        response = served.call("POST", "studies", data=pieces(), headers={"Content-Type": KIND, "Accept": JSON})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert response.status_code == 200, response.text
    assert peak < 8 * len(block)
