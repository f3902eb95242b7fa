"""WADO-RS rendered instances and frames: JPEG or PNG, fitted into a viewport (the one parameter that Google takes)."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from localcloud.dicom.store import transcode
from localcloud.dicom.store.archive import Opened
from localcloud.errors import ApiError

FORMATS = ("image/jpeg", "image/png")
MAX_SIDE = 10_000
"""Columns or rows of a viewport (Google's quota)."""


def parse_viewport(query: Mapping[str, str]) -> tuple[int, int] | None:
    """Width and height to fit into. Raises `ApiError` 400 for anything else in the query."""
    unknown = sorted(set(query) - {"viewport"})
    if unknown:
        raise ApiError(400, f"rendered resources take no parameter {', '.join(unknown)}; only viewport is supported.")
    if "viewport" not in query:
        return None
    match = re.fullmatch(r"(\d{1,6}),(\d{1,6})", query["viewport"])
    if not match or not all(0 < int(side) <= MAX_SIDE for side in match.groups()):
        raise ApiError(
            400, f"viewport {query['viewport']!r} is not supported: use width,height in whole pixels up to {MAX_SIDE}."
        )
    return int(match[1]), int(match[2])


def render(opened: Opened, frame: int, media_type: str, fit: tuple[int, int] | None) -> bytes:
    """One frame as an image file. Raises `ApiError` 404, 406."""
    transcode.check(opened)
    picture = image(opened, frame)
    if fit:
        picture.thumbnail(fit)
    out = io.BytesIO()
    if media_type == "image/png":
        picture.save(out, "PNG")
    else:
        picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def image(opened: Opened, frame: int) -> Image.Image:
    stored = opened.record.image
    if stored.get("float"):
        raise ApiError(400, f"instance {opened.record.instance} holds floating point values, which are not rendered.")
    samples, bits = stored.get("SamplesPerPixel", 1), stored.get("BitsAllocated", 8)
    shape = (stored["Rows"], stored["Columns"]) if stored.get("Rows") and stored.get("Columns") else None
    if shape is None or bits not in (1, 8, 16, 32) or samples not in (1, 3):
        raise ApiError(400, f"instance {opened.record.instance} is no image that can be rendered.")
    if opened.native:
        pixels = transcode.native_array(opened, frame)
    else:
        pixels = transcode.pixels_of(opened, opened.frame(frame))
    if pixels.ndim == 3:
        return Image.fromarray(eight_bits(pixels, stored))
    grey = stretch(pixels)
    if stored["PhotometricInterpretation"] == "MONOCHROME1":
        grey = 255 - grey
    return Image.fromarray(grey.astype(np.uint8))


def eight_bits(pixels: np.ndarray[Any, Any], stored: dict[str, Any]) -> np.ndarray[Any, Any]:
    if pixels.dtype == np.uint8:
        return pixels
    return (pixels >> max(0, stored.get("BitsStored", 16) - 8)).astype(np.uint8)


def stretch(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Grey values as they are when they have eight bits, else the frame's own range over black to white."""
    if pixels.dtype == np.uint8 and pixels.max(initial=0) > 1:
        return pixels
    low, high = float(pixels.min(initial=0)), float(pixels.max(initial=0))
    return (pixels.astype(np.float64) - low) * (255 / (high - low)) if high > low else np.zeros(pixels.shape)
