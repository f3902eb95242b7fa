"""Slides that look right at a glance: what they say, or most of what they hold, is as it should be."""

from __future__ import annotations

from prepare.model.metadata import tag

from tests.jobs.fakes import Store, attributes, item, optical_path, origin, sequence
from tests.jobs.matrix import frames
from tests.jobs.matrix.slides import (
    DEEP,
    DEEP_FRAME,
    ICC,
    MONO,
    SERIES,
    annotation,
    having,
    label,
    levels,
    positions,
    put,
    slide,
    spacing_of,
    thumbnail,
)

KEY_OBJECT = "1.2.840.10008.5.1.4.1.1.88.59"
OTHER = "1.2.2"
ELSEWHERE = [origin(5.0, 40.0)]


@slide
def two_regions_of_one_size() -> Store:
    again = [item(f"{SERIES}.7.{size}", size, PyramidUID="1.2.88.2", TotalPixelMatrixOriginSequence=ELSEWHERE)
             for size in (1024, 512, 256)]  # fmt: skip
    return put(*levels(PyramidUID="1.2.88.1"), *again)


@slide
def two_regions_without_a_pyramid_uid() -> Store:
    return put(*levels(), item(f"{SERIES}.7", 512, TotalPixelMatrixOriginSequence=ELSEWHERE))


@slide
def two_acquisitions_in_one_series() -> Store:
    again = [item(f"{SERIES}.7.{size}", size, AcquisitionUID="1.2.99.2") for size in (512, 256)]
    return put(*levels(AcquisitionUID="1.2.99.1"), *again)


@slide
def duplicates_of_other_pixels() -> Store:
    return put(*levels(), item(f"{SERIES}.7", 512), each={f"{SERIES}.7": frames.jpeg(grey=200)})


