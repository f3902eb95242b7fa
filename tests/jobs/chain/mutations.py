"""What can be wrong with a slide: each mutation changes a sound slide in one way, and says what a report must name.

A mutation gives the words of which the report of a slide that is not shown has at least one; nothing where it does not
fit the slide. What cannot be seen from the outside (the same tile swapped on every level) is no mutation.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable

import numpy as np
from pydicom import Dataset

from tests.e2e.tiles_slide import item
from tests.jobs.chain.slides import ChainSlide, Instance, Scene, encoded, sound_slide, uid

Words = tuple[str, ...]
Mutation = Callable[[ChainSlide, random.Random], Words]
MUTATIONS: dict[str, Mutation] = {}
AREA = ("PixelSpacing", "TotalPixelMatrixColumns", "TotalPixelMatrixOriginSequence")
PLACES = ("PlanePositionSlideSequence", "DimensionOrganizationType")
ANOTHER_PICTURE = ("picture", "frame", "tile", "level")

LARGE = 5000
"""Pixels: more than any slide here has."""
WRONG_VALUES: dict[str, tuple[object, ...]] = {
    "Rows": (0, 1, 100, 255, 512),
    "Columns": (0, 1, 100, 257, 512),
    "TotalPixelMatrixColumns": (0, 1, 100, LARGE),
    "TotalPixelMatrixRows": (0, 1, 100, LARGE),
    "NumberOfFrames": (0, 1, 2, 1000),
    "SamplesPerPixel": (0, 1, 2, 3, 4),
    "PhotometricInterpretation": ("NONSENSE", "PALETTE COLOR", "MONOCHROME1", "MONOCHROME2", "RGB", "YBR_FULL"),
    "BitsAllocated": (0, 1, 12, 16, 32),
    "BitsStored": (0, 1, 5, 16),
    "HighBit": (0, 3, 15),
    "PixelRepresentation": (1, 7),
    "PlanarConfiguration": (1,),
    "ImageType": (["DERIVED"], ["DERIVED", "PRIMARY", "NONSENSE", "NONE"], ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]),
    "DimensionOrganizationType": ("3D", "TILED_SPARSE", "TILED_FULL", "NONSENSE"),
    "NumberOfOpticalPaths": (0, 2, 9),
    "TotalPixelMatrixFocalPlanes": (0, 3),
    "ImageOrientationSlide": ([0, 0, 0, 0, 0, 0], [0, -1, 0], [0, 1, 0, 1, 0, 0], [1, 0, 0, 0, 1, 0],
                              [0, -1, 0, 0, -1, 0]),
    "FrameOfReferenceUID": ("1.2.3.4.5",),
    "ContainerIdentifier": ("GLASS-OTHER",),
    "AcquisitionUID": ("1.2.3.4.6",),
    "PyramidUID": ("1.2.3.4.7",),
    "AcquisitionDateTime": ("20200101000000",),
    "PatientID": ("SYN-OTHER",),
    "SOPClassUID": ("1.2.840.10008.5.1.4.1.1.7",),
    "ConcatenationFrameOffsetNumber": (3,),
    "InConcatenationTotalNumber": (4,),
    "OpticalPathSequence": ([Dataset()],),
    "SharedFunctionalGroupsSequence": ([Dataset()],),
    "TotalPixelMatrixOriginSequence": ([Dataset()],),
}  # fmt: skip
"""Of the image itself; each may be absent and empty, too."""
NESTED: dict[str, tuple[Callable[[Dataset], Dataset], tuple[object, ...]]] = {
    "PixelSpacing": (
        lambda image: image.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0],
        ([0, 0], [-0.001, -0.001], [0.001], [0.0005, 0.001], [0.0123, 0.0123]),
    ),
    "OpticalPathIdentifier": (lambda image: image.OpticalPathSequence[0], ("2", "OTHER")),
    "IlluminationTypeCodeSequence": (lambda image: image.OpticalPathSequence[0], ([Dataset()],)),
    "ICCProfile": (
        lambda image: image.OpticalPathSequence[0],
        (bytes(1000), b"nonsense", bytes(36) + b"acsp" + bytes(88)),
    ),
    "XOffsetInSlideCoordinateSystem": (lambda image: image.TotalPixelMatrixOriginSequence[0], (0.0, 21.0, 20.05)),
    "YOffsetInSlideCoordinateSystem": (lambda image: image.TotalPixelMatrixOriginSequence[0], (0.0, 41.0)),
    "PixelMeasuresSequence": (lambda image: image.SharedFunctionalGroupsSequence[0], ([Dataset()],)),
    "OpticalPathIdentificationSequence": (
        lambda image: image.SharedFunctionalGroupsSequence[0],
        ([Dataset()], [item(OpticalPathIdentifier="OTHER")]),
    ),
}  # fmt: skip
ALSO: dict[str, Words] = {
    "Rows": ("Columns", "tile"), "Columns": ("Rows", "tile"), "TotalPixelMatrixColumns": ("TotalPixelMatrixRows",),
    "TotalPixelMatrixRows": ("TotalPixelMatrixColumns",), "DimensionOrganizationType": PLACES,
    "OpticalPathSequence": ("OpticalPathIdentifier", "IlluminationTypeCodeSequence"),
    "SharedFunctionalGroupsSequence": ("PixelSpacing", "OpticalPathIdentificationSequence"),
    "PixelMeasuresSequence": ("PixelSpacing",), "XOffsetInSlideCoordinateSystem": ("TotalPixelMatrixOriginSequence",),
    "YOffsetInSlideCoordinateSystem": ("TotalPixelMatrixOriginSequence",),
    "ImageType": ("VOLUME",), "OpticalPathIdentifier": ("optical path",), "SOPClassUID": ("VOLUME", "level"),
    "OpticalPathIdentificationSequence": ("OpticalPathIdentifier", "optical path"),
    "ConcatenationFrameOffsetNumber": ("concatenation",), "InConcatenationTotalNumber": ("concatenation", "parts"),
}  # fmt: skip
"""Words that tell of the same thing as an attribute's keyword."""


