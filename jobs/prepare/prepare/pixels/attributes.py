"""The data sets of new instances: what is inherited, what changes, what says where the pixels come from.

Everything that is not named here is the source's, patient and study attributes included. Nothing depends on when it is
made: the creation time is the source's acquisition time, so a second run gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset
from pydicom.multival import MultiValue

from .grid import PixelFormat, TileGrid
from .part10 import file_meta

CONCATENATION = (
    "ConcatenationUID",
    "InConcatenationNumber",
    "InConcatenationTotalNumber",
    "ConcatenationFrameOffsetNumber",
    "SOPInstanceUIDOfConcatenationSource",
)
OF_PIXELS = ("SmallestImagePixelValue", "LargestImagePixelValue", "PixelDataProviderURL", "DigitalSignaturesSequence")
DROPPED = frozenset({*CONCATENATION, *OF_PIXELS, "PerFrameFunctionalGroupsSequence"})
PIXELS = 0x7FE00000
"""Pixel data, offset tables; and after them signatures and padding that hold for the old file only."""
METHODS = {"1.2.840.10008.1.2.4.50": "ISO_10918_1"}


@dataclass(frozen=True)
class Tool:
    """What is named as contributing equipment."""

    version: str
    manufacturer: str = "DICOM imaging platform"
    model: str = "prepare"


def item(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def code(value: str, meaning: str) -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator="DCM", CodeMeaning=meaning)


def inherit_attributes(headers: Sequence[Dataset], uid: str, form: PixelFormat, grid: TileGrid, frames: int) -> Dataset:
    """The source's attributes for one instance with all its frames in full order. `headers` of all parts, in order."""
    source = headers[0]
    made = Dataset()
    for element in source:
        if element.tag < PIXELS and element.keyword not in DROPPED:
            made[element.tag] = deepcopy(element)
    _share(made, source)
    _identify(made)
    made.SOPInstanceUID = uid
    made.file_meta = file_meta(made, form.syntax)
    made.DimensionOrganizationType = "TILED_FULL"
    if "DimensionIndexSequence" in made:
        del made.DimensionIndexSequence
    made.NumberOfFrames = frames
    made.NumberOfOpticalPaths = max(len(made.get("OpticalPathSequence") or ()), 1)
    made.Rows, made.Columns = grid.tile_rows, grid.tile_columns
    made.TotalPixelMatrixRows, made.TotalPixelMatrixColumns = grid.rows, grid.columns
    made.SamplesPerPixel, made.PhotometricInterpretation = form.samples, form.photometric
    made.BitsAllocated, made.BitsStored = form.bits, form.stored or form.bits
    made.HighBit, made.PixelRepresentation = made.BitsStored - 1, int(form.signed)
    if form.colour:
        made.PlanarConfiguration = int(form.planar)
    moment = _acquisition_time(source)
    made.InstanceCreationDate, made.InstanceCreationTime = moment[:8], moment[8:]
    return made


def mark_as_level(made: Dataset, times: int) -> None:
    """Says that the pixels are means of 2^times x 2^times pixels of the source."""
    kind = ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]
    made.ImageType = kind
    factor = 2**times
    for measures in _measures(made):
        measures.PixelSpacing = [_decimal(float(spacing) * factor) for spacing in measures.PixelSpacing]
    for group in made.get("SharedFunctionalGroupsSequence") or ():
        for frame_type in group.get("WholeSlideMicroscopyImageFrameTypeSequence") or ():
            frame_type.FrameType = kind
    made.DerivationDescription = f"Reduced {factor} times by averaging blocks of pixels"
    made.DerivationCodeSequence = [code("113085", "Spatial resampling")]


def set_spacing(made: Dataset, spacing: Sequence[float]) -> None:
    """PixelSpacing (mm, between rows and between columns) of all frames; nothing where none is given."""
    for measures in _measures(made) if spacing else ():
        measures.PixelSpacing = [_decimal(value) for value in spacing]


def _measures(made: Dataset) -> Iterator[Dataset]:
    """What all frames share that says a PixelSpacing."""
    for group in made.get("SharedFunctionalGroupsSequence") or ():
        yield from (measures for measures in group.get("PixelMeasuresSequence") or () if "PixelSpacing" in measures)


