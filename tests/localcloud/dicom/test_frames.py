"""WADO-RS: frames, in the forms that clients ask for."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image

from tests.localcloud.dicom.pictures import EXPLICIT, JPEG, OCTETS, jpeg_slide, parts_of
from tests.localcloud.dicom.support import Served, instance_path, slide


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
        ("1", "image/jpeg; q=0", 406),
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


@pytest.mark.parametrize(
    ("keyword", "kind", "bits"), [("FloatPixelData", "<f4", 32), ("DoubleFloatPixelData", "<f8", 64)]
)
def test_frames_of_floating_point_pixels_are_octets_as_stored(
    served: Served, keyword: str, kind: str, bits: int
) -> None:
    values = np.arange(2 * 8 * 8, dtype=kind).reshape(2, 8, 8) / 3
    ds = slide(frames=2, samples=1)
    del ds.PixelData
    setattr(ds, keyword, values.astype(kind).tobytes())
    ds.BitsAllocated = bits
    assert served.store(ds).status_code == 200

    response = served.get(f"{instance_path(ds)}/frames/2,1", 'multipart/related; type="application/octet-stream"')

    assert response.status_code == 200, response.text
    assert [body for _, body in parts_of(response)] == [values[n].astype(kind).tobytes() for n in (1, 0)]
    assert served.get(f"{instance_path(ds)}/frames/3", "*/*").status_code == 404
    assert served.get(f"{instance_path(ds)}/rendered", "image/png").status_code == 400
    implicit = served.get(instance_path(ds), "application/dicom; transfer-syntax=1.2.840.10008.1.2")
    assert getattr(pydicom.dcmread(io.BytesIO(implicit.content)), keyword) == getattr(ds, keyword)
