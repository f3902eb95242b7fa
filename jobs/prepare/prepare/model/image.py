"""One whole-slide image instance as the rules see it, read from DICOM JSON.

Only technical attributes. Identifiers of container and patient are compared, as digests that leave no trace.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from . import positions
from .metadata import Json, items, number, numbers, slide_key, tag, text, values

PATIENT = ("PatientID", "IssuerOfPatientID")
LABEL_ATTRIBUTES = ("BarcodeValue", "LabelText")


@dataclass(frozen=True, kw_only=True)
class SlideImage:
    """One instance. Sizes in pixels, spacing and origin in millimetres."""

    instance: str
    series: str
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "VOLUME", "NONE")
    rows: int
    columns: int
    total_rows: int
    total_columns: int
    frames: int = 1
    focal_planes: int = 1
    """As told, or as many as lie in one place by their positions."""
    depth: float | None = None
    """ZOffsetInSlideCoordinateSystem, where all frames have one."""
    orientation: tuple[float, ...] = ()
    """ImageOrientationSlide."""
    scan: tuple[str, str] = ("", "")
    """AcquisitionDateTime, ExtendedDepthOfField."""
    samples: int = 3
    photometric: str = "RGB"
    planar: bool = False
    """PlanarConfiguration is 1: uncompressed colours come plane by plane."""
    bits: int = 8
    """BitsAllocated."""
    signed: bool = False
    lossy: bool = True
    organization: str = "TILED_FULL"
    """DimensionOrganizationType; empty when missing, which the engine takes for TILED_SPARSE."""
    per_frame_items: int | None = None
    """Items of PerFrameFunctionalGroupsSequence; None when the metadata has no such sequence."""
    positions: positions.Positions = "none"
    optical_paths: tuple[str, ...] = ("1",)
    paths_told: int = 0
    """NumberOfOpticalPaths, 1 where it is missing or 0, as the engine has it; 0: as many as there are."""
    unidentified: bool = False
    """By its positions, but a frame does not say which optical path it shows."""
    concatenation: str = ""
    concatenation_source: str = ""
    """SOPInstanceUIDOfConcatenationSource."""
    concatenation_offset: int = 0
    concatenation_parts: int = 0
    """InConcatenationTotalNumber; 0 when not told."""
    icc: bool = False
    icc_digest: str = ""
    """`profile_digest` where the profile is known: in the metadata, or read (`profiles`)."""
    spacing: float = 0.0
    """Between columns; 0 when not told."""
    missing: tuple[str, ...] = ()
    """Keywords of `REQUIRED` that it lacks."""
    slide: tuple[str, str, str] = ("", "", "")
    """FrameOfReferenceUID, ContainerIdentifier, AcquisitionUID; never put out."""
    burned_in: bool = False
    """BurnedInAnnotation or SpecimenLabelInImage is YES."""
    label_attributes: tuple[str, ...] = ()
    """Keywords of `LABEL_ATTRIBUTES` with a value."""
    patient: str = ""
    """`patient_digest`; compared, never put out."""
    metadata_bytes: int = 0
    syntax: str = ""
    """Transfer syntax UID where the server tells (Google does not)."""

    @classmethod
    def of(cls, item: Json) -> SlideImage:
        paths = items(item, "OpticalPathSequence")
        rows, columns = number(item, "Rows"), number(item, "Columns")
        per_frame = items(item, "PerFrameFunctionalGroupsSequence")
        spacing = numbers(_measures(item), "PixelSpacing")
        return cls(
            instance=text(item, "SOPInstanceUID"),
            series=text(item, "SeriesInstanceUID"),
            image_type=tuple(str(value) for value in values(item, "ImageType")),
            rows=rows,
            columns=columns,
            total_rows=number(item, "TotalPixelMatrixRows", rows),
            total_columns=number(item, "TotalPixelMatrixColumns", columns),
            frames=number(item, "NumberOfFrames", 1),
            focal_planes=max(
                number(item, "NumberOfFocalPlanes", 1),
                number(item, "TotalPixelMatrixFocalPlanes", 1),
                positions.stacked(per_frame),
            ),
            depth=positions.depth(item, per_frame),
            orientation=numbers(item, "ImageOrientationSlide"),
            scan=(text(item, "AcquisitionDateTime"), text(item, "ExtendedDepthOfField")),
            samples=number(item, "SamplesPerPixel", 1),
            photometric=text(item, "PhotometricInterpretation"),
            planar=number(item, "PlanarConfiguration") == 1,
            bits=number(item, "BitsAllocated", 8),
            signed=number(item, "PixelRepresentation") == 1,
            lossy=text(item, "LossyImageCompression") == "01",
            organization=text(item, "DimensionOrganizationType"),
            per_frame_items=len(per_frame) if tag("PerFrameFunctionalGroupsSequence") in item else None,
            positions=positions.positions(per_frame, columns, rows),
            optical_paths=tuple(text(path, "OpticalPathIdentifier") for path in paths),
            paths_told=number(item, "NumberOfOpticalPaths") or 1,
            unidentified=positions.unidentified(item, per_frame),
            concatenation=text(item, "ConcatenationUID"),
            concatenation_source=text(item, "SOPInstanceUIDOfConcatenationSource"),
            concatenation_offset=number(item, "ConcatenationFrameOffsetNumber"),
            concatenation_parts=number(item, "InConcatenationTotalNumber"),
            icc=any(tag("ICCProfile") in path for path in paths),
            icc_digest=profile_digest(path.get(tag("ICCProfile"), {}).get("InlineBinary", "") for path in paths),
            spacing=spacing[-1] if spacing else 0.0,
            missing=tuple(name for name, has in REQUIRED.items() if not has(item)),
            slide=slide_key(item),
            burned_in="YES" in (text(item, "BurnedInAnnotation"), text(item, "SpecimenLabelInImage")),
            label_attributes=tuple(name for name in LABEL_ATTRIBUTES if text(item, name)),
            patient=patient_digest(item),
            metadata_bytes=len(json.dumps(item, separators=(",", ":"))),
            syntax=text(item, "AvailableTransferSyntaxUID"),
        )

    @property
    def flavor(self) -> str:
        """ImageType value 3: VOLUME, THUMBNAIL, LABEL, OVERVIEW."""
        return self.image_type[2] if len(self.image_type) > 2 else ""

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

    @property
    def sparse(self) -> bool:
        """As the engine sees it."""
        return self.organization != "TILED_FULL"


def shows_label(item: Json) -> bool:
    """Whether any image says that it shows a slide's label, or has its text: in pixels or in attributes."""
    burned = "YES" in (text(item, "BurnedInAnnotation"), text(item, "SpecimenLabelInImage"))
    kind = {str(value) for value in values(item, "ImageType")[2:3]}
    return burned or bool(kind & {"LABEL", "OVERVIEW"}) or any(text(item, name) for name in LABEL_ATTRIBUTES)


