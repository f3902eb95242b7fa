"""The DICOM JSON model (PS3.18 Annex F) of a parsed file, with bulk data by reference.

A BulkDataURI is written as `@/<path>` (`@/00480105/0/00282000`); `with_root` turns it into a URL when it is served, so
that what is kept does not depend on the address the store is reached at.
"""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Callable, Iterator
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName

from localcloud.dicom.files.elements import PIXEL_DATA, Encoding
from localcloud.dicom.files.part10 import NUMBER_SIZE, ParsedFile, is_bulk

Attributes = dict[str, Any]
"""`{"00100020": {"vr": "LO", "Value": [...]}}`"""
Save = Callable[[str, bytes], None]
"""Told (path, value) of each nested bulk value, little endian."""

SWAP = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8, **NUMBER_SIZE}
COMPONENTS = ("Alphabetic", "Ideographic", "Phonetic")
MARKER = b'"BulkDataURI":"@/'


def model(file: ParsedFile, save: Save) -> Attributes:
    """All attributes of the data set that metadata shows, in tag order."""
    out = dict(attributes(file.dataset, file.encoding, "", save))
    for element in file.bulk:
        tag = f"{element.tag:08X}"
        vr = "OW" if element.tag == PIXEL_DATA and element.vr == "OB" and not element.undefined else element.vr
        out[tag] = {"vr": vr, "BulkDataURI": f"@/{tag}"}
    return dict(sorted(out.items()))


def attributes(dataset: Dataset, encoding: Encoding, path: str, save: Save) -> Iterator[tuple[str, Any]]:
    for element in dataset:
        tag = f"{int(element.tag):08X}"
        if element.tag.group <= 2 or element.tag.element == 0:
            continue  # file meta information and group lengths are no part of the model (PS3.18 F.2)
        yield tag, attribute(element, encoding, f"{path}{tag}", save)


def attribute(element: DataElement, encoding: Encoding, path: str, save: Save) -> Attributes:
    vr, value = str(element.VR), element.value
    if vr == "SQ":
        items = [dict(attributes(item, encoding, f"{path}/{n}/", save)) for n, item in enumerate(value or [])]
        return {"vr": vr, "Value": items} if items else {"vr": vr}
    if isinstance(value, bytes | bytearray):
        raw = little_endian(bytes(value), vr, encoding)
        if is_bulk(vr, len(raw)):
            save(path, raw)
            return {"vr": vr, "BulkDataURI": f"@/{path}"}
        return {"vr": vr, "InlineBinary": base64.b64encode(raw).decode()} if raw else {"vr": vr}
    values: list[Any] = list(value) if isinstance(value, MultiValue | list | tuple) else [value]
    if vr in NUMBER_SIZE and is_bulk(vr, len(values) * NUMBER_SIZE[vr]):
        save(path, pack(values, vr))
        return {"vr": vr, "BulkDataURI": f"@/{path}"}
    shown = [json_value(value, vr) for value in values]
    return {"vr": vr, "Value": shown} if any(value is not None for value in shown) else {"vr": vr}


def json_value(value: Any, vr: str) -> Any:
    """One value: a number, a string, a name's component groups, or None for an empty one."""
    if value is None or value == "" or value == b"":
        return None
    if isinstance(value, PersonName):
        groups = zip(COMPONENTS, value.components, strict=False)
        return {group: text for group, text in groups if text} or None
    if vr == "AT":
        return f"{int(value):08X}"
    if vr in ("DS", "IS", "FL", "FD"):
        return json_number(value, vr)
    if vr in NUMBER_SIZE:
        return int(value)
    return str(value).rstrip(" \0") if vr != "UI" else str(value).rstrip("\0 ")


def json_number(value: Any, vr: str) -> Any:
    """A JSON number; what JSON has no number for stays text (PS3.18 F.2.3)."""
    try:
        number = int(value) if vr == "IS" else float(value)
    except (TypeError, ValueError):
        return str(value)
    return number if math.isfinite(number) else str(number)


def little_endian(value: bytes, vr: str, encoding: Encoding) -> bytes:
    width = SWAP.get(vr, 1)
    if encoding.little or width == 1 or len(value) % width:
        return value
    swapped = bytearray(len(value))
    for n in range(width):
        swapped[n::width] = value[width - 1 - n :: width]
    return bytes(swapped)


def pack(values: list[Any], vr: str) -> bytes:
    form = {"FL": "f", "FD": "d", "SL": "l", "SS": "h", "SV": "q", "UL": "L", "US": "H", "UV": "Q"}.get(vr)
    if form:
        return struct.pack(f"<{len(values)}{form}", *values)
    return b"".join(struct.pack("<HH", int(tag) >> 16, int(tag) & 0xFFFF) for tag in values)


def dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode(
        "utf-8", "surrogateescape"
    )


def with_root(text: bytes, instance_url: str) -> bytes:
    """Serialized attributes with every bulk data reference made absolute below `<instance_url>/bulkdata/`."""
    return text.replace(MARKER, f'"BulkDataURI":"{instance_url}/bulkdata/'.encode())


def groups(attributes: Attributes, tag: str) -> list[str]:
    """The component groups of the first name of an attribute of VR PN."""
    value = (attributes.get(tag, {}).get("Value") or [None])[0]
    return [str(text) for text in value.values()] if isinstance(value, dict) else []


def first(attributes: Attributes, tag: str) -> str:
    """The first value of an attribute as text (a name's alphabetic group), empty when there is none."""
    values = attributes.get(tag, {}).get("Value") or [""]
    value = values[0]
    if isinstance(value, dict):
        return str(value.get("Alphabetic", ""))
    return "" if value is None else str(value)
