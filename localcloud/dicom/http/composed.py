"""Instances described by JSON metadata (Google's "JSON metadata and bulk data requests"), as files in two pieces.

A file is its bytes up to the bulk value, the value, and the bytes behind it; so the value can go to disk as it arrives.
What Google requires of the metadata is checked here; the finished file is checked like any other.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID

from localcloud.dicom.files import from_json
from localcloud.dicom.files.elements import PIXEL_DATA, name
from localcloud.dicom.files.part10 import number
from localcloud.dicom.store.ingest import CANNOT_UNDERSTAND, IDENTITY, Refused
from localcloud.errors import ApiError

REQUIRED = ("SpecificCharacterSet", "TransferSyntaxUID", *IDENTITY.values())
NOT_TAKEN = ("1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")
"""Explicit VR Big Endian and Deflated (Google's statement)."""
ITEM = b"\xfe\xff\x00\xe0"
LENGTH = 4
"""Bytes of the length field that a value follows."""


@dataclass
class Composed:
    """One described instance. `problems` say why it cannot be stored; then there are no bytes."""

    study: str
    sop_class: str
    instance: str
    problems: list[str]
    syntax: str = ""
    frames: int = 1
    head: bytes = b""
    """With a bulk value: up to it, ending in the length field that must still be set."""
    tail: bytes = b""
    uris: tuple[str, ...] = ()
    """BulkDataURIs; one that can be stored has at most one."""
    tag: int = 0
    """Of the bulk value, when it is not in a sequence."""

    @property
    def compressed(self) -> bool:
        """Whether the bulk value is to be compressed pixel data."""
        return self.tag == PIXEL_DATA and UID(self.syntax).is_encapsulated

    def refusal(self) -> Refused:
        told = "; ".join(self.problems)
        return Refused(CANNOT_UNDERSTAND, told, self.sop_class, self.instance, self.study)


def instances(metadata: bytes, inline_stated: bool) -> list[Composed]:
    """Read the metadata part. `inline_stated`: its Content-Type names the transfer syntax of InlineBinary values.

    Raises `ApiError` 400 when the part is not what the request's type says; an instance's own problems are in it.
    """
    found: list[Composed] = []
    for model in models(metadata):
        reading = from_json.Reading(placeholder=os.urandom(32))
        dataset = from_json.dataset(model, reading)
        if reading.inline and not inline_stated:
            raise malformed("it holds InlineBinary, so its Content-Type must name the transfer-syntax of such values")
        found.append(compose(dataset, reading))
    references = Counter(uri for one in found for uri in one.uris)
    if twice := sorted(uri for uri, count in references.items() if count > 1):
        raise malformed(f"BulkDataURI {', '.join(map(repr, twice[:5]))} is there more than once")
    return found


def malformed(why: str) -> ApiError:
    return ApiError(400, f"the JSON metadata cannot be used: {why}. Nothing was stored.")


def models(metadata: bytes) -> list[dict[str, Any]]:
    """The array that a metadata part must be. Raises `ApiError` 400."""
    try:
        found = json.loads(metadata.decode(), object_pairs_hook=once, parse_constant=no_number)
    except RecursionError as error:
        raise malformed("it is nested too deep") from error
    except ValueError as error:
        raise malformed(f"it is not JSON in UTF-8 ({error})") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise malformed("it must be an array of objects, one an instance")
    if not found:
        raise malformed("the array is empty: there is nothing to store")
    return found


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"an object with {', '.join(found)[:200]} has a key twice")
    return found


def no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def compose(dataset: Dataset, reading: from_json.Reading) -> Composed:
    values = {word: str(dataset.get(word) or "") for word in REQUIRED}
    study, sop_class, instance = (values[word] for word in ("StudyInstanceUID", "SOPClassUID", "SOPInstanceUID"))
    one = Composed(study, sop_class, instance, problems(values, reading))
    one.uris = tuple(uri for _, uri in reading.references)
    if reading.references and len(path := reading.references[0][0]) == 1:
        one.tag = path[0]
    if not one.problems:
        one.syntax = values["TransferSyntaxUID"]
        one.frames = number(dataset, "NumberOfFrames") or 1
        try:
            encode(one, dataset, reading)
        except Exception as error:  # pydicom raises many kinds for values that cannot be written
            one.problems.append(f"it cannot be written as a DICOM file: {error}")
    return one


def problems(values: dict[str, str], reading: from_json.Reading) -> list[str]:
    """Everything that Google's rules forbid, in words."""
    found: list[str] = []
    if missing := [word for word in REQUIRED if not values[word]]:
        found.append(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    if values["SpecificCharacterSet"] not in ("", "ISO_IR 192"):
        found.append(f"SpecificCharacterSet is {values['SpecificCharacterSet']!r}; JSON metadata must be in ISO_IR 192")
    syntax = UID(values["TransferSyntaxUID"])
    if syntax and not syntax.is_transfer_syntax:
        found.append(f"TransferSyntaxUID {syntax[:80]!r} is no transfer syntax")
    elif syntax in NOT_TAKEN:
        found.append(f"{syntax.name} is not supported for JSON metadata")
    if len(reading.references) > 1:
        tags = ", ".join("/".join(map(name, path)) for path, _ in reading.references[:10])
        found.append(f"there are {len(reading.references)} BulkDataURIs ({tags}); an instance can have one")
    if reading.problems:
        found.append(reading.told)
    return found


def encode(one: Composed, dataset: Dataset, reading: from_json.Reading) -> None:
    """Write the file in memory around the placeholder of its bulk value, and part it there."""
    meta = FileMetaDataset()
    for element in dataset.group_dataset(2):
        meta.add(element)
        del dataset[element.tag]
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(one.sop_class), UID(one.instance)
    dataset.file_meta = meta
    if reading.references:
        leave_lengths_open(dataset, reading.references[0][0])
    if one.compressed:
        value = ITEM + bytes(LENGTH) + ITEM + len(reading.placeholder).to_bytes(LENGTH, "little") + reading.placeholder
        pixels = DataElement(PIXEL_DATA, "OB", value)
        pixels.is_undefined_length = True
        dataset.add(pixels)
    out = BytesIO()
    dcmwrite(out, dataset, enforce_file_format=True)
    one.head, _, one.tail = out.getvalue().partition(reading.placeholder)


def leave_lengths_open(dataset: Dataset, path: tuple[int, ...]) -> None:
    """Sequences around a bulk value get delimiters in place of lengths, which nobody knows yet."""
    if len(path) == 1:
        return
    sequence = dataset[path[0]]
    sequence.is_undefined_length = True
    for item in sequence.value:
        item.is_undefined_length_sequence_item = True
        if path[1] in item:
            leave_lengths_open(item, path[1:])