def patient_digest(item: Json) -> str:
    """Equal for instances of one patient; cannot be turned back into who it is, and is not kept."""
    return _digest([*(text(item, keyword) for keyword in PATIENT)])


def profile_digest(profiles: Iterable[str]) -> str:
    """Of the ICC profiles of an image's optical paths, each in base64; empty without any."""
    return _digest(profiles)


def _digest(parts: Iterable[object]) -> str:
    told = [str(part) for part in parts]
    return hashlib.sha256("|".join(told).encode()).hexdigest()[:16] if any(told) else ""


def _measures(item: Json) -> Json:
    groups = items(item, "SharedFunctionalGroupsSequence") or items(item, "PerFrameFunctionalGroupsSequence")
    measures = items(groups[0], "PixelMeasuresSequence") if groups else []
    return measures[0] if measures else {}


def _all_paths(item: Json, keyword: str) -> bool:
    paths = items(item, "OpticalPathSequence")
    return all(values(path, keyword) for path in paths)


REQUIRED = {
    "OpticalPathSequence": lambda item: bool(items(item, "OpticalPathSequence")),
    "OpticalPathIdentifier": lambda item: _all_paths(item, "OpticalPathIdentifier"),
    "IlluminationTypeCodeSequence": lambda item: _all_paths(item, "IlluminationTypeCodeSequence"),
    "TotalPixelMatrixColumns": lambda item: number(item, "TotalPixelMatrixColumns") > 0,
    "TotalPixelMatrixRows": lambda item: number(item, "TotalPixelMatrixRows") > 0,
    "TotalPixelMatrixOriginSequence": lambda item: bool(items(item, "TotalPixelMatrixOriginSequence")),
    "ImageOrientationSlide": lambda item: len(numbers(item, "ImageOrientationSlide")) == 6,
    "PixelSpacing": lambda item: len(numbers(_measures(item), "PixelSpacing")) == 2,
}
"""What the engine reads of every level without asking whether it is there."""
