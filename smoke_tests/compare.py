"""Whether what came back is what was sent: attributes without the volatile ones, and frames by digest."""

from __future__ import annotations

import hashlib
import io
import json
import math
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.errors import InvalidDicomError

from smoke_tests.dicomweb import Attributes
from smoke_tests.slide import Instance, Pixels
from smoke_tests.slide.grid import read_mark

PIXEL_DATA = "7FE00010"
VOLATILE = {"00020012", "00020013", "00020016", "00081190", "00080056"}
"""What a store may set itself: who wrote the file, RetrieveURL, InstanceAvailability."""
NUMBERS = {"DS", "IS", "FL", "FD", "US", "SS", "UL", "SL", "UV", "SV"}
BINARY = {"OB", "OW", "UN", "OF", "OD", "OL", "OV"}


class UnparsableDicom(AssertionError):
    """What came back is not a DICOM file."""


def parse(data: bytes) -> Dataset:
    try:
        dataset = dcmread(io.BytesIO(data))
        _ = dataset.SOPInstanceUID
    except (InvalidDicomError, EOFError, ValueError, LookupError, AttributeError) as error:
        raise UnparsableDicom(f"what came back ({len(data)} bytes) is not a readable DICOM file: {error}") from None
    return dataset


def model(dataset: Dataset) -> Attributes:
    """The DICOM JSON model of a dataset, pixel data and file header left out."""
    shown = Dataset()
    shown.update({tag: element for tag, element in dataset.items() if f"{tag:08X}" != PIXEL_DATA})
    return json.loads(shown.to_json())


def differences(sent: Attributes, got: Attributes, where: str = "") -> list[str]:
    """One line for each attribute sent that came back otherwise. Attributes that the store added are its own business.

    Binary values are compared by the caller, as they may be behind a BulkDataURI."""
    lines: list[str] = []
    for tag, wanted in sent.items():
        if tag in VOLATILE:
            continue
        path = f"{where}{tag}"
        given = got.get(tag)
        if given is None:
            if values(wanted):
                lines.append(f"{path} is missing")
        elif wanted["vr"] == "SQ":
            lines += _sequence(wanted, given, path)
        elif wanted["vr"] not in BINARY and not _same(wanted, given):
            # A store that mixes up patients must not make us print one.
            shown = "another" if tag.startswith("0010") else repr(values(given))
            lines.append(f"{path} is {shown}, sent was {values(wanted)!r}")
    return lines


def _sequence(wanted: Attributes, given: Attributes, path: str) -> list[str]:
    sent, got = values(wanted), values(given)
    if len(sent) != len(got):
        return [f"{path} has {len(got)} items, sent were {len(sent)}"]
    lines: list[str] = []
    for index, (one, other) in enumerate(zip(sent, got, strict=True)):
        lines += differences(one, other, f"{path}[{index}].")
    return lines


def values(element: Attributes) -> list[Any]:
    """Values of an element; empty ones at the end do not count, as stores write nothing in several ways."""
    elements = list(element.get("Value") or [])
    while elements and elements[-1] in (None, "", {}):
        elements.pop()
    return elements


def _same(wanted: Attributes, given: Attributes) -> bool:
    one, other = values(wanted), values(given)
    if wanted["vr"] not in NUMBERS:
        return one == other
    try:
        pairs = [(float(left), float(right)) for left, right in zip(one, other, strict=True)]
    except (TypeError, ValueError):
        return False
    return all(math.isclose(left, right, rel_tol=1e-6) for left, right in pairs)


def frame_digests(dataset: Dataset) -> list[str]:
    frames = generate_frames(dataset.PixelData, number_of_frames=int(dataset.NumberOfFrames))
    return [hashlib.sha256(frame).hexdigest() for frame in frames]


def pixels_of(instance: Instance) -> Pixels:
    """rows x columns x 3 of the first frame that was sent, as this machine decodes it."""
    with Image.open(io.BytesIO(next(generate_frames(parse(instance.data).PixelData, number_of_frames=1)))) as image:
        return np.asarray(image.convert("RGB"))


def wrong_frame(instance: Instance, number: int, got: bytes) -> str:
    """What is wrong with frame `number` (from 1), in words; empty when it is the one sent."""
    digest = hashlib.sha256(got).hexdigest()
    if digest == instance.frames[number - 1]:
        return ""
    what = f"frame {number} of instance {instance.uid} (level {instance.level}) is not the one sent"
    if digest in instance.frames:
        return f"{what}: it is frame {instance.frames.index(digest) + 1} of the same instance"
    return f"{what}: {describe_frame(got)}"


def describe_frame(frame: bytes) -> str:
    """What an unexpected frame says about itself."""
    try:
        with Image.open(io.BytesIO(frame)) as image:
            mark = read_mark(np.array(image.convert("RGB")))
    except (UnidentifiedImageError, OSError):
        return f"its {len(frame)} bytes are no readable image"
    if mark is None:
        return f"its {len(frame)} bytes are an image without our mark"
    return f"it says of itself that it is level {mark.level}, row {mark.row}, column {mark.column}, run {mark.run:06x}"