def add_sources(made: Dataset, sources: Sequence[Dataset], purpose: Dataset) -> None:
    """Refers to the instances that the pixels come from, in the Common Instance Reference module, too."""
    made.SourceImageSequence = [
        item(
            ReferencedSOPClassUID=source.SOPClassUID,
            ReferencedSOPInstanceUID=source.SOPInstanceUID,
            PurposeOfReferenceCodeSequence=[purpose],
        )
        for source in sources
    ]
    by_series = {str(item.get("SeriesInstanceUID")): item for item in made.get("ReferencedSeriesSequence") or ()}
    for source in sources:
        series = by_series.setdefault(str(source.SeriesInstanceUID), item(SeriesInstanceUID=source.SeriesInstanceUID))
        instances = list(series.get("ReferencedInstanceSequence") or ())
        if all(instance.get("ReferencedSOPInstanceUID") != source.SOPInstanceUID for instance in instances):
            reference = item(ReferencedSOPClassUID=source.SOPClassUID, ReferencedSOPInstanceUID=source.SOPInstanceUID)
            series.ReferencedInstanceSequence = [*instances, reference]
    made.ReferencedSeriesSequence = list(by_series.values())


def add_equipment(made: Dataset, tool: Tool, what: str) -> None:
    """Adds this job to the equipment that contributed; without a time, which would differ from run to run."""
    before = list(made.get("ContributingEquipmentSequence") or ())
    made.ContributingEquipmentSequence = [
        *before,
        item(
            PurposeOfReferenceCodeSequence=[code("109103", "Modifying Equipment")],
            Manufacturer=tool.manufacturer,
            ManufacturerModelName=tool.model,
            SoftwareVersions=tool.version,
            ContributionDescription=what,
        ),
    ]


def record_compression(made: Dataset, form: PixelFormat, encoded_bytes: int) -> None:
    """Adds a lossy compression to the history, when `form` is one. `encoded_bytes` of all frames."""
    method = METHODS.get(form.syntax)
    if method is None:
        return
    ratio = round(form.raw_bytes * int(made.NumberOfFrames) / max(encoded_bytes, 1), 2)
    ratios, methods = _list(made, "LossyImageCompressionRatio"), _list(made, "LossyImageCompressionMethod")
    made.LossyImageCompression = "01"
    made.LossyImageCompressionRatio = [*ratios, _decimal(ratio)]
    made.LossyImageCompressionMethod = [*methods, method]


def _share(made: Dataset, source: Dataset) -> None:
    """Moves what each frame says alike (spacing, optical path) from the frames to what they share."""
    frames = source.get("PerFrameFunctionalGroupsSequence")
    shared = made.get("SharedFunctionalGroupsSequence")
    if not frames or not shared:
        return
    for keyword in ("PixelMeasuresSequence", "WholeSlideMicroscopyImageFrameTypeSequence"):
        if keyword not in shared[0] and keyword in frames[0]:
            setattr(shared[0], keyword, deepcopy(frames[0][keyword].value))
    paths = "OpticalPathIdentificationSequence"
    if len(source.get("OpticalPathSequence") or ()) == 1 and paths not in shared[0] and paths in frames[0]:
        setattr(shared[0], paths, deepcopy(frames[0][paths].value))


def _identify(made: Dataset) -> None:
    """Names the only optical path where the frames name another: whoever reads this one must not ask which is right."""
    described, shared = made.get("OpticalPathSequence") or (), made.get("SharedFunctionalGroupsSequence") or ()
    if len(described) == 1 and shared and "OpticalPathIdentificationSequence" in shared[0]:
        name = described[0].get("OpticalPathIdentifier")
        shared[0].OpticalPathIdentificationSequence = [item(OpticalPathIdentifier=name)]


def _acquisition_time(source: Dataset) -> str:
    """Date and time (YYYYMMDDHHMMSS) of acquisition, or the best there is; 1970 when nothing is told."""
    for moment in _moments(source):
        if len(moment) >= 8 and moment[:8].isdigit():
            return moment[:14].partition(".")[0].ljust(14, "0")
    return "19700101000000"


def _moments(source: Dataset) -> Iterator[str]:
    yield str(source.get("AcquisitionDateTime") or "")
    for kind in ("Acquisition", "Content", "Series", "Study"):
        yield str(source.get(f"{kind}Date") or "") + str(source.get(f"{kind}Time") or "")


def _list(made: Dataset, keyword: str) -> list[Any]:
    value = made.get(keyword)
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, MultiValue) else [value]


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters (VR DS)."""
    text = repr(value)
    return text if len(text) <= 16 else f"{value:.10g}"
