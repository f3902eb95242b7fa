"""Slides whose attributes are right and whose pictures are not, or lie elsewhere; and what nobody can know."""

from __future__ import annotations

from collections.abc import Callable

from prepare.model.metadata import tag

from tests.jobs.fakes import Store, item, optical_path, origin, sequence
from tests.jobs.matrix import frames
from tests.jobs.matrix.doubts import OTHER, channel, spoilt
from tests.jobs.matrix.slides import (
    DEEP_FRAME,
    MONO,
    ORIGINAL,
    SERIES,
    having,
    levels,
    part,
    positions,
    put,
    slide,
    spacing_of,
)


@slide
def level_of_another_slide_of_two() -> Store:
    return put(*levels(512, 256), each={f"{SERIES}.2": frames.jpeg(grey=200)})


def lighter(number: int) -> Callable[[list[bytes]], list[bytes]]:
    """One frame shows something else."""
    other = frames.jpeg(grey=200)
    other += b"\0" * (len(other) % 2)
    return lambda found: [other if at == number else one for at, one in enumerate(found)]


@slide
def frame_of_the_base_of_another_place() -> Store:
    return spoilt(1, lighter(6))


@slide
def frame_of_a_level_of_another_place() -> Store:
    return spoilt(2, lighter(1))


@slide
def padded_levels_without_spacing() -> Store:
    made = levels(1000)
    untold = [{tag("OpticalPathIdentificationSequence"): sequence("OpticalPathIdentificationSequence",
              {"OpticalPathIdentifier": "1"})[tag("OpticalPathIdentificationSequence")]}]  # fmt: skip
    return put(*made, *(item(f"{SERIES}.{size}", size, SharedFunctionalGroupsSequence=untold) for size in (512, 256)))


@slide
def spacing_of_rows_wrong_on_a_level() -> Store:
    wrong = sequence("PixelMeasuresSequence", {"PixelSpacing": [1 / 256, 1 / 512]})
    identified = sequence("OpticalPathIdentificationSequence", {"OpticalPathIdentifier": "1"})
    return put(*having(levels(), 1, SharedFunctionalGroupsSequence=[wrong | identified]))


@slide
def two_regions_in_two_series() -> Store:
    place = [origin(5.0, 40.0)]
    other = levels(1536, 768, series=OTHER, TotalPixelMatrixOriginSequence=place,
                   SharedFunctionalGroupsSequence=spacing_of(1024))  # fmt: skip
    having(other, 1, SharedFunctionalGroupsSequence=spacing_of(512))
    return put(*levels(), *other)


@slide
def heat_map_of_another_size_in_colour() -> Store:
    return put(*levels(), item(f"{OTHER}.1", 640, OTHER), each={f"{OTHER}.1": frames.jpeg(grey=200)})


@slide
def heat_map_in_the_slides_series() -> Store:
    heat = item(f"{SERIES}.7", 512, **{**MONO, "ImageType": ["DERIVED", "PRIMARY", "VOLUME", "NONE"]})
    return put(*levels(), heat, each={f"{SERIES}.7": frames.jpeg_ls(1, 8)})


@slide
def channels_of_other_places() -> Store:
    elsewhere = channel(2, 1024, 512, 256, TotalPixelMatrixOriginSequence=[origin(5.0, 40.0)])
    return put(*channel(1, 1024, 512, 256), *elsewhere, frame=DEEP_FRAME)


@slide
def channels_turned() -> Store:
    turned = channel(2, 1024, 512, 256, ImageOrientationSlide=[0, 1, 0, 1, 0, 0])
    return put(*channel(1, 1024, 512, 256), *turned, frame=DEEP_FRAME)


@slide
def channel_that_says_it_has_a_sign() -> Store:
    return put(*channel(1, 1024, 512, 256, PixelRepresentation=1), frame=DEEP_FRAME)


@slide
def channel_without_a_name_on_a_level() -> Store:
    made = [*channel(1, 1024, 512, 256), *channel(2, 1024, 512, 256)]
    return put(*having(made, 4, OpticalPathSequence=[optical_path("")]), frame=DEEP_FRAME)


@slide
def colour_levels_of_two_optical_paths() -> Store:
    return put(*having(levels(), 1, OpticalPathSequence=[optical_path("2")]))


@slide
def optical_path_without_a_name_on_a_level() -> Store:
    return put(*having(levels(), 1, OpticalPathSequence=[optical_path("")]))


