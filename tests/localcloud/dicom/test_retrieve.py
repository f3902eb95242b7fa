"""WADO-RS: files and bulk data, in the forms that clients ask for."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.localcloud.dicom.pictures import EXPLICIT, JPEG, OCTETS, jpeg_slide, parts_of
from tests.localcloud.dicom.support import Served, encapsulated, encode, instance_path, slide, uid


@pytest.mark.parametrize("depth", ["study", "series", "instance"])
def test_files_come_back_byte_for_byte_as_stored(served: Served, depth: str) -> None:
    study, series = uid(), uid()
    files = [jpeg_slide()[0] for _ in range(3)]
    for ds in files:
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    served.store(*files)
    path = {
        "study": f"studies/{study}",
        "series": f"studies/{study}/series/{series}",
        "instance": instance_path(files[0]),
    }
    wanted = files[:1] if depth == "instance" else files

    response = served.get(path[depth], 'multipart/related; type="application/dicom"; transfer-syntax=*')

    assert response.status_code == 200
    assert 'type="application/dicom"' in response.headers["Content-Type"]
    parts = parts_of(response)
    assert [body for _, body in parts] == [encode(ds) for ds in wanted]
    assert parts[0][0]["content-type"] == f"application/dicom; transfer-syntax={JPEG}"
    assert int(response.headers["Content-Length"]) == len(response.content)


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", 'multipart/related; type="application/dicom"', f"application/dicom; transfer-syntax={EXPLICIT}"],
)
def test_default_is_explicit_little_endian(served: Served, tiles: tuple[str, list[bytes]], accept: str) -> None:
    response = served.get(tiles[0], accept)

    assert response.status_code == 200
    single = accept.startswith("application/dicom")
    file = response.content if single else parts_of(response)[0][1]
    ds = pydicom.dcmread(io.BytesIO(file))
    assert ds.file_meta.TransferSyntaxUID == EXPLICIT
    expected = np.stack([np.asarray(Image.open(io.BytesIO(tile))) for tile in tiles[1]])
    assert np.array_equal(ds.pixel_array, expected)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", EXPLICIT])
def test_native_files_come_in_either_little_endian_syntax(served: Served, syntax: str, bits: int) -> None:
    ds = slide(frames=2, side=4, samples=1)
    ds.BitsAllocated = ds.BitsStored = bits
    ds.PixelData = bytes(range(2 * 16 * bits // 8))
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if syntax == EXPLICIT else ExplicitVRLittleEndian
    served.store(ds)

    response = served.get(instance_path(ds), f"application/dicom; transfer-syntax={syntax}")

    assert response.headers["Content-Type"] == f"application/dicom; transfer-syntax={syntax}"
    assert int(response.headers["Content-Length"]) == len(response.content)
    file = pydicom.dcmread(io.BytesIO(response.content))
    assert (file.file_meta.TransferSyntaxUID, file.PixelData, file.PatientName) == (
        syntax,
        ds.PixelData,
        ds.PatientName,
    )


def test_compressed_files_come_in_implicit_little_endian(served: Served, tiles: tuple[str, list[bytes]]) -> None:
    explicit, implicit = (
        pydicom.dcmread(io.BytesIO(served.get(tiles[0], f"application/dicom; transfer-syntax={uid}").content))
        for uid in (EXPLICIT, "1.2.840.10008.1.2")
    )

    assert implicit.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2"
    assert np.array_equal(explicit.pixel_array, implicit.pixel_array)


def test_colour_is_decoded_to_rgb(served: Served) -> None:
    picture = np.zeros((16, 16, 3), np.uint8)
    picture[..., 0] = 200
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=95)
    ds = encapsulated(slide(side=16), JPEG, [out.getvalue()])
    ds.PhotometricInterpretation = "YBR_FULL_422"
    served.store(ds)

    response = served.get(instance_path(ds), "application/dicom")

    decoded = pydicom.dcmread(io.BytesIO(response.content))
    assert decoded.PhotometricInterpretation == "RGB"
    assert np.abs(decoded.pixel_array.astype(int) - picture).max() < 5


def test_syntax_that_is_not_decoded_is_406_but_for_as_stored(served: Served) -> None:
    ds = encapsulated(slide(samples=1), "1.2.840.10008.1.2.4.102", [b"video" * 10])
    served.store(ds)

    refused = served.get(instance_path(ds))

    assert refused.status_code == 406
    assert "transfer-syntax=*" in refused.json()["error"]["message"]
    assert served.get(instance_path(ds), "application/dicom; transfer-syntax=*").content == encode(ds)


def test_file_over_the_limit_is_not_transcoded(
    served: Served, tiles: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localcloud.dicom.store.transcode.MAX_FILE", 100)

    assert served.get(tiles[0]).status_code == 406
    assert served.get(tiles[0] + "/frames/1").status_code == 406
    assert served.get(tiles[0], "application/dicom; transfer-syntax=*").status_code == 200


def test_frames_over_the_limit_are_not_transcoded_and_not_rendered(
    served: Served, tiles: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(served.get(tiles[0] + "/frames/1", OCTETS).content)
    monkeypatch.setattr("localcloud.dicom.store.transcode.MAX_FRAME", size)
    assert served.get(tiles[0] + "/frames/1", OCTETS).status_code == 200

    monkeypatch.setattr("localcloud.dicom.store.transcode.MAX_FRAME", size - 1)
    for path, accept in (("/frames/1", OCTETS), ("", "application/dicom"), ("/frames/1/rendered", "image/png")):
        refused = served.get(tiles[0] + path, accept)
        assert refused.status_code == 406, path
        assert "frames of more than 150 MB, which are not transcoded: ask for transfer" in refused.text
    assert served.get(tiles[0], "application/dicom; transfer-syntax=*").status_code == 200


@pytest.mark.parametrize("syntax", ["implicit", "explicit", "big endian", "deflated"])
def test_native_frames_of_every_syntax_are_little_endian(served: Served, syntax: str) -> None:
    pixels = np.arange(3 * 4 * 4, dtype=np.uint16).reshape(3, 4, 4) + 1000
    ds = slide(frames=3, side=4, samples=1)
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit = 15
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OW"
    options: dict[str, Any] = {}
    if syntax == "implicit":
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    if syntax == "deflated":
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    if syntax == "big endian":
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.2"
        ds.PixelData = pixels.astype(">u2").tobytes()
    file = encode(ds, **options)
    assert served.store(file).status_code == 200

    frame = served.get(f"{instance_path(ds)}/frames/2", OCTETS)
    assert frame.content == pixels[1].tobytes()
    whole = pydicom.dcmread(io.BytesIO(served.get(instance_path(ds), "application/dicom").content))
    assert whole.file_meta.TransferSyntaxUID == EXPLICIT
    assert np.array_equal(whole.pixel_array, pixels)
    assert whole.PatientName == ds.PatientName
    assert served.get(instance_path(ds), "application/dicom; transfer-syntax=*").content == file


def test_bulk_data_uris_lead_to_the_values(served: Served) -> None:
    ds = slide()
    optical = Dataset()
    optical.ICCProfile = bytes(range(256)) * 4
    optical.OpticalPathIdentifier = "1"
    ds.OpticalPathSequence = [optical]
    ds.add_new(0x00420011, "OB", b"document" * 10)
    served.store(ds)
    (metadata,) = served.get(instance_path(ds) + "/metadata").json()
    icc = metadata["00480105"]["Value"][0]["00282000"]["BulkDataURI"]

    for accept in (
        f'multipart/related; type="{OCTETS}"',
        "",
        "*/*",
        f'multipart/related; type="{OCTETS}"; transfer-syntax=*',
    ):
        ((headers, body),) = parts_of(served.get(icc, accept))
        assert body == optical.ICCProfile
        assert headers["content-type"].startswith(OCTETS)
    assert served.get(icc, OCTETS).content == optical.ICCProfile
    assert served.get(metadata["00420011"]["BulkDataURI"], OCTETS).content == b"document" * 10
    assert served.get(metadata["7FE00010"]["BulkDataURI"], OCTETS).content == ds.PixelData
    assert served.get(instance_path(ds) + "/bulkdata/00100010").status_code == 404


def test_what_is_not_there_is_404(served: Served, tiles: tuple[str, list[bytes]]) -> None:
    study = tiles[0].split("/")[1]

    for path in (
        "studies/1.2.3",
        f"studies/{study}/series/1.2.3",
        "studies/1.2.3/metadata",
        f"{tiles[0]}9",
        f"{tiles[0]}9/frames/1",
        f"studies/{study}/rendered",
        f"studies/{study}/thumbnail",
        "nothing",
    ):
        response = served.get(path)
        assert response.status_code == 404, path
        assert response.json()["error"]["status"] == "NOT_FOUND"


def test_head_tells_the_length_without_a_body(served: Served, tiles: tuple[str, list[bytes]]) -> None:
    response = served.call("HEAD", tiles[0], headers={"Accept": "application/dicom; transfer-syntax=*"})

    assert response.status_code == 200
    assert int(response.headers["Content-Length"]) > 0
    assert response.content == b""
