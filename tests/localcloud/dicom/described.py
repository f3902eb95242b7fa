"""Store requests of JSON metadata and bulk data."""

from __future__ import annotations

import json
from typing import Any

import requests

from tests.localcloud.dicom.pictures import EXPLICIT, JPEG
from tests.localcloud.dicom.support import JSON, Served, uid

BASELINE = f"image/jpeg; transfer-syntax={JPEG}"
JSON_LITTLE = f"{JSON}; transfer-syntax={EXPLICIT}"
KIND = f'multipart/related; type="{JSON}"; boundary=DICOMwebBoundary'

Part = tuple[str, str, bytes]
"""Content-Location, Content-Type, body."""


def image(**attributes: Any) -> dict[str, Any]:
    """Metadata of a grey picture of 8 x 8, in the form of Google's how-to; `None` leaves an attribute out."""
    model = {
        "00020010": {"vr": "UI", "Value": [JPEG]},
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.77.1.1"]},
        "00080018": {"vr": "UI", "Value": [uid()]},
        "00080060": {"vr": "CS", "Value": ["SM"]},
        "0020000D": {"vr": "UI", "Value": [uid()]},
        "0020000E": {"vr": "UI", "Value": [uid()]},
        "00280002": {"vr": "US", "Value": [1]},
        "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
        "00280008": {"vr": "IS", "Value": [1]},
        "00280010": {"vr": "US", "Value": [8]},
        "00280011": {"vr": "US", "Value": [8]},
        "00280100": {"vr": "US", "Value": [8]},
        "00280101": {"vr": "US", "Value": [8]},
        "00280102": {"vr": "US", "Value": [7]},
        "00280103": {"vr": "US", "Value": [0]},
        "7FE00010": {"vr": "OB", "BulkDataURI": "jpeg-image"},
    } | {tag.removeprefix("t"): attribute for tag, attribute in attributes.items()}
    return {tag: attribute for tag, attribute in sorted(model.items()) if attribute is not None}


def body(metadata: Any, *parts: Part, kind: str = JSON) -> bytes:
    """`metadata` is serialized unless it is bytes."""
    text = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
    pieces = [f"--DICOMwebBoundary\r\nContent-Type: {kind}\r\n\r\n".encode(), text]
    for location, media, value in parts:
        head = f"Content-Location: {location}\r\n" if location else ""
        pieces += [f"\r\n--DICOMwebBoundary\r\n{head}Content-Type: {media}\r\n\r\n".encode(), value]
    return b"".join([*pieces, b"\r\n--DICOMwebBoundary--"])


def send(served: Served, metadata: Any, *parts: Part, kind: str = JSON, path: str = "studies") -> requests.Response:
    data = body(metadata, *parts, kind=kind)
    return served.call("POST", path, data=data, headers={"Content-Type": KIND, "Accept": JSON})


def path_of(model: dict[str, Any]) -> str:
    study, series, instance = (model[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018"))
    return f"studies/{study}/series/{series}/instances/{instance}"


def reasons(response: requests.Response) -> list[str]:
    """FailureDetail of each refused instance."""
    return [one["00091097"]["Value"][0] for one in response.json()["00081198"]["Value"]]