@slide
def tile_size_missing_on_a_level() -> Store:
    return put(*having(levels(), 1, Rows=None))


@slide
def tile_size_missing_on_the_base() -> Store:
    return put(*having(levels(), 0, Columns=None))


@slide
def bits_missing_on_a_level() -> Store:
    return put(*having(levels(), 1, BitsAllocated=None))


@slide
def size_of_zero_on_a_level() -> Store:
    return put(*having(levels(), 1, TotalPixelMatrixColumns=0))


@slide
def sparse_tile_with_an_empty_place() -> Store:
    places = positions(16, 4)
    places[5] = {tag("PlanePositionSlideSequence"): {"vr": "SQ", "Value": [{}]}}
    return put(*having(levels(), 0, DimensionOrganizationType="TILED_SPARSE", PerFrameFunctionalGroupsSequence=places))


@slide
def sparse_frame_placed_elsewhere_for_all() -> Store:
    made = having(levels(), 2, DimensionOrganizationType="TILED_SPARSE", PerFrameFunctionalGroupsSequence=[{}])
    made[2][tag("SharedFunctionalGroupsSequence")]["Value"][0] |= positions(1, 1, off=256)[0]
    return put(*made)


@slide
def second_scan_as_a_level() -> Store:
    """Says that it was scanned, and has the size and place of a level."""
    other = item(f"{SERIES}.2", 512, ImageType=ORIGINAL)
    return put(*levels(1024), other, each={f"{SERIES}.2": frames.jpeg(grey=200)})


@slide
def offset_without_a_concatenation() -> Store:
    """Of a level of another slide: the engine does not ask for it where there is one image."""
    other = having(levels(), 2, ConcatenationFrameOffsetNumber=3)
    return put(*other, each={f"{SERIES}.3": frames.jpeg(grey=200)})


@slide
def offset_without_a_concatenation_of_rle() -> Store:
    return put(*having(levels(LossyImageCompression="00"), 0, ConcatenationFrameOffsetNumber=3), frame=frames.RLE)


def _first_of_another(found: list[bytes]) -> list[bytes]:
    frame = frames.jpeg(grey=200)
    return [frame + bytes(len(frame) % 2), *found[1:]]


@slide
def frame_of_another_slide_on_a_large_base() -> Store:
    """The next levels show that it does not belong there; the smallest ones are too small for that."""
    store = put(*levels(4096, 2048, 1024, 512, 256))
    store.spoilt[f"{SERIES}.1"] = _first_of_another
    return store


@slide
def frame_of_another_slide_on_a_level() -> Store:
    store = put(*levels(2048, 1024, 512, 256))
    store.spoilt[f"{SERIES}.2"] = _first_of_another
    return store


@slide
def bits_of_one() -> Store:
    return put(*levels(BitsAllocated=1))


@slide
def bits_of_twelve_on_a_level() -> Store:
    return put(*having(levels(), 1, BitsAllocated=12))


@slide
def pixels_that_are_not_square() -> Store:
    """As far as its spacing says; of a base alone."""
    tall = sequence("PixelMeasuresSequence", {"PixelSpacing": [1 / 256, 1 / 512]})
    identified = sequence("OpticalPathIdentificationSequence", {"OpticalPathIdentifier": "1"})
    return put(*levels(1024, SharedFunctionalGroupsSequence=[tall | identified]))


@slide
def tiled_in_full_with_places_in_another_order() -> Store:
    return put(*having(levels(1024), 0, PerFrameFunctionalGroupsSequence=list(reversed(positions(16, 4)))))


@slide
def tiled_in_full_with_places_in_order() -> Store:
    return put(*having(levels(), 0, PerFrameFunctionalGroupsSequence=positions(16, 4)))


def _in_parts(*offsets: int | None) -> Store:
    parts = [part(number, 4, 1, 1024, 4) for number in range(1, 5)]
    for number, offset in enumerate(offsets):
        having(parts, number, ConcatenationFrameOffsetNumber=offset)
    return put(*parts, *levels()[1:])


@slide
def concatenation_with_one_offset_twice() -> Store:
    return _in_parts(0, 4, 4, 12)


@slide
def concatenation_without_offsets() -> Store:
    return _in_parts(None, None, None, None)


@slide
def other_names_without_a_patient_id() -> Store:
    return put(*having(levels(PatientID="", PatientName="First^Patient"), 1, PatientName="Second^Patient"))