def mutation(change: Mutation) -> Mutation:
    MUTATIONS[change.__name__] = change
    return change


def _any(slide: ChainSlide, chance: random.Random) -> Instance:
    return chance.choice(slide.instances)


def _concerned(slide: ChainSlide, chance: random.Random) -> list[Instance]:
    """One image, or all of them."""
    return list(slide.instances) if chance.random() < 0.25 else [_any(slide, chance)]


@mutation
def attribute(slide: ChainSlide, chance: random.Random) -> Words:
    """Absent, empty, unusable or contradicting."""
    keyword = chance.choice(list(WRONG_VALUES))
    value = chance.choice((None, "absent", *WRONG_VALUES[keyword], *WRONG_VALUES[keyword]))
    if value == LARGE and slide.sparse:  # glass that was not scanned
        return ()
    for one in _concerned(slide, chance):
        _set(one.attributes, keyword, value)
    return keyword, *ALSO.get(keyword, ())


@mutation
def nested_attribute(slide: ChainSlide, chance: random.Random) -> Words:
    keyword = chance.choice(list(NESTED))
    where, wrong = NESTED[keyword]
    value = chance.choice((None, "absent", *wrong, *wrong))
    for one in _concerned(slide, chance):
        try:
            _set(where(one.attributes), keyword, value)
        except (AttributeError, IndexError, TypeError):  # another mutation took away what it would lie in
            continue
    return keyword, *ALSO.get(keyword, ())


def _set(dataset: Dataset, keyword: str, value: object) -> None:
    if isinstance(value, str) and value == "absent":
        if keyword in dataset:
            delattr(dataset, keyword)
        return
    setattr(dataset, keyword, copy.deepcopy(value))


@mutation
def level_dropped(slide: ChainSlide, chance: random.Random) -> Words:
    if len(slide.instances) < 2 * max(slide.channels, 1):  # without any level of a channel nobody misses it
        return ()
    slide.instances.remove(_any(slide, chance))
    return "level", "optical path"


@mutation
def level_doubled(slide: ChainSlide, chance: random.Random) -> Words:
    again = _any(slide, chance).copied()
    again.attributes.SOPInstanceUID = uid(slide.name, "again", chance.random())
    slide.instances.append(again)
    return "level", "PixelSpacing"


@mutation
def level_of_another_slide(slide: ChainSlide, chance: random.Random) -> Words:
    """Same geometry and UIDs, other picture; another level tells that it is another."""
    if len(slide.instances) < 2 * max(slide.channels, 1):
        return ()
    one = _any(slide, chance)
    columns, rows = one.attributes.get("TotalPixelMatrixColumns"), one.attributes.get("TotalPixelMatrixRows")
    if not columns or not rows or columns * rows > 1 << 22:
        return ()
    other = Scene(slide.scene.seed + 1, slide.scene.columns, slide.scene.rows)
    one.frames = _cut(slide, other.draw(columns, rows, 1 if slide.channels else 3))
    return ANOTHER_PICTURE


