"""What the pipeline writes beside a slide's levels, made from the synthetic slide: labels, annotations, faults."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRLittleEndian

from smoke_tests.slide import Instance
from smoke_tests.slide.dataset import code, dataset

ANN = "1.2.840.10008.5.1.4.1.1.91.1"
GROUP = "2.25.7"


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


def label(slide: list[Instance], *, path: bool = True) -> bytes:
    """A LABEL in the slide's series, with the coarsest level's picture; `path`: its optical path."""
    item = parse(slide[-1])
    item.SOPInstanceUID = f"{slide[0].series}.1"
    item.ImageType = ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]
    if not path:
        del item.OpticalPathSequence
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
