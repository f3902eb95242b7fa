"""WADO-RS: files, frames, bulk data and rendered images, in the forms that clients ask for."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from tests.dicom.support import Served, encapsulated, encode, instance_path, slide, uid

JPEG, EXPLICIT, RLE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"
OCTETS = "application/octet-stream"


def jpeg(seed: int, side: int = 8) -> bytes:
    """A grey JPEG tile of one shade, padded to even length as fragments are (PS3.5 §8.2)."""
    out = io.BytesIO()
    Image.fromarray(np.full((side, side), seed, np.uint8)).save(out, "JPEG", quality=95)
    return out.getvalue() + b"\0" * (len(out.getvalue()) % 2)


def jpeg_slide(frames: int = 5, **options: Any) -> tuple[Dataset, list[bytes]]:
    tiles = [jpeg(20 + 30 * n) for n in range(frames)]
    return encapsulated(slide(samples=1), JPEG, tiles, **options), tiles


def parts_of(response: Any) -> list[tuple[dict[str, str], bytes]]:
    """(headers, body) of each part of a multipart answer."""
    kind = response.headers["Content-Type"]
    assert kind.startswith("multipart/related")
    boundary = re.search(r'boundary="?([^";]+)', kind)
    assert boundary
    pieces = (b"\r\n" + response.content).split(b"\r\n--" + boundary[1].encode())
    assert pieces[0] == b""
    assert pieces[-1].startswith(b"--")
    found = []
    for piece in pieces[1:-1]:
        head, _, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = (line.split(": ", 1) for line in head.decode().split("\r\n"))
        found.append(({name.lower(): value for name, value in lines}, body))
    return found


@pytest.fixture
def tiles(served: Served) -> tuple[str, list[bytes]]:
    """Path and frames of a stored JPEG slide."""
    ds, frames = jpeg_slide()
    assert served.store(ds).status_code == 200
    return instance_path(ds), frames


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
    monkeypatch.setattr("localcloud.dicom.transcode.MAX_FILE", 100)

    assert served.get(tiles[0]).status_code == 406
    assert served.get(tiles[0] + "/frames/1").status_code == 406
    assert served.get(tiles[0], "application/dicom; transfer-syntax=*").status_code == 200


@pytest.mark.parametrize(
    ("accept", "media_type", "syntax", "multipart"),
    [
        (f'multipart/related; type="{OCTETS}"; transfer-syntax=*', OCTETS, JPEG, True),
        (f"multipart/related; type={OCTETS}; transfer-syntax=*", OCTETS, JPEG, True),
        (f'multipart/related; type="image/jpeg"; transfer-syntax={JPEG}', "image/jpeg", JPEG, True),
        ('multipart/related; type="image/jpeg"', "image/jpeg", JPEG, True),
        ('multipart/related; type="image/*"', "image/jpeg", JPEG, True),
        ('multipart/related; type="*/*"; transfer-syntax=*', "image/jpeg", JPEG, True),
        ("*/*; transfer-syntax=*", "image/jpeg", JPEG, True),
        (f"{OCTETS}; transfer-syntax=*", OCTETS, JPEG, False),
        ("image/jpeg", "image/jpeg", JPEG, False),
        (f"image/jpeg; transfer-syntax={JPEG}", "image/jpeg", JPEG, False),
        (
            f'multipart/related; type="image/jp2"; transfer-syntax=1.2.840.10008.1.2.4.90, '
            f'multipart/related; type="image/jpeg"; transfer-syntax={JPEG}; q=0.5',
            "image/jpeg",
            JPEG,
            True,
        ),
        (
            f'multipart/related; type="{OCTETS}"; transfer-syntax={EXPLICIT}; q=0.1, image/jpeg; q=0.9',
            "image/jpeg",
            JPEG,
            False,
        ),
    ],
)
def test_stored_frames_in_the_form_asked_for(
    served: Served, tiles: tuple[str, list[bytes]], accept: str, media_type: str, syntax: str, multipart: bool
) -> None:
    response = served.get(f"{tiles[0]}/frames/3", accept)

    assert response.status_code == 200, response.text
    if multipart:
        assert f'type="{media_type}"' in response.headers["Content-Type"]
        ((headers, body),) = parts_of(response)
        assert headers["content-type"] == f"{media_type}; transfer-syntax={syntax}"
        assert headers["content-location"] == f"{served.root}/{tiles[0]}/frames/3"
    else:
        assert response.headers["Content-Type"] == f"{media_type}; transfer-syntax={syntax}"
        body = response.content
    assert body == tiles[1][2]


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        OCTETS,
        f'multipart/related; type="{OCTETS}"',
        f"{OCTETS}; transfer-syntax={EXPLICIT}",
        'multipart/related; type="*/*"',
    ],
)
def test_frames_are_decoded_unless_asked_for_as_stored(
    served: Served, tiles: tuple[str, list[bytes]], accept: str
) -> None:
    response = served.get(f"{tiles[0]}/frames/2", accept)

    body = parts_of(response)[0][1] if accept in ("", "*/*") or "multipart" in accept else response.content
    assert body == np.asarray(Image.open(io.BytesIO(tiles[1][1]))).tobytes()


def test_frame_list_keeps_the_order_asked_for(served: Served, tiles: tuple[str, list[bytes]]) -> None:
    response = served.get(f"{tiles[0]}/frames/5,1,3", f'multipart/related; type="{OCTETS}"; transfer-syntax=*')

    assert [body for _, body in parts_of(response)] == [tiles[1][n] for n in (4, 0, 2)]


@pytest.mark.parametrize(
    ("frames", "accept", "status"),
    [
        ("0", "", 400),
        ("6", "", 404),
        ("1,6", "", 404),
        ("1,,2", "", 400),
        ("1,x", "", 400),
        ("-1", "", 400),
        ("1", 'multipart/related; type="image/jp2"', 406),
        ("1", "text/plain", 406),
        ("1", 'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.70', 406),
        ("1,2", "image/jpeg", 406),
        ("1", "nonsense", 400),
        ("1", "image/jpeg; q=x", 400),
    ],
)
def test_frames_that_cannot_be_given(
    served: Served, tiles: tuple[str, list[bytes]], frames: str, accept: str, status: int
) -> None:
    response = served.get(f"{tiles[0]}/frames/{frames}", accept)

    assert response.status_code == status
    assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    "options",
    [
        {"table": "basic"},
        {"table": "extended"},
        {"table": "none"},
        {"table": "basic", "fragments": 3},
        {"table": "none", "fragments": 2},
    ],
    ids=str,
)
def test_every_way_to_index_frames_gives_the_same_bytes(served: Served, options: dict[str, Any]) -> None:
    ds, frames = jpeg_slide(**options)
    served.store(ds)

    for number, tile in enumerate(frames, 1):
        response = served.get(f"{instance_path(ds)}/frames/{number}", f"{OCTETS}; transfer-syntax=*")
        assert response.content.rstrip(b"\0") == tile.rstrip(b"\0")


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


def test_bit_packed_frames_begin_on_a_byte_of_their_own(served: Served) -> None:
    bits = np.random.default_rng(3).integers(0, 2, (3, 5, 3), dtype=np.uint8)  # 15 bits a frame
    ds = slide(frames=3, samples=1)
    ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 5, 3, 1, 1, 0
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    ds.PixelData = packed + b"\0" * (len(packed) % 2)
    served.store(ds)

    for number in (1, 2, 3):
        frame = served.get(f"{instance_path(ds)}/frames/{number}", OCTETS).content
        got = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[:15]
        assert np.array_equal(got, bits[number - 1].ravel())


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


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("", "JPEG"), ("*/*", "JPEG"), ("image/jpeg", "JPEG"), ("image/png", "PNG"), ("image/*", "JPEG")],
)
@pytest.mark.parametrize("what", ["rendered", "frames/2/rendered"])
def test_renders_instances_and_frames(
    served: Served, tiles: tuple[str, list[bytes]], what: str, accept: str, kind: str
) -> None:
    response = served.get(f"{tiles[0]}/{what}", accept)

    picture = Image.open(io.BytesIO(response.content))
    assert (picture.format, picture.size) == (kind, (8, 8))
    assert response.headers["Content-Type"] == f"image/{kind.lower()}"
    shade = 50 if what.startswith("frames") else 20
    assert abs(int(np.asarray(picture).mean()) - shade) < 4


@pytest.mark.parametrize(
    ("query", "accept", "status"),
    [
        ("viewport=4,4", "", 200),
        ("viewport=4", "", 400),
        ("viewport=0,4", "", 400),
        ("viewport=99999,4", "", 400),
        ("quality=50", "", 400),
        ("window=1,2,linear", "", 400),
        ("", "image/gif", 406),
        ("", "application/dicom", 406),
    ],
)
def test_rendering_takes_only_a_viewport(
    served: Served, tiles: tuple[str, list[bytes]], query: str, accept: str, status: int
) -> None:
    response = served.get(f"{tiles[0]}/rendered?{query}", accept)

    assert response.status_code == status
    if status == 200:
        assert Image.open(io.BytesIO(response.content)).size == (4, 4)


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
