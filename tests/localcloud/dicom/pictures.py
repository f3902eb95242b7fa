"""Small JPEG slides, and the parts of an answer."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset

from tests.localcloud.dicom.support import encapsulated, slide

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
