"""The technical attributes the rules look at, read from DICOM JSON. Attributes of patients are never read.

DICOM JSON is walked as plain dicts: turning a sparse slide's metadata into a pydicom Dataset takes seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    found = element.get("Value") if isinstance(element, dict) else None
    return found if isinstance(found, list) else []


def text(item: Json, keyword: str) -> str:
    found = values(item, keyword)
    return str(found[0]) if found and found[0] is not None else ""


def number(item: Json, keyword: str, otherwise: int = 0) -> int:
    """An integer attribute; Google and others write IS either as a number or as a string."""
    try:
        return int(text(item, keyword) or otherwise)
    except ValueError:
        return otherwise


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

    FIELDS = (
        "NumberOfFrames",
        "TotalPixelMatrixColumns",
        "TotalPixelMatrixRows",
        "FrameOfReferenceUID",
        "ContainerIdentifier",
        "AcquisitionUID",
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
        )

    @property
    def whole_slide(self) -> bool:
        return self.sop_class == WHOLE_SLIDE


def slide_key(item: Json) -> tuple[str, str, str]:
    return text(item, "FrameOfReferenceUID"), text(item, "ContainerIdentifier"), text(item, "AcquisitionUID")


@dataclass(frozen=True, kw_only=True)
class Image:
    """One whole-slide image instance as its metadata describes it. Sizes in pixels."""

    instance: str
    series: str
    flavor: str = "VOLUME"
    """ImageType value 3: VOLUME, THUMBNAIL, LABEL, OVERVIEW."""
    rows: int
    columns: int
    total_rows: int
    total_columns: int
    frames: int = 1
    samples: int = 3
    bits: int = 8
    organization: str = "TILED_FULL"
    """DimensionOrganizationType; empty when missing, which the engine takes for TILED_SPARSE."""
    per_frame_items: int | None = None
    """Items of PerFrameFunctionalGroupsSequence; None when the metadata has no such sequence."""
    optical_paths: tuple[str, ...] = ("1",)
    concatenation: str = ""
    concatenation_source: str = ""
    """SOPInstanceUIDOfConcatenationSource."""
    concatenation_offset: int = 0
    icc: bool = False
    syntax: str = ""
    """Transfer syntax UID where the server tells (Google does not)."""

    @classmethod
    def of(cls, item: Json) -> Image:
        paths = values(item, "OpticalPathSequence")
        kind = values(item, "ImageType")
        rows, columns = number(item, "Rows"), number(item, "Columns")
        per_frame = tag("PerFrameFunctionalGroupsSequence")
        return cls(
            instance=text(item, "SOPInstanceUID"),
            series=text(item, "SeriesInstanceUID"),
            flavor=str(kind[2]) if len(kind) > 2 else "",
            rows=rows,
            columns=columns,
            total_rows=number(item, "TotalPixelMatrixRows", rows),
            total_columns=number(item, "TotalPixelMatrixColumns", columns),
            frames=number(item, "NumberOfFrames", 1),
            samples=number(item, "SamplesPerPixel", 1),
            bits=number(item, "BitsAllocated", 8),
            organization=text(item, "DimensionOrganizationType"),
            per_frame_items=len(values(item, "PerFrameFunctionalGroupsSequence")) if per_frame in item else None,
            optical_paths=tuple(text(path, "OpticalPathIdentifier") for path in paths if isinstance(path, dict)),
            concatenation=text(item, "ConcatenationUID"),
            concatenation_source=text(item, "SOPInstanceUIDOfConcatenationSource"),
            concatenation_offset=number(item, "ConcatenationFrameOffsetNumber"),
            icc=any(tag("ICCProfile") in path for path in paths if isinstance(path, dict)),
            syntax=text(item, "AvailableTransferSyntaxUID"),
        )

    @property
    def size(self) -> tuple[int, int]:
        return self.total_columns, self.total_rows

    @property
    def tiles(self) -> int:
        """Tiles of one plane of this image's grid."""
        if not self.rows or not self.columns:
            return 0
        return -(-self.total_columns // self.columns) * -(-self.total_rows // self.rows)

    @property
    def raw_frame_bytes(self) -> int:
        return self.rows * self.columns * self.samples * max(self.bits, 8) // 8

    @property
    def in_pyramid(self) -> bool:
        return self.flavor in ("VOLUME", "THUMBNAIL")