@slide
def padded_levels() -> Store:
    made = levels(1000)
    smaller = [item(f"{SERIES}.{size}", size, SharedFunctionalGroupsSequence=spacing_of(1000 * size // 1024))
               for size in (512, 256)]  # fmt: skip
    return put(*made, *smaller)


@slide
def two_scenes_in_one_series() -> Store:
    scene = levels(768, 384, TotalPixelMatrixOriginSequence=ELSEWHERE, SharedFunctionalGroupsSequence=spacing_of(1024))
    for number, one in enumerate(scene):
        having(scene, number, SOPInstanceUID=f"{SERIES}.7.{number}")
        assert one
    return put(*levels(), *scene)


@slide
def thumbnail_of_the_whole_glass() -> Store:
    whole = thumbnail(600, TotalPixelMatrixRows=200, Rows=200, TotalPixelMatrixOriginSequence=[origin(0.0, 0.0)])
    return put(*levels(), whole, each={f"{SERIES}.8": frames.jpeg(edge=(600, 200))})


@slide
def level_of_another_slide() -> Store:
    return put(*levels(2048, 1024, 512, 256), each={f"{SERIES}.2": frames.jpeg(grey=200)})


@slide
def sparse_frame_placed_for_all() -> Store:
    made = having(levels(), 2, DimensionOrganizationType="TILED_SPARSE", PerFrameFunctionalGroupsSequence=[{}])
    shared = made[2][tag("SharedFunctionalGroupsSequence")]["Value"][0]
    shared |= positions(1, 1)[0]
    return put(*made)


@slide
def sparse_tile_without_a_place() -> Store:
    return put(*having(levels(), 0, DimensionOrganizationType="TILED_SPARSE",
                       PerFrameFunctionalGroupsSequence=[*positions(15, 4), {}]))  # fmt: skip


@slide
def sparse_tile_outside_the_matrix() -> Store:
    outside = [*positions(15, 4), *positions(1, 4, off=2048)]
    return put(*having(levels(), 0, DimensionOrganizationType="TILED_SPARSE", PerFrameFunctionalGroupsSequence=outside))


def channel(number: int, *sizes: int, **more: object) -> list[dict[str, object]]:
    path = [optical_path(str(number))]
    return [item(f"{SERIES}.{number}.{size}", size, OpticalPathSequence=path, **{**DEEP, **more}) for size in sizes]


@slide
def channels_in_other_tiles() -> Store:
    large = channel(2, 1024, 512, 256, Rows=512, Columns=512)
    for number, count in enumerate((4, 1, 1)):
        having(large, number, NumberOfFrames=count)
    each = {f"{SERIES}.2.{size}": frames.jpeg_ls(1, 16, 512) for size in (1024, 512, 256)}
    return put(*channel(1, 1024, 512, 256), *large, frame=DEEP_FRAME, each=each)


@slide
def channel_without_its_smallest_level() -> Store:
    return put(*channel(1, 1024, 512, 256), *channel(2, 1024, 512), frame=DEEP_FRAME)


@slide
def channel_without_a_level_of_another_spacing() -> Store:
    """A pixel of the smallest is no four of the largest: the scanner divided the width by the odd number of columns."""
    return put(*channel(1, 1150, 575, 288), *channel(2, 1150, 575), frame=DEEP_FRAME)


@slide
def icc_empty_on_the_base() -> Store:
    empty = optical_path("1") | {tag("ICCProfile"): {"vr": "OB"}}
    return put(*having(levels(OpticalPathSequence=[ICC]), 0, OpticalPathSequence=[empty]))


@slide
def icc_that_is_none_on_a_level() -> Store:
    return put(*having(levels(OpticalPathSequence=[ICC]), 1, OpticalPathSequence=[optical_path("1", icc="QUJD")]))


def _sparse_of_another_path(made: list[dict[str, object]], number: int = 0) -> list[dict[str, object]]:
    """The image of that number lies in sparse tiling, and its tiles name an optical path that it does not describe."""
    having(made, number, DimensionOrganizationType="TILED_SPARSE",
           PerFrameFunctionalGroupsSequence=positions(16, 4))  # fmt: skip
    (shared,) = made[number][tag("SharedFunctionalGroupsSequence")]["Value"]  # type: ignore[index]
    shared |= sequence("OpticalPathIdentificationSequence", {"OpticalPathIdentifier": "OTHER"})
    return made


@slide
def sparse_that_names_another_path() -> Store:
    return put(*_sparse_of_another_path(levels()))


@slide
def sparse_channel_that_names_another() -> Store:
    return put(*channel(1, 1024, 512, 256), *_sparse_of_another_path(channel(2, 1024, 512, 256)), frame=DEEP_FRAME)


@slide
def spacing_of_zero() -> Store:
    return put(*levels(SharedFunctionalGroupsSequence=[_measured([0, 0])]))


@slide
def spacing_of_zero_on_a_level() -> Store:
    return put(*having(levels(), 1, SharedFunctionalGroupsSequence=[_measured([0, 0])]))


def _measured(spacing: list[float]) -> dict[str, object]:
    identified = sequence("OpticalPathIdentificationSequence", {"OpticalPathIdentifier": "1"})
    return sequence("PixelMeasuresSequence", {"PixelSpacing": spacing}) | identified


@slide
def spacing_told_by_each_frame() -> Store:
    made = having(levels(), 0, DimensionOrganizationType="TILED_SPARSE")
    shared = made[0][tag("SharedFunctionalGroupsSequence")]["Value"][0]
    measures = {tag("PixelMeasuresSequence"): shared.pop(tag("PixelMeasuresSequence"))}
    return put(*having(made, 0, PerFrameFunctionalGroupsSequence=[place | measures for place in positions(16, 4)]))


@slide
def origin_without_offsets() -> Store:
    return put(*levels(TotalPixelMatrixOriginSequence=[{}]))


@slide
def orientation_of_zeros_on_a_level() -> Store:
    return put(*having(levels(), 1, ImageOrientationSlide=[0, 0, 0, 0, 0, 0]))


@slide
def frame_of_reference_missing() -> Store:
    return put(*levels(FrameOfReferenceUID=None))


@slide
def frame_of_reference_missing_on_a_level() -> Store:
    return put(*having(levels(), 1, FrameOfReferenceUID=None))


@slide
def container_missing_on_a_level() -> Store:
    return put(*having(levels(), 1, ContainerIdentifier=None))


@slide
def container_and_frame_missing_on_a_level() -> Store:
    return put(*having(levels(), 1, ContainerIdentifier=None, FrameOfReferenceUID=None))


@slide
def label_of_another_glass() -> Store:
    return put(*levels(), label(ContainerIdentifier="SLIDE-2"))


@slide
def localizer() -> Store:
    return put(*levels(), *having([label()], 0, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER", "NONE"]))


def spoilt(number: int, spoil: object) -> Store:
    """The frames of level `number` are not what the sample is."""
    store = put(*levels())
    store.spoilt[f"{SERIES}.{number}"] = spoil  # type: ignore[assignment]
    return store


@slide
def frames_of_no_length() -> Store:
    return spoilt(1, lambda found: [b"" if at in (3, 7) else one for at, one in enumerate(found)])


@slide
def edge_tiles_cropped() -> Store:
    return spoilt(
        1, lambda found: [frames.jpeg(edge=(132, 256)) if at % 4 == 3 else one for at, one in enumerate(found)]
    )


@slide
def fewer_frames_than_promised() -> Store:
    return spoilt(1, lambda found: found[:13])


@slide
def frame_of_a_level_cut_off() -> Store:
    return spoilt(2, lambda found: [frames.cut(one) if at == 2 else one for at, one in enumerate(found)])


@slide
def colours_halved_and_uncompressed() -> Store:
    return put(*levels(PhotometricInterpretation="YBR_FULL_422"), frame=bytes(256 * 256 * 2))


@slide
def key_object_of_rle() -> Store:
    return put(*levels(LossyImageCompression="00"), annotation(KEY_OBJECT, "KO", f"{SERIES}.2"), frame=frames.RLE)


@slide
def levels_that_name_their_source() -> Store:
    source = [attributes({"ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.6",
                          "ReferencedSOPInstanceUID": f"{SERIES}.1"})]  # fmt: skip
    made = levels(LossyImageCompression="00")
    for number in (1, 2):
        having(made, number, SourceImageSequence=source, LossyImageCompression="01")
    return put(*made, each={f"{SERIES}.1": frames.RLE})


@slide
def heat_map_beside_a_slide() -> Store:
    heat = item(f"{OTHER}.1", 512, OTHER, **{**MONO, "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]})
    return put(*levels(), heat, each={f"{OTHER}.1": frames.jpeg_ls(1, 8)})


@slide
def derived_colours_beside_a_slide() -> Store:
    return put(*levels(), item(f"{OTHER}.1", 512, OTHER))


@slide
def same_uids_in_two_series() -> Store:
    again = levels(series=OTHER, ContainerIdentifier="SLIDE-2", FrameOfReferenceUID="1.2.79")
    for number in range(3):
        having(again, number, SOPInstanceUID=f"{SERIES}.{number + 1}")
    return put(*levels(), *again)
