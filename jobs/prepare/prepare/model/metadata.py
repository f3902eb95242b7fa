"""DICOM JSON and what a search lists of an instance; `image` has what the rules look at.

DICOM JSON is walked as plain dicts: turning a sparse slide's metadata into a pydicom Dataset takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydicom.datadict import tag_for_keyword

WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
"""VL Whole Slide Microscopy Image Storage."""

Json = Mapping[str, Any]


def tag(keyword: str) -> str:
    """`Rows` -> `00280010`."""
    number = tag_for_keyword(keyword)
    if number is None:
        raise KeyError(keyword)
    return f"{number:08X}"


def values(item: Json, keyword: str) -> list[Any]:
    element = item.get(tag(keyword))
    value = element.get("Value") if isinstance(element, dict) else None
    return value if isinstance(value, list) else []


def text(item: Json, keyword: str) -> str:
    present = values(item, keyword)
    return str(present[0]) if present and present[0] is not None else ""


def number(item: Json, keyword: str, otherwise: int = 0) -> int:
    """An integer attribute; Google and others write IS either as a number or as a string."""
    try:
        return int(text(item, keyword) or otherwise)
    except ValueError:
        return otherwise


BULK_LINK = re.compile(r'"BulkDataURI": "[^"]*"')


@dataclass(frozen=True)
class Row:
    """One instance as QIDO lists it: enough to count, to fingerprint and to tell which series share a slide."""

    series: str
    instance: str
    sop_class: str
    modality: str
    frames: int
    columns: int
    rows: int
    slide: tuple[str, str, str]
    """FrameOfReferenceUID, ContainerIdentifier, AcquisitionUID: what SLIM groups the images of a study by."""
    tile: tuple[int, int] = field(default=(0, 0), compare=False)
    """Columns and rows of a frame."""
    image_type: tuple[str, ...] = field(default=(), compare=False)
    photometric: str = field(default="", compare=False)
    version: str = field(default="", compare=False)
    """A checksum of all `FIELDS` as listed: whether it is still the same object. 32 bits see a change, and are too few
    to confirm a guess at a patient's name from the records."""

    FIELDS = (
        *("NumberOfFrames", "TotalPixelMatrixColumns", "TotalPixelMatrixRows", "Rows", "Columns"),
        *("FrameOfReferenceUID", "ContainerIdentifier", "AcquisitionUID", "PyramidUID", "ImageType"),
        *("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex"),
        *("AccessionNumber", "StudyID", "StudyDate", "StudyTime", "StudyDescription", "ReferringPhysicianName"),
        *("SeriesNumber", "SeriesDescription", "InstanceNumber", "SpecimenLabelInImage", "BarcodeValue", "LabelText"),
        *("ContentDate", "ContentTime", "AcquisitionDateTime", "InstanceCreationDate", "InstanceCreationTime"),
        *("ImagedVolumeWidth", "ImagedVolumeHeight", "PhotometricInterpretation", "LossyImageCompression"),
    )

    @classmethod
    def of(cls, item: Json) -> Row:
        return cls(
            series=text(item, "SeriesInstanceUID"),
            instance=text(item, "SOPInstanceUID"),
            sop_class=text(item, "SOPClassUID"),
            modality=text(item, "Modality"),
            frames=number(item, "NumberOfFrames", 1),
            columns=number(item, "TotalPixelMatrixColumns"),
            rows=number(item, "TotalPixelMatrixRows"),
            slide=slide_key(item),
            tile=(number(item, "Columns"), number(item, "Rows")),
            image_type=tuple(str(value) for value in values(item, "ImageType")),
            photometric=text(item, "PhotometricInterpretation"),
            version=_checksum(item),
        )

    @property
    def flavor(self) -> str:
        return self.image_type[2] if len(self.image_type) > 2 else ""

    @property
    def is_scanned(self) -> bool:
        """Whether it is the level that was scanned, and not made of one."""
        return self.image_type[:1] == ("ORIGINAL",) and self.image_type[3:4] == ("NONE",)

    @property
    def is_colour(self) -> bool:
        return bool(self.photometric) and not self.photometric.startswith("MONOCHROME")

    @property
    def tiles(self) -> int:
        """Frames that cover it once; 0 when it does not say how large they are."""
        across, down = self.tile
        return -(-self.columns // across) * -(-self.rows // down) if across and down else 0

    @property
    def whole_slide(self) -> bool:
        return self.sop_class == WHOLE_SLIDE


def _checksum(item: Json) -> str:
    listed = {keyword: values(item, keyword) for keyword in ("SOPClassUID", "Modality", *Row.FIELDS)}
    return checksum(json.dumps(listed, sort_keys=True).encode())


def checksum(*parts: bytes) -> str:
    """32 bits: see `Row.version`."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:8]


def metadata_checksum(item: Json) -> str:
    """Of all that the store tells of an instance, but for where its long values lie."""
    return checksum(BULK_LINK.sub("", json.dumps(item, sort_keys=True)).encode())


def items(item: Json, keyword: str) -> list[Json]:
    """The items of a sequence."""
    return [value for value in values(item, keyword) if isinstance(value, dict)]


def numbers(item: Json, keyword: str) -> tuple[float, ...]:
    """All values as numbers; nothing where one is none."""
    try:
        return tuple(float(value) for value in values(item, keyword))
    except (TypeError, ValueError):
        return ()


def slide_key(item: Json) -> tuple[str, str, str]:
    return text(item, "FrameOfReferenceUID"), text(item, "ContainerIdentifier"), text(item, "AcquisitionUID")


def references(item: Json) -> Iterator[tuple[str, str]]:
    """(SOPInstanceUID, SOPClassUID) of every reference, at any depth."""
    instance = tag("ReferencedSOPInstanceUID")
    stack: list[Json] = [item]
    while stack:
        one = stack.pop()
        if instance in one:
            yield text(one, "ReferencedSOPInstanceUID"), text(one, "ReferencedSOPClassUID")
        for element in one.values():
            if isinstance(element, dict) and element.get("vr") == "SQ":
                stack += [child for child in element.get("Value") or [] if isinstance(child, dict)]