@mutation
def level_moved(slide: ChainSlide, chance: random.Random) -> Words:
    """A level shows what lies beside its place."""
    if len(slide.instances) < 2 * max(slide.channels, 1):
        return ()
    number = chance.randrange(len(slide.instances))
    one = slide.instances[number]
    columns, rows = one.attributes.get("TotalPixelMatrixColumns"), one.attributes.get("TotalPixelMatrixRows")
    if not columns or not rows or columns * rows > 1 << 22:
        return ()
    path = number // max(1, len(slide.instances) // max(slide.channels, 1)) if slide.channels > 1 else 0
    wider = slide.scene.draw(columns * 5 // 4, rows, 1 if slide.channels else 3, path)
    one.frames = _cut(slide, wider[:, -columns:])
    return *ANOTHER_PICTURE, *AREA


def _cut(slide: ChainSlide, pixels: object) -> list[bytes]:
    drawn = np.asarray(pixels)
    tile = slide.tile
    padded = np.pad(drawn, ((0, tile), (0, tile), (0, 0))[: drawn.ndim], mode="edge")
    rows, columns = drawn.shape[:2]
    return [
        encoded(padded[y : y + tile, x : x + tile], slide.coding)
        for y in range(0, rows, tile)
        for x in range(0, columns, tile)
    ]


def _frames(slide: ChainSlide, chance: random.Random, least: int = 1) -> Instance | None:
    fitting = [one for one in slide.instances if len(one.frames) >= least]
    return chance.choice(fitting) if fitting else None


@mutation
def frame_dropped(slide: ChainSlide, chance: random.Random) -> Words:
    one = _frames(slide, chance, 2)
    if one is None:
        return ()
    del one.frames[chance.randrange(len(one.frames))]
    return "frame", "NumberOfFrames"


@mutation
def frame_doubled(slide: ChainSlide, chance: random.Random) -> Words:
    """In the place of its neighbour."""
    one = _frames(slide, chance, 2)
    if one is None or len(slide.instances) < 2 * max(slide.channels, 1):
        return ()
    at = chance.randrange(1, len(one.frames))
    one.frames[at] = one.frames[at - 1]
    return ANOTHER_PICTURE


@mutation
def frames_swapped(slide: ChainSlide, chance: random.Random) -> Words:
    one = _frames(slide, chance, 2)
    if one is None or len(slide.instances) < 2 * max(slide.channels, 1):
        return ()
    at, other = chance.sample(range(len(one.frames)), 2)
    one.frames[at], one.frames[other] = one.frames[other], one.frames[at]
    return ANOTHER_PICTURE


@mutation
def frames_between_levels(slide: ChainSlide, chance: random.Random) -> Words:
    if len(slide.instances) < 2 * max(slide.channels, 1):  # of one level each, channels are named otherwise then
        return ()
    one, other = chance.sample(slide.instances, 2)
    one.frames, other.frames = other.frames, one.frames
    return *ANOTHER_PICTURE, "NumberOfFrames"


@mutation
def frame_spoilt(slide: ChainSlide, chance: random.Random) -> Words:
    one = _frames(slide, chance)
    if one is None:
        return ()
    at = chance.randrange(len(one.frames))
    frame = one.frames[at]
    left = min(100, len(frame) // 2)  # an RLE frame of one colour has less than a hundred bytes
    spoilt = (b"", frame[: len(frame) // 4 * 2], b"not an image", frame[:left] + bytes(len(frame) - left & ~1))
    one.frames[at] = chance.choice(spoilt)
    if slide.coding == "raw" and len(one.frames[at]) == len(frame):
        one.frames[at] = frame[:-2]  # of as many bytes they would be pixels like others, which nobody can tell
    return "frame", "tile", "pixels"


@mutation
def frame_of_another_size(slide: ChainSlide, chance: random.Random) -> Words:
    one = _frames(slide, chance)
    if one is None:
        return ()
    pixels = slide.scene.draw(chance.choice((64, slide.tile - 8)), slide.tile, 1 if slide.channels else 3)
    one.frames[chance.randrange(len(one.frames))] = encoded(pixels, slide.coding)
    return "frame", "tile", "Rows"


@mutation
def places_changed(slide: ChainSlide, chance: random.Random) -> Words:
    """Of one frame in sparse tiling: swapped, off the grid, outside, doubled, not told."""
    fitting = [one for one in slide.instances if one.attributes.get("PerFrameFunctionalGroupsSequence")]
    if not fitting:
        return ()
    one = chance.choice(fitting)
    frames = one.attributes.PerFrameFunctionalGroupsSequence
    group = chance.choice(list(frames))
    how = chance.choice(("off", "outside", "zero", "absent", "empty", "column", "swapped", "fewer", "long"))
    place = group.PlanePositionSlideSequence[0] if group.get("PlanePositionSlideSequence") else None
    if place is None:
        return ()
    if how == "off":
        place.ColumnPositionInTotalImagePixelMatrix += chance.choice((1, 7))
    elif how == "outside":
        place.RowPositionInTotalImagePixelMatrix += slide.tile * 40
    elif how == "zero":
        place.ColumnPositionInTotalImagePixelMatrix = 0
    elif how == "absent":
        del group.PlanePositionSlideSequence
    elif how == "empty":
        group.PlanePositionSlideSequence = [Dataset()]
    elif how == "column":
        del place.ColumnPositionInTotalImagePixelMatrix
    elif how == "swapped":
        if len(frames) < 2 or len(slide.instances) < 2 * max(slide.channels, 1):
            return ()
        first, second = chance.sample(list(frames), 2)
        first.PlanePositionSlideSequence, second.PlanePositionSlideSequence = (
            second.PlanePositionSlideSequence, first.PlanePositionSlideSequence,
        )  # fmt: skip
        return *PLACES, *ANOTHER_PICTURE
    elif how == "fewer":
        del one.attributes.PerFrameFunctionalGroupsSequence[-1]
    else:
        place.ZOffsetInSlideCoordinateSystem = 0.0
    return *PLACES, "grid", "frame"


@mutation
def plane_added(slide: ChainSlide, chance: random.Random) -> Words:
    """Another depth of one level."""
    again = _any(slide, chance).copied()
    again.attributes.SOPInstanceUID = uid(slide.name, "plane", chance.random())
    for origin in again.attributes.get("TotalPixelMatrixOriginSequence") or ():
        origin.ZOffsetInSlideCoordinateSystem = 0.01
    slide.instances.append(again)
    return "plane", "level"


@mutation
def padded_level(slide: ChainSlide, chance: random.Random) -> Words:
    """A smaller level padded to whole tiles, with or without the spacing that makes it look right."""
    smaller = [one for one in slide.instances if one.attributes.get("ImageType", [""])[0] == "DERIVED"]
    if not smaller or slide.channels or len(slide.instances) < 2:
        return ()
    one = chance.choice(smaller)
    image = one.attributes
    columns, rows = image.get("TotalPixelMatrixColumns"), image.get("TotalPixelMatrixRows")
    if not columns or not rows or columns % slide.tile == 0 or columns * rows > 1 << 22:
        return ()
    wide = -(-columns // slide.tile) * slide.tile
    high = -(-rows // slide.tile) * slide.tile
    drawn = np.full((high, wide, 3), 245, np.uint8)
    drawn[:rows, :columns] = slide.scene.draw(columns, rows)
    one.frames = _cut(slide, drawn)
    image.TotalPixelMatrixColumns, image.TotalPixelMatrixRows = wide, high
    return *AREA, *ANOTHER_PICTURE


@mutation
def thumbnail_of_another(slide: ChainSlide, chance: random.Random) -> Words:
    """Of another slide, or of the whole glass."""
    if slide.channels:
        return ()
    other = sound_slide(f"{slide.name}-thumbnail", chance)
    made = ChainSlide(slide.name, other.scene, slide.coding, 0, slide.tile, False).level(2)
    made.attributes.ImageType = ["DERIVED", "PRIMARY", "THUMBNAIL", "RESAMPLED"]
    made.attributes.SOPInstanceUID = uid(slide.name, "thumbnail", chance.random())
    slide.instances.append(made)
    return *AREA, *ANOTHER_PICTURE


@mutation
def heat_map_on_the_glass(slide: ChainSlide, chance: random.Random) -> Words:
    """A derived image in a series of its own, in colours or without: told by itself, the slide stays."""
    name = f"{slide.name}-map"
    channels = chance.choice((0, 1))
    made = ChainSlide(name, Scene(chance.randrange(99), 400, 300), "jpeg-ls", channels, 128, False).level(1)
    image = made.attributes
    image.StudyInstanceUID, image.ContainerIdentifier = slide.study, f"GLASS-{slide.name}"
    image.FrameOfReferenceUID = uid(slide.name, "frame")
    image.SOPInstanceUID = uid(slide.name, "map", chance.random())
    slide.instances.append(made)
    return ("monochrome", "derived", "glass", "level")


@mutation
def region_in_another_series(slide: ChainSlide, chance: random.Random) -> Words:
    """A second scan of the same glass in a series of its own."""
    if slide.channels:
        return ()
    name = f"{slide.name}-region"
    other = ChainSlide(name, Scene(chance.randrange(99), chance.randrange(300, 600), 400), "jpeg", 0, 128, False)
    for halvings in range(2):
        made = other.level(halvings)
        image = made.attributes
        image.StudyInstanceUID, image.ContainerIdentifier = slide.study, f"GLASS-{slide.name}"
        image.FrameOfReferenceUID = uid(slide.name, "frame")
        image.TotalPixelMatrixOriginSequence[0].XOffsetInSlideCoordinateSystem = 5.0
        slide.instances.append(made)
    return ("series", "glass")
