"""One whole-slide image instance as the rules see it, read from DICOM JSON.

Only technical attributes. Identifiers of container and patient are compared, as digests that leave no trace.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from . import positions
from .metadata import Json, items, number, numbers, references, slide_key, tag, text, values

PATIENT = ("PatientID", "IssuerOfPatientID")
LABEL_ATTRIBUTES = ("BarcodeValue", "LabelText")
NAMED = "by name "
"""Begins a digest of who has no PatientID."""
DESCRIBING = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
"""How the pixels of a frame are stored."""
BITS = (8, 16)
"""Of a sample, that slides are stored with."""
PRIVATE = "private elements"
"""Stands for all elements of odd groups: nobody knows what they say, so no label policy can let them pass."""


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
    origin: tuple[float, ...] = ()
    """X and Y of TotalPixelMatrixOriginSequence; empty where they cannot be used."""
    pyramid: str = ""
    """PyramidUID."""
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
    shared_position: bool = False
    """What all frames share says where they lie: of one frame, that is its place."""
    places: tuple[tuple[int, int], ...] = ()
    """(column, row) of each frame's tile counted from 0, by its positions; empty unless all lie on the grid."""
    optical_paths: tuple[str, ...] = ("1",)
    paths_told: int = 0
    """NumberOfOpticalPaths, 1 where it is missing or 0, as the engine has it; 0: as many as there are."""
    unidentified: bool = False
    """By its positions, but a frame does not say which optical path it shows."""
    misidentified: bool = False
    """Or says that it shows one that the image does not describe."""
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
    row_spacing: float = 0.0
    """Between rows; 0 when not told, or equal."""
    undescribed: tuple[str, ...] = ()
    """Keywords of `DESCRIBING` without a value that can be used: nobody knows what its frames are."""
    missing: tuple[str, ...] = ()
    """Keywords of `REQUIRED` that it lacks."""
    slide: tuple[str, str, str] = ("", "", "")
    """FrameOfReferenceUID, ContainerIdentifier, AcquisitionUID; never put out."""
    burned_in: bool = False
    """BurnedInAnnotation or SpecimenLabelInImage is YES."""
    label_attributes: tuple[str, ...] = ()
    """Keywords of `LABEL_ATTRIBUTES` with a value; `PRIVATE` where private elements have one."""
    unusable_profile: bool = False
    """An optical path has an ICCProfile that is no profile (empty ones count as absent)."""
    own_measures: bool = False
    """Spacing is told frame by frame only, and alike."""
    names: tuple[str, ...] = ()
    """SOPInstanceUIDs that its attributes refer to."""
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
        spacing = usable_spacing(_measures(item)) or usable_spacing(_frame_measures(per_frame))
        orientation = numbers(item, "ImageOrientationSlide")
        profiles = [profile for path in paths if (profile := path.get(tag("ICCProfile")))]
        placed = positions.places(per_frame, columns, rows)
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
                positions.count_stacked(per_frame),
            ),
            depth=positions.depth(item, per_frame),
            orientation=orientation if is_usable_orientation(orientation) else (),
            origin=usable_origin(item),
            pyramid=text(item, "PyramidUID"),
            scan=(text(item, "AcquisitionDateTime"), text(item, "ExtendedDepthOfField")),
            samples=number(item, "SamplesPerPixel", 1),
            photometric=text(item, "PhotometricInterpretation"),
            planar=number(item, "PlanarConfiguration") == 1,
            bits=number(item, "BitsAllocated", 8),
            signed=number(item, "PixelRepresentation") == 1,
            lossy=text(item, "LossyImageCompression") == "01",
            organization=text(item, "DimensionOrganizationType"),
            per_frame_items=len(per_frame) if tag("PerFrameFunctionalGroupsSequence") in item else None,
            positions=positions.positions(item, per_frame),
            shared_position=positions.is_shared(item),
            places=placed,
            optical_paths=tuple(text(path, "OpticalPathIdentifier") for path in paths),
            paths_told=number(item, "NumberOfOpticalPaths") or 1,
            unidentified=positions.is_unidentified(item, per_frame),
            misidentified=positions.is_misidentified(item, per_frame),
            concatenation=text(item, "ConcatenationUID"),
            concatenation_source=text(item, "SOPInstanceUIDOfConcatenationSource"),
            concatenation_offset=number(item, "ConcatenationFrameOffsetNumber"),
            concatenation_parts=number(item, "InConcatenationTotalNumber"),
            icc=any(map(is_usable_profile, profiles)),
            unusable_profile=any(has_value(profile) and not is_usable_profile(profile) for profile in profiles),
            icc_digest=profile_digest(path.get(tag("ICCProfile"), {}).get("InlineBinary", "") for path in paths),
            spacing=spacing[-1] if spacing else 0.0,
            row_spacing=spacing[0] if spacing and spacing[0] != spacing[-1] else 0.0,
            undescribed=tuple(name for name in DESCRIBING if not _describes(name, number(item, name))),
            missing=tuple(name for name, has in REQUIRED.items() if not has(item)),
            slide=slide_key(item),
            burned_in="YES" in (text(item, "BurnedInAnnotation"), text(item, "SpecimenLabelInImage")),
            label_attributes=tuple(
                [name for name in LABEL_ATTRIBUTES if text(item, name)] + ([PRIVATE] if has_private(item) else [])
            ),
            own_measures=not usable_spacing(_measures(item)) and bool(usable_spacing(_frame_measures(per_frame))),
            names=tuple(sorted(set(find_references(item)))),
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
    def spacings(self) -> tuple[float, float] | None:
        """Between columns and between rows."""
        return (self.spacing, self.row_spacing or self.spacing) if self.spacing else None

    @property
    def tiles(self) -> int:
        """Tiles of one plane of this image's grid."""
        if not self.rows or not self.columns:
            return 0
        return self.across * self.down

    @property
    def across(self) -> int:
        """Tiles in a row of this image's grid."""
        return -(-self.total_columns // max(self.columns, 1))

    @property
    def down(self) -> int:
        """Rows of tiles."""
        return -(-self.total_rows // max(self.rows, 1))

    @property
    def first_frame(self) -> int:
        """Of the frames of its level, from 0. One that has them all begins with the first, whatever it says: the engine
        asks no single image for its ConcatenationFrameOffsetNumber."""
        whole = self.tiles * max(len(self.optical_paths), 1)
        return 0 if self.frames >= whole else self.concatenation_offset

    @property
    def raw_frame_bytes(self) -> int:
        return self.rows * self.columns * self.samples * max(self.bits, 8) // 8

    @property
    def in_pyramid(self) -> bool:
        return self.flavor in ("VOLUME", "THUMBNAIL")

    @property
    def sparse(self) -> bool:
        """Whether the engine takes the image for tiled sparsely."""
        return self.organization != "TILED_FULL"


def shows_label(item: Json) -> bool:
    """Whether any image says that it shows a slide's label, or has its text: in pixels or in attributes."""
    burned = "YES" in (text(item, "BurnedInAnnotation"), text(item, "SpecimenLabelInImage"))
    kind = {str(value) for value in values(item, "ImageType")[2:3]}
    return burned or bool(kind & {"LABEL", "OVERVIEW"}) or any(text(item, name) for name in LABEL_ATTRIBUTES)


def patient_digest(item: Json) -> str:
    """Equal for instances of one patient; cannot be turned back into who it is, and is not kept."""
    identified = _digest([*(text(item, keyword) for keyword in PATIENT)])
    return identified or (NAMED + named if (named := _digest([text(item, "PatientName").upper()])) else "")


def profile_digest(profiles: Iterable[str]) -> str:
    """A digest of the ICC profiles of an image's optical paths, each in base64; empty without any."""
    return _digest(profiles)


def _digest(parts: Iterable[object]) -> str:
    words = [str(part) for part in parts]
    return hashlib.sha256("|".join(words).encode()).hexdigest()[:16] if any(words) else ""


def _measures(item: Json) -> Json:
    """The pixel measures of all frames together: the only ones that the engine reads."""
    groups = items(item, "SharedFunctionalGroupsSequence")
    measures = items(groups[0], "PixelMeasuresSequence") if groups else []
    return measures[0] if measures else {}


def _frame_measures(per_frame: list[Json]) -> Json:
    """The pixel measures that each frame has by itself, where all agree and none lacks them."""
    per_frame_measures = [items(frame, "PixelMeasuresSequence") for frame in per_frame]
    if not per_frame_measures or not all(per_frame_measures):
        return {}
    alike = {usable_spacing(measures[0]) for measures in per_frame_measures}
    return per_frame_measures[0][0] if len(alike) == 1 else {}


def usable_spacing(measures: Json) -> tuple[float, ...]:
    """Two positive lengths in millimetres, or nothing."""
    spacing = numbers(measures, "PixelSpacing")
    return spacing if len(spacing) == 2 and all(math.isfinite(value) and value > 0 for value in spacing) else ()


def usable_origin(item: Json) -> tuple[float, ...]:
    """X and Y of the first pixel on the glass in millimetres, or nothing."""
    for origin in items(item, "TotalPixelMatrixOriginSequence")[:1]:
        x, y = (numbers(origin, f"{axis}OffsetInSlideCoordinateSystem") for axis in "XY")
        if len(x) == len(y) == 1 and math.isfinite(x[0]) and math.isfinite(y[0]):
            return x[0], y[0]
    return ()


def is_usable_orientation(cosines: tuple[float, ...]) -> bool:
    """Directions of rows and columns: of length 1, at a right angle (with what rounding takes)."""
    if len(cosines) != 6 or not all(map(math.isfinite, cosines)):
        return False
    row, column = cosines[:3], cosines[3:]
    across = sum(one * other for one, other in zip(row, column, strict=True))
    return abs(across) < 0.1 and all(abs(math.hypot(*vector) - 1) < 0.1 for vector in (row, column))


def has_value(element: Json) -> bool:
    return bool(element.get("InlineBinary") or element.get("BulkDataURI") or element.get("Value"))


def is_usable_profile(element: Json) -> bool:
    """An ICC profile: by its signature where the metadata has it, else as far as one can tell before it is read."""
    if element.get("BulkDataURI"):
        return True
    try:
        return is_profile(base64.b64decode(str(element.get("InlineBinary") or "")))
    except (binascii.Error, ValueError):
        return False


def is_profile(data: bytes) -> bool:
    """Whether these bytes are an ICC profile, by the signature at byte 36 and the size at byte 0 that every
    profile has (ICC.1 7.2): one cut off is none.
    """
    return data[36:40] == b"acsp" and 128 <= int.from_bytes(data[:4], "big") <= len(data)


def has_private(item: Json) -> bool:
    """Whether an element of an odd group, at any depth, has a value (what reserves its block aside)."""
    stack: list[Json] = [item]
    while stack:
        for key, element in stack.pop().items():
            if not isinstance(element, dict):
                continue
            if _is_private(key) and has_value(element):
                return True
            if element.get("vr") == "SQ":
                stack += [child for child in element.get("Value") or [] if isinstance(child, dict)]
    return False


def _is_private(key: str) -> bool:
    """Whether a tag is private, by the last digit of its group; elements 0010 to 00FF only reserve blocks."""
    return key[3:4].lower() in (*"13579", *"bdf") and key[4:6] != "00"


def find_references(item: Json) -> Iterator[str]:
    """The ReferencedSOPInstanceUID of every reference, at any depth."""
    return (instance for instance, _ in references(item))


def _describes(keyword: str, value: int) -> bool:
    return value in BITS if keyword == "BitsAllocated" else value > 0


def _all_paths(item: Json, keyword: str) -> bool:
    paths = items(item, "OpticalPathSequence")
    return all(any(value not in (None, "") for value in values(path, keyword)) for path in paths)


REQUIRED = {
    "OpticalPathSequence": lambda item: bool(items(item, "OpticalPathSequence")),
    "OpticalPathIdentifier": lambda item: _all_paths(item, "OpticalPathIdentifier"),
    "IlluminationTypeCodeSequence": lambda item: _all_paths(item, "IlluminationTypeCodeSequence"),
    "TotalPixelMatrixColumns": lambda item: number(item, "TotalPixelMatrixColumns") > 0,
    "TotalPixelMatrixRows": lambda item: number(item, "TotalPixelMatrixRows") > 0,
    "TotalPixelMatrixOriginSequence": lambda item: bool(usable_origin(item)),
    "ImageOrientationSlide": lambda item: is_usable_orientation(numbers(item, "ImageOrientationSlide")),
    "PixelSpacing": lambda item: bool(usable_spacing(_measures(item))),
}
"""What the engine reads of every level without asking whether it is there: a value counts when it can be used."""
