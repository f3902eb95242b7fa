"""The studies of the matrix as metadata and first bytes of frames: each is right but for what its name says."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from prepare.model.metadata import WHOLE_SLIDE, tag

from tests.jobs.fakes import Store, attributes, item, optical_path, origin, sequence
from tests.jobs.matrix import frames

STUDY, SERIES = "1.2", "1.2.1"
SIZES = (1024, 512, 256)
SLIDES: dict[str, Callable[[], Store]] = {}
Items = list[dict[str, Any]]
ANN, SEG = "1.2.840.10008.5.1.4.1.1.91.1", "1.2.840.10008.5.1.4.1.1.66.4"
SR = "1.2.840.10008.5.1.4.1.1.88.34"
ORIGINAL, RESAMPLED = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]
MONO = {"SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "LossyImageCompression": "00"}
DEEP = {**MONO, "BitsAllocated": 16}
DEEP_FRAME = frames.jpeg_ls(1, 16)
PROFILE = base64.b64encode((128).to_bytes(4, "big") + bytes(32) + b"acsp" + bytes(88)).decode()
"""As much of a colour profile as shows that it is one."""
ICC = optical_path("1", icc=PROFILE)


def slide(make: Callable[[], Store]) -> Callable[[], Store]:
    SLIDES[make.__name__.removeprefix("_")] = make
    return make


def levels(*sizes: int, series: str = SERIES, **more: Any) -> Items:
    """The largest level is ORIGINAL; `more` goes to all."""
    made: Items = []
    for number, size in enumerate(sizes or SIZES, 1):
        kind = ORIGINAL if number == 1 else RESAMPLED
        made.append(item(f"{series}.{number}", size, series, **{"ImageType": kind, **more}))
    return made


def put(*items: dict[str, Any], frame: bytes | None = None, each: dict[str, bytes] | None = None) -> Store:
    """A store with these instances; `each` gives other first bytes to single instances."""
    store = Store()
    store.add(STUDY, *items, frame=frame or frames.jpeg())
    store.samples |= each or {}
    return store


def having(items: Items, number: int, **more: Any) -> Items:
    """Level `number` (from 0) with other attributes; None takes one out."""
    changed = attributes(more)
    gone = {key for keyword, value in more.items() if value is None for key in attributes({keyword: ""})}
    items[number] = {key: value for key, value in (items[number] | changed).items() if key not in gone}
    return items


def part(number: int, of: int, level: int, size: int, count: int, **more: Any) -> dict[str, Any]:
    """One part of a concatenation."""
    return item(
        f"{SERIES}.{level}.{number}", size, NumberOfFrames=count, ConcatenationUID=f"1.2.8.{level}",
        SOPInstanceUIDOfConcatenationSource=f"1.2.9.{level}", ConcatenationFrameOffsetNumber=(number - 1) * count,
        InConcatenationTotalNumber=of, **more,
    )  # fmt: skip


def at(depth: float) -> Items:
    """An origin on the glass, at a depth in millimetres."""
    return [origin(ZOffsetInSlideCoordinateSystem=depth)]


def positions(count: int, across: int, off: int = 0, depth: float | None = None) -> Items:
    """A per-frame sequence that lays `count` tiles row by row."""
    places = [
        {"ColumnPositionInTotalImagePixelMatrix": at % across * 256 + 1 + off,
         "RowPositionInTotalImagePixelMatrix": at // across * 256 + 1, "ZOffsetInSlideCoordinateSystem": depth}
        for at in range(count)
    ]  # fmt: skip
    return [sequence("PlanePositionSlideSequence", place) for place in places]


def label(**more: Any) -> dict[str, Any]:
    return item(f"{SERIES}.9", 256, ImageType=["ORIGINAL", "PRIMARY", "LABEL", "NONE"], **more)


def thumbnail(size: int, tiled: bool = False, **more: Any) -> dict[str, Any]:
    edges = {} if tiled else {"Rows": size, "Columns": size, "NumberOfFrames": 1}
    return item(f"{SERIES}.8", size, ImageType=["DERIVED", "PRIMARY", "THUMBNAIL", "RESAMPLED"], **{**edges, **more})


def annotation(
    sop_class: str, modality: str, *instances: str, series: str = "1.2.5", of: str = WHOLE_SLIDE
) -> dict[str, Any]:
    refers = [attributes({"ReferencedSOPClassUID": of, "ReferencedSOPInstanceUID": one}) for one in instances]
    return attributes({
        "SOPClassUID": sop_class, "SOPInstanceUID": f"{series}.1", "SeriesInstanceUID": series, "Modality": modality,
        "ReferencedSeriesSequence": [attributes({"ReferencedInstanceSequence": refers})],
    })  # fmt: skip


def channels(*sizes: int, **more: Any) -> Items:
    """One instance a level with two optical paths."""
    paths = [optical_path("DAPI"), optical_path("FITC")]
    made = levels(*sizes, OpticalPathSequence=paths, **{**DEEP, **more})
    for number, size in enumerate(sizes or SIZES):
        having(made, number, NumberOfFrames=2 * (-(-size // 256)) ** 2)
    return made


def spacing_of(size: int) -> Any:
    """The shared groups of a level of another size."""
    return item("1", size)[tag("SharedFunctionalGroupsSequence")]["Value"]
