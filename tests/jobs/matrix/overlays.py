"""Real objects over level 2 of a slide: an outline in its pixels (ANN), and a disc in tiles like its own (SEG).

Both lie where nothing else of the slide does, and neither is symmetric, so that another level's transform, a mirrored
axis or another frame puts them somewhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prepare.model.metadata import WHOLE_SLIDE
from pydicom import Dataset

from smoke_tests.slide.dataset import code, dataset
from tests.jobs.fakes import attributes
from tests.jobs.matrix.slides import ANN, SEG, SERIES

Json = dict[str, Any]
Frames = Mapping[tuple[int, int], tuple[str, int]]
"""Row and column of a tile: the instance that has its frame, and its number there from 1."""

EDGE, SIZE = 256, 512
"""Of a tile, and of level 2, in pixels."""
SQUARE = (1, 1)
"""The slide's proportions."""
CORNERS = ((90.0, 60.0), (222.0, 60.0), (222.0, 170.0), (130.0, 190.0))
"""Column and row in pixels of level 2."""
CENTRE, RADIUS = (250.0, 150.0), 60.0
"""Of the disc; it lies on the upper two tiles."""
LABEL = "Outline"


def outline(instance: str) -> Json:
    """An ANN over `instance`, series 1.2.5."""
    refers = dataset(ReferencedSOPClassUID=WHOLE_SLIDE, ReferencedSOPInstanceUID=instance)
    group = dataset(
        AnnotationGroupNumber=1,
        AnnotationGroupUID="2.25.7",
        AnnotationGroupLabel=LABEL,
        AnnotationGroupGenerationType="MANUAL",
        AnnotationPropertyCategoryCodeSequence=[code("91723000", "SCT", "Anatomical structure")],
        AnnotationPropertyTypeCodeSequence=[code("108369006", "SCT", "Neoplasm")],
        NumberOfAnnotations=1,
        GraphicType="POLYGON",
        PointCoordinatesData=np.array(CORNERS, "<f4").tobytes(),
        LongPrimitivePointIndexList=np.array([1], "<u4").tobytes(),
    )
    made = dataset(AnnotationCoordinateType="2D", ReferencedImageSequence=[refers], AnnotationGroupSequence=[group])
    return _object(made, ANN, "ANN", "1.2.5", [instance])


def disc(frames: Frames) -> Json:
    """A SEG of the tiles that the disc is on, each derived from that tile's frame; series 1.2.6."""
    told = {place: frame for place, frame in sorted(frames.items()) if mask(*place).any()}
    kind = dataset(
        SegmentNumber=1,
        SegmentLabel="Disc",
        SegmentAlgorithmType="MANUAL",
        SegmentedPropertyCategoryCodeSequence=[code("91723000", "SCT", "Anatomical structure")],
        SegmentedPropertyTypeCodeSequence=[code("108369006", "SCT", "Neoplasm")],
    )
    made = dataset(
        ImageType=["DERIVED", "PRIMARY"],
        SegmentationType="BINARY",
        SegmentSequence=[kind],
        Rows=EDGE,
        Columns=EDGE,
        NumberOfFrames=len(told),
        TotalPixelMatrixRows=SIZE,
        TotalPixelMatrixColumns=SIZE,
        TotalPixelMatrixOriginSequence=[
            dataset(XOffsetInSlideCoordinateSystem=20.0, YOffsetInSlideCoordinateSystem=40.0)
        ],
        ImageOrientationSlide=[0, -1, 0, -1, 0, 0],
        DimensionOrganizationType="TILED_SPARSE",
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        BitsAllocated=1,
        BitsStored=1,
        HighBit=0,
        PixelRepresentation=0,
        LossyImageCompression="00",
        SharedFunctionalGroupsSequence=[
            dataset(PixelMeasuresSequence=[dataset(PixelSpacing=[1 / SIZE, 1 / SIZE], SliceThickness=0.001)])
        ],
        PerFrameFunctionalGroupsSequence=[_tile(*place, *frame) for place, frame in told.items()],
    )
    made.add_new("PixelData", "OB", np.packbits([mask(*place) for place in told], bitorder="little").tobytes())
    return _object(made, SEG, "SEG", "1.2.6", sorted({instance for instance, _ in told.values()}))


def mask(row: int, column: int) -> NDArray[np.bool_]:
    """The disc's pixels on one tile."""
    x, y = (np.arange(EDGE) + 0.5 + EDGE * at for at in (column, row))
    return np.hypot(x[None, :] - CENTRE[0], y[:, None] - CENTRE[1]) < RADIUS


def _tile(row: int, column: int, instance: str, number: int) -> Dataset:
    where = dataset(
        ColumnPositionInTotalImagePixelMatrix=column * EDGE + 1, RowPositionInTotalImagePixelMatrix=row * EDGE + 1
    )
    source = dataset(ReferencedSOPClassUID=WHOLE_SLIDE, ReferencedSOPInstanceUID=instance, ReferencedFrameNumber=number)
    return dataset(
        PlanePositionSlideSequence=[where],
        DerivationImageSequence=[dataset(SourceImageSequence=[source])],
        SegmentIdentificationSequence=[dataset(ReferencedSegmentNumber=1)],
    )


def _object(made: Dataset, sop_class: str, modality: str, series: str, instances: list[str]) -> Json:
    refers = [attributes({"ReferencedSOPClassUID": WHOLE_SLIDE, "ReferencedSOPInstanceUID": one}) for one in instances]
    head = attributes({
        "SOPClassUID": sop_class, "SOPInstanceUID": f"{series}.1", "SeriesInstanceUID": series, "Modality": modality,
        "FrameOfReferenceUID": "1.2.77",
        "ReferencedSeriesSequence": [
            attributes({"SeriesInstanceUID": SERIES, "ReferencedInstanceSequence": refers})
        ],
    })  # fmt: skip
    return made.to_json_dict() | head
