"""WADO-RS: frames as pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.localcloud.dicom.pictures import parts_of
from tests.localcloud.dicom.support import Served, instance_path, slide


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


@pytest.mark.parametrize("what", ["rendered", "frames/1/rendered", "frames/1", "frames/1,2"])
def test_instance_without_pixel_data_is_400(served: Served, what: str) -> None:
    ds = slide()
    del ds.PixelData
    served.store(ds)

    response = served.get(f"{instance_path(ds)}/{what}")

    assert response.status_code == 400
    assert "has no pixel data" in response.json()["error"]["message"]


def test_several_frames_are_rendered_as_parts(served: Served, tiles: tuple[str, list[bytes]]) -> None:
    response = served.get(f"{tiles[0]}/frames/5,1/rendered?viewport=4,4&alt=media", "image/png")

    assert 'type="image/png"' in response.headers["Content-Type"]
    parts = parts_of(response)
    assert [headers["content-location"] for headers, _ in parts] == [
        f"{served.root}/{tiles[0]}/frames/{number}/rendered" for number in (5, 1)
    ]
    pictures = [Image.open(io.BytesIO(body)) for _, body in parts]
    assert [(one.format, one.size) for one in pictures] == [("PNG", (4, 4))] * 2
    assert [abs(int(np.asarray(one).mean()) - shade) < 4 for one, shade in zip(pictures, (140, 20), strict=True)] == [
        True,
        True,
    ]
    assert served.get(f"{tiles[0]}/frames/1,9/rendered").status_code == 404
