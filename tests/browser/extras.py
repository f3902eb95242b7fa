"""What the pipeline writes beside a slide's levels, made from the synthetic slide: labels, annotations, faults."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from playwright.sync_api import Route
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRLittleEndian

from smoke_tests.slide import Instance
from smoke_tests.slide.dataset import code, dataset

ANN = "1.2.840.10008.5.1.4.1.1.91.1"
GROUP = "2.25.7"


def metadata_without(tag: str) -> Callable[[Route], None]:
    """Answers as the store does, but for one attribute of each instance."""

    def answer(route: Route) -> None:
        given = route.fetch()
        bare = [{key: value for key, value in item.items() if key != tag} for item in given.json()]
        route.fulfill(response=given, json=bare)

    return answer


def parse(instance: Instance) -> Dataset:
    return pydicom.dcmread(io.BytesIO(instance.data))


def reread(data: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def written(item: Dataset) -> bytes:
    item.file_meta.MediaStorageSOPInstanceUID = item.SOPInstanceUID
    item.file_meta.MediaStorageSOPClassUID = item.SOPClassUID
    out = io.BytesIO()
    item.save_as(out, enforce_file_format=True)
    return out.getvalue()


def changed(slide: list[Instance], change: Callable[[Dataset], None]) -> list[bytes]:
    """The slide's files with `change` done to the base level's attributes."""
    base = parse(slide[0])
    change(base)
    return [written(base), *(instance.data for instance in slide[1:])]


def cropped(slide: list[Instance], columns: int, rows: int) -> list[bytes]:
    """The slide's upper left part, of `columns` x `rows` pixels of the base level: a slide of any shape."""
    files: list[bytes] = []
    for level in slide:
        item, factor = parse(level), slide[0].columns // level.columns
        frames = list(generate_frames(item.PixelData, number_of_frames=len(level.frames)))
        item.TotalPixelMatrixColumns, item.TotalPixelMatrixRows = -(-columns // factor), -(-rows // factor)
        across, down = (-(-size // level.tile) for size in (item.TotalPixelMatrixColumns, item.TotalPixelMatrixRows))
        stride = -(-level.columns // level.tile)
        kept = [frames[row * stride + column] for row in range(down) for column in range(across)]
        item.NumberOfFrames, item.PixelData = len(kept), encapsulate(kept, has_bot=True)
        item["PixelData"].is_undefined_length = True
        files.append(written(item))
    return files


def label(slide: list[Instance], *, path: bool = True) -> bytes:
    """A LABEL in the slide's series, with the coarsest level's picture; `path`: its optical path."""
    item = parse(slide[-1])
    item.SOPInstanceUID = f"{slide[0].series}.1"
    item.ImageType = ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]
    if not path:
        del item.OpticalPathSequence
    return written(item)


def overview(slide: list[Instance]) -> bytes:
    """An OVERVIEW in the slide's series, with the coarsest level's picture."""
    item = parse(slide[-1])
    item.SOPInstanceUID, item.ImageType = f"{slide[0].series}.4", ["ORIGINAL", "PRIMARY", "OVERVIEW", "NONE"]
    return written(item)


def annotation(slide: list[Instance], *, of: str = "") -> bytes:
    """An ANN with one group: a polygon over the middle half of the base level, or of the instance `of`."""
    base = parse(slide[0])
    low, high = base.TotalPixelMatrixColumns // 4, base.TotalPixelMatrixColumns * 3 // 4
    corners = np.array([[low, low], [high, low], [high, high], [low, high], [low, low]], "<f4")
    item = Dataset()
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate", "StudyTime", "FrameOfReferenceUID"):
        setattr(item, keyword, base[keyword].value)
    refers = dataset(ReferencedSOPClassUID=base.SOPClassUID, ReferencedSOPInstanceUID=of or base.SOPInstanceUID)
    group = dataset(
        AnnotationGroupNumber=1,
        AnnotationGroupUID=GROUP,
        AnnotationGroupLabel="Tumour",
        AnnotationGroupGenerationType="MANUAL",
        AnnotationPropertyCategoryCodeSequence=[code("91723000", "SCT", "Anatomical structure")],
        AnnotationPropertyTypeCodeSequence=[code("108369006", "SCT", "Neoplasm")],
        NumberOfAnnotations=1,
        GraphicType="POLYGON",
        PointCoordinatesData=corners.tobytes(),
        LongPrimitivePointIndexList=np.array([1], "<u4").tobytes(),
    )
    item.update(
        dataset(
            SOPClassUID=ANN,
            SOPInstanceUID=f"{slide[0].series}.2",
            SeriesInstanceUID=f"{slide[0].series}.3",
            SeriesNumber=2,
            Modality="ANN",
            AnnotationCoordinateType="2D",
            ReferencedImageSequence=[refers],
            ReferencedSeriesSequence=[
                dataset(SeriesInstanceUID=base.SeriesInstanceUID, ReferencedInstanceSequence=[refers])
            ],
            AnnotationGroupSequence=[group],
        )
    )
    item.file_meta = FileMetaDataset()
    item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return written(item)


def with_damaged_tiles(slide: list[Instance], level: int, numbers: set[int]) -> list[bytes]:
    """Tiles whose JPEG header is sound and whose rest is of another picture's size: the engine's decoder throws."""
    item = parse(slide[level])
    frames = list(generate_frames(item.PixelData, number_of_frames=len(slide[level].frames)))
    for number in numbers:
        frame = frames[number - 1]
        at = frame.index(b"\xff\xc0") + 5
        frames[number - 1] = frame[:at] + (120).to_bytes(2, "big") + frame[at + 2 :]
    item.PixelData = encapsulate(frames, has_bot=True)
    item["PixelData"].is_undefined_length = True
    return [written(item), *(one.data for one in slide if one.level != level)]


def points(slide: list[Instance]) -> bytes:
    """An ANN of 400 points over the middle of the slide."""
    item = reread(annotation(slide))
    group = item.AnnotationGroupSequence[0]
    group.GraphicType, group.NumberOfAnnotations = "POINT", 400
    low, high = slide[0].columns // 4, slide[0].columns * 3 // 4
    places = np.stack(np.meshgrid(np.linspace(low, high, 20), np.linspace(low, high, 20)), axis=-1)
    group.PointCoordinatesData = places.astype("<f4").tobytes()
    del group.LongPrimitivePointIndexList
    return written(item)


def uncompressed(item: Dataset, pixels: NDArray[Any], bits: int) -> bytes:
    """The item with these samples, (frames, rows, columns), in place of its own."""
    item.SamplesPerPixel, item.PhotometricInterpretation = 1, "MONOCHROME2"
    item.BitsAllocated = item.BitsStored = bits
    item.HighBit, item.PixelRepresentation = bits - 1, 0
    for keyword in ("PlanarConfiguration", *(f"LossyImageCompression{end}" for end in ("", "Ratio", "Method"))):
        if keyword in item:
            delattr(item, keyword)
    item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    item.PixelData = pixels.tobytes()
    item["PixelData"].VR = "OW" if bits > 8 else "OB"
    item["PixelData"].is_undefined_length = False
    return written(item)


def dimmed(level: Instance) -> bytes:
    """The level as fluorescence of 16 bits whose signal goes from 0 to 1,000."""
    item = parse(level)
    for path in item.OpticalPathSequence:
        if "ICCProfile" in path:
            del path.ICCProfile
    ramp = np.linspace(0, 1000, int(item.Columns), dtype="<u2")
    return uncompressed(item, np.tile(ramp, (int(item.NumberOfFrames), int(item.Rows), 1)), 16)


def segmentation(slide: list[Instance]) -> bytes:
    """A fractional SEG of the base level's grid: all of the slide is one segment, Gland."""
    item = parse(slide[0])
    item.SOPClassUID, item.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.66.4", f"{slide[0].series}.5"
    item.SeriesInstanceUID, item.Modality = f"{slide[0].series}.6", "SEG"
    item.ImageType = ["DERIVED", "PRIMARY"]
    item.SegmentationType, item.SegmentationFractionalType, item.MaximumFractionalValue = (
        "FRACTIONAL",
        "PROBABILITY",
        255,
    )
    tissue = [code("85756007", "SCT", "Tissue")]
    item.SegmentSequence = [
        dataset(
            SegmentNumber=1, SegmentLabel="Gland", SegmentAlgorithmType="MANUAL",
            SegmentedPropertyCategoryCodeSequence=tissue, SegmentedPropertyTypeCodeSequence=tissue,
        )
    ]  # fmt: skip
    refers = dataset(ReferencedSOPClassUID=parse(slide[0]).SOPClassUID, ReferencedSOPInstanceUID=slide[0].uid)
    item.ReferencedSeriesSequence = [dataset(SeriesInstanceUID=slide[0].series, ReferencedInstanceSequence=[refers])]
    del item.OpticalPathSequence
    shape = (int(item.NumberOfFrames), int(item.Rows), int(item.Columns))
    return uncompressed(item, np.full(shape, 255, np.uint8), 8)


def parametric_map(slide: list[Instance]) -> bytes:
    """A parametric map of 16 bits on the base level's grid, Heat: 0 on the left of a tile, 1,000 on its right."""
    item = parse(slide[0])
    item.SOPClassUID, item.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.30", f"{slide[0].series}.8"
    item.SeriesInstanceUID, item.Modality = f"{slide[0].series}.9", "OT"
    item.ImageType, item.PixelPresentation = ["DERIVED", "PRIMARY", "VOLUME", "NONE"], "MONOCHROME"
    shared = item.SharedFunctionalGroupsSequence[0]
    shared.FrameVOILUTSequence = [dataset(WindowCenter=500, WindowWidth=1000)]
    shared.RealWorldValueMappingSequence = [
        dataset(
            LUTLabel="Heat", LUTExplanation="Heat", RealWorldValueFirstValueMapped=0,
            RealWorldValueLastValueMapped=1000, RealWorldValueIntercept=0.0, RealWorldValueSlope=1.0,
            MeasurementUnitsCodeSequence=[code("1", "UCUM", "no units")],
        )
    ]  # fmt: skip
    item.RealWorldValueMappingSequence = shared.RealWorldValueMappingSequence
    del item.OpticalPathSequence
    ramp = np.linspace(0, 1000, int(item.Columns), dtype="<u2")
    return uncompressed(item, np.tile(ramp, (int(item.NumberOfFrames), int(item.Rows), 1)), 16)
