"""The DICOM JSON model (PS3.18 Annex F) read: attributes to a pydicom data set, every problem named with its path.

The counterpart of `jsonmodel`. It reads values; which attributes an instance must have is known elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.valuerep import format_number_as_ds

from localcloud.dicom.files.elements import MAX_DEPTH, PIXEL_DATA, VR
from localcloud.dicom.files.jsonmodel import COMPONENTS

BINARY = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "UN"])
BY_REFERENCE = frozenset(["OB", "OW", "UN"])
"""Google takes a BulkDataURI for these."""
NUMBER = {"FL": "f", "FD": "d", "SL": "l", "SS": "h", "SV": "q", "UL": "L", "US": "H", "UV": "Q"}
HOLDERS = ("Value", "InlineBinary", "BulkDataURI")
MAX_PROBLEMS = 20
"""Problems of one instance that are named."""
KNOWN = frozenset(vr.decode() for vr in VR)
MAX_DS = 16
"""Characters of a decimal string (PS3.5 §6.2)."""


class Bad(ValueError):
    """One attribute cannot be read; the message says why."""


@dataclass
class Reading:
    """What reading one instance found out beside its data set."""

    placeholder: bytes
    """Stands as the value of an attribute that comes as bulk data."""
    problems: list[str] = field(default_factory=list[str])
    references: list[tuple[tuple[int, ...], str]] = field(default_factory=list[tuple[tuple[int, ...], str]])
    """(tags from the top level down, BulkDataURI)."""
    inline: bool = False
    """Whether any value is an InlineBinary."""

    def problem(self, path: str, why: str) -> None:
        self.problems.append(f"{path}: {why}" if path else why)

    @property
    def told(self) -> str:
        more = len(self.problems) - MAX_PROBLEMS
        return "; ".join([*self.problems[:MAX_PROBLEMS], *([f"and {more} more"] if more > 0 else [])])


def dataset(model: dict[str, Any], reading: Reading, path: str = "", above: tuple[int, ...] = ()) -> Dataset:
    """The attributes that can be read; the others are problems of `reading`. Group lengths are left out."""
    out, seen = Dataset(), set[int]()
    for key, attribute in model.items():
        where = f"{path}{key[:64]}"
        if not re.fullmatch(r"[0-9A-Fa-f]{8}", key):
            reading.problem(where, "is not a tag of eight hexadecimal digits")
            continue
        tag = int(key, 16)
        if tag in seen:
            reading.problem(where, "is there twice")
        seen.add(tag)
        if tag & 0xFFFF == 0:
            continue
        try:
            out.add(element(tag, attribute, reading, where, above))
        except (ValueError, TypeError, OverflowError) as error:
            reading.problem(where, str(error)[:200])
    return out


def element(tag: int, attribute: Any, reading: Reading, path: str, above: tuple[int, ...]) -> DataElement:
    """Raises `Bad`, or what pydicom raises for a value."""
    if not isinstance(attribute, dict):
        raise Bad("is not an object with vr and a value")
    vr = attribute.get("vr")
    if not isinstance(vr, str) or vr not in KNOWN:
        raise Bad(f"has no valid vr ({vr!r})"[:80])
    holders = [holder for holder in HOLDERS if holder in attribute]
    if len(holders) > 1:
        raise Bad(f"has {' and '.join(holders)}: only one of them can be its value")
    holder, value = (holders[0], attribute[holders[0]]) if holders else ("Value", [])
    if holder == "BulkDataURI":
        return referenced(tag, vr, value, reading, above)
    if holder == "InlineBinary":
        reading.inline = True
        return DataElement(tag, vr, inline(tag, vr, value))
    if not isinstance(value, list):
        raise Bad("its Value is not an array")
    if vr == "SQ":
        return DataElement(tag, vr, Sequence(items(value, reading, path, (*above, tag))))
    if vr in BINARY and value:
        raise Bad(f"a value of VR {vr} must be InlineBinary or bulk data")
    values = [single(one, vr) for one in value]
    return DataElement(tag, vr, values[0] if len(values) == 1 else values or empty(vr))


def empty(vr: str) -> Any:
    return b"" if vr in BINARY else None


def items(value: list[Any], reading: Reading, path: str, above: tuple[int, ...]) -> Iterator[Dataset]:
    if len(above) > MAX_DEPTH:
        raise Bad(f"sequences are nested deeper than {MAX_DEPTH}")
    for number, item in enumerate(value):
        if item is not None and not isinstance(item, dict):
            raise Bad(f"item {number} is not an object")
        yield dataset(item or {}, reading, f"{path}/{number}/", above)


def referenced(tag: int, vr: str, uri: Any, reading: Reading, above: tuple[int, ...]) -> DataElement:
    if not isinstance(uri, str) or not uri:
        raise Bad("its BulkDataURI is not a text")
    if vr not in BY_REFERENCE:
        raise Bad(f"has a BulkDataURI and VR {vr}: only {', '.join(sorted(BY_REFERENCE))} can come as bulk data")
    reading.references.append(((*above, tag), uri))
    return DataElement(tag, vr, reading.placeholder)


def inline(tag: int, vr: str, text: Any) -> bytes:
    if vr not in BINARY:
        raise Bad(f"has InlineBinary and VR {vr}: only {', '.join(sorted(BINARY))} can")
    if tag == PIXEL_DATA:
        raise Bad("pixel data must be sent as a bulk data part, not as InlineBinary")
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise Bad("its InlineBinary is not base64") from error
    return value + b"\0" * (len(value) % 2)


def single(value: Any, vr: str) -> Any:
    """One of an attribute's values as pydicom takes it; None is an empty one where text can be empty."""
    if vr in NUMBER:
        return number(value, vr)
    if vr == "AT":
        if not isinstance(value, str) or not re.fullmatch(r"[0-9A-Fa-f]{8}", value):
            raise Bad("a value of VR AT must be eight hexadecimal digits")
        return Tag(int(value, 16))
    if value is None:
        return ""
    if vr == "PN":
        return name(value)
    if vr in ("DS", "IS"):
        return decimal(value, vr)
    return text(value, vr)


def number(value: Any, vr: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Bad(f"a value of VR {vr} must be a number")
    try:
        struct.pack(f"<{NUMBER[vr]}", value)
    except (struct.error, OverflowError) as error:
        raise Bad(f"{str(value)[:40]} is no {vr}") from error
    return value


def decimal(value: Any, vr: str) -> str:
    """DS and IS are text in DICOM and may be numbers or text in JSON."""
    if isinstance(value, str):
        return text(value, vr)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Bad(f"a value of VR {vr} must be a number")
    if vr == "IS" and value != int(value):
        raise Bad(f"{value} is no whole number")
    plain = str(int(value) if value == int(value) else value)
    return plain if len(plain) <= MAX_DS or vr == "IS" else format_number_as_ds(float(value))


def name(value: Any) -> str:
    if not isinstance(value, dict) or set(value) - set(COMPONENTS):
        raise Bad(f"a value of VR PN must be an object of {', '.join(COMPONENTS)}")
    return "=".join(text(value.get(group, ""), "PN") for group in COMPONENTS).rstrip("=")


def text(value: Any, vr: str) -> str:
    if not isinstance(value, str):
        raise Bad(f"a value of VR {vr} must be a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Bad("holds half a surrogate pair, which is no text") from error
    return value
