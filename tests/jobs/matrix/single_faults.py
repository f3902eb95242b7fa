"""Slides with one rule broken, and slides that only look as if."""

from __future__ import annotations

from typing import Any

from prepare.metadata import tag

from tests.jobs.fakes import Store, item, optical_path
from tests.jobs.matrix import frames
from tests.jobs.matrix.slides import (
    DEEP,
    MONO,
    SERIES,
    channels,
    having,
    label,
    levels,
    part,
    positions,
    put,
    slide,
    thumbnail,
)  # fmt: skip


def spacing_of(size: int) -> Any:
    """The shared groups of a level of another size."""
    return item("1", size)[tag("SharedFunctionalGroupsSequence")]["Value"]


ICC = optical_path("1", icc="QUJD")
DEEP_FRAME = frames.jpeg_ls(1, 16)


@slide
def brightfield() -> Store:
    return put(*levels())


@slide
def base_only() -> Store:
    return put(*levels(1024))


@slide
def base_and_half() -> Store:
    return put(*levels(2048, 1024))


@slide
def wide_step() -> Store:
    return put(*levels(4096, 512, 256))


@slide
def sparse_with_positions() -> Store:
    return put(*having(levels(), 0, DimensionOrganizationType="TILED_SPARSE",
                       PerFrameFunctionalGroupsSequence=positions(16, 4)))  # fmt: skip


@slide
def sparse_without_positions() -> Store:
    return put(*having(levels(), 0, DimensionOrganizationType="TILED_SPARSE"))


@slide
def organization_missing() -> Store:
    return put(*having(levels(), 0, DimensionOrganizationType=None))


@slide
def sparse_off_grid() -> Store:
    return put(*having(levels(), 0, DimensionOrganizationType="TILED_SPARSE",
                       PerFrameFunctionalGroupsSequence=positions(16, 4, off=7)))  # fmt: skip


@slide
def sparse_overlapping() -> Store:
    return put(*having(levels(), 0, DimensionOrganizationType="TILED_SPARSE",
                       PerFrameFunctionalGroupsSequence=positions(15, 4) + positions(1, 4)))  # fmt: skip


@slide
def sparse_with_long_list() -> Store:
    return put(*having(levels(8704, 4352, 2176, 1088, 544, 272), 0, DimensionOrganizationType="TILED_SPARSE",
                       PerFrameFunctionalGroupsSequence=positions(1156, 34)))  # fmt: skip


@slide
def concatenation_whole() -> Store:
    return put(
        *[part(number, 4, 1, 1024, 4) for number in (1, 2, 3, 4)], item(f"{SERIES}.2", 512), item(f"{SERIES}.3", 256)
    )


@slide
def concatenation_in_sparse_tiling() -> Store:
    parts = [part(number, 4, 1, 1024, 4, DimensionOrganizationType="TILED_SPARSE",
                  PerFrameFunctionalGroupsSequence=positions(16, 4)[number * 4 - 4 : number * 4])
             for number in (1, 2, 3, 4)]  # fmt: skip
    return put(*parts, item(f"{SERIES}.2", 512), item(f"{SERIES}.3", 256))


@slide
def concatenation_base_part_missing() -> Store:
    return put(*[part(number, 4, 1, 1024, 4) for number in (1, 2, 4)], item(f"{SERIES}.2", 512))


@slide
def concatenation_level_part_missing() -> Store:
    return put(levels(1024)[0], part(1, 2, 2, 512, 2), item(f"{SERIES}.3", 256))


@slide
def concatenation_base_only() -> Store:
    return put(*[part(number, 4, 1, 1024, 4) for number in (1, 2, 3, 4)])


@slide
def base_frames_missing() -> Store:
    return put(*having(levels(), 0, NumberOfFrames=15))


@slide
def level_frames_missing() -> Store:
    return put(*having(levels(), 1, NumberOfFrames=3))


@slide
def twin_levels() -> Store:
    return put(*levels(), item(f"{SERIES}.7", 512))


@slide
def twin_levels_that_differ() -> Store:
    return put(*levels(), item(f"{SERIES}.7", 512, SharedFunctionalGroupsSequence=spacing_of(1024)))


@slide
def two_frames_of_reference() -> Store:
    return put(*having(levels(), 1, FrameOfReferenceUID="1.2.78"))


@slide
def two_containers() -> Store:
    return put(*having(levels(), 1, ContainerIdentifier="SLIDE-2"))


@slide
def z_stack() -> Store:
    return put(*having(levels(), 0, TotalPixelMatrixFocalPlanes=3, NumberOfFrames=48))


@slide
def z_stack_by_the_other_attribute() -> Store:
    return put(*having(levels(), 0, NumberOfFocalPlanes=3, NumberOfFrames=48))


@slide
def z_stack_of_two_channels() -> Store:
    return put(*having(channels(), 0, TotalPixelMatrixFocalPlanes=2, NumberOfFrames=64), frame=DEEP_FRAME)


@slide
def icc_everywhere() -> Store:
    return put(*levels(OpticalPathSequence=[ICC]))


@slide
def icc_on_base_only() -> Store:
    return put(*having(levels(), 0, OpticalPathSequence=[ICC]))


@slide
def icc_missing_on_thumbnail() -> Store:
    return put(
        *levels(1024, 512, OpticalPathSequence=[ICC]), thumbnail(200), each={f"{SERIES}.8": frames.jpeg(edge=200)}
    )


@slide
def icc_of_two_kinds() -> Store:
    return put(*having(levels(OpticalPathSequence=[ICC]), 1, OpticalPathSequence=[optical_path("1", icc="REVG")]))


@slide
def rle() -> Store:
    return put(*levels(LossyImageCompression="00"), frame=frames.RLE)


@slide
def rle_on_one_level() -> Store:
    return put(*levels(), each={f"{SERIES}.2": frames.RLE})


@slide
def jpeg_lossless() -> Store:
    return put(*levels(LossyImageCompression="00"), frame=frames.jpeg(0xC3))


@slide
def jpeg_12_bit() -> Store:
    return put(*levels(**DEEP), frame=frames.jpeg(0xC1, samples=1, bits=12))


@slide
def jpeg_xl_of_jpeg() -> Store:
    return put(*levels(), frame=frames.JPEG_XL_OF_JPEG)


@slide
def jpeg2000() -> Store:
    return put(*levels(), frame=frames.jpeg2000())


@slide
def htj2k() -> Store:
    return put(*levels(), frame=frames.jpeg2000(ht=True))


@slide
def damaged_base() -> Store:
    return put(*levels(), each={f"{SERIES}.1": frames.DAMAGED})


@slide
def damaged_level() -> Store:
    return put(*levels(), each={f"{SERIES}.2": frames.DAMAGED})


@slide
def tiles_of_another_size() -> Store:
    return put(*levels(), each={f"{SERIES}.3": frames.jpeg(edge=240)})


@slide
def twelve_in_sixteen() -> Store:
    return put(*levels(**DEEP), frame=frames.jpeg2000(1, 12))


@slide
def colour_of_16_bits() -> Store:
    return put(*levels(BitsAllocated=16), frame=frames.jpeg2000(3, 16))


@slide
def palette() -> Store:
    return put(*levels(**{**MONO, "PhotometricInterpretation": "PALETTE COLOR"}), frame=frames.jpeg_ls(1))


@slide
def four_samples() -> Store:
    return put(*levels(SamplesPerPixel=4, PhotometricInterpretation="CMYK"), frame=frames.jpeg(samples=4))


@slide
def colour_and_monochrome() -> Store:
    return put(*having(levels(), 2, **MONO), each={f"{SERIES}.3": frames.jpeg(samples=1)})


@slide
def channels_as_two_instances() -> Store:
    made = [
        item(f"{SERIES}.{path}.{size}", size, OpticalPathSequence=[optical_path(path)], **DEEP)
        for path in ("1", "2")
        for size in (1024, 512, 256)
    ]
    return put(*made, frame=DEEP_FRAME)


@slide
def channels_as_two_paths() -> Store:
    return put(*channels(), frame=DEEP_FRAME)


@slide
def channels_as_two_paths_base_only() -> Store:
    return put(*channels(1024), frame=DEEP_FRAME)


@slide
def illumination_missing_everywhere() -> Store:
    path = optical_path("1")
    del path["00220016"]
    return put(*levels(OpticalPathSequence=[path]))


@slide
def spacing_missing_on_a_level() -> Store:
    return put(*having(levels(), 1, SharedFunctionalGroupsSequence=None))


@slide
def orientation_missing_everywhere() -> Store:
    return put(*levels(ImageOrientationSlide=None))


@slide
def spacing_wrong_on_a_level() -> Store:
    return put(*having(levels(), 1, SharedFunctionalGroupsSequence=spacing_of(1024)))


@slide
def large_tiles() -> Store:
    made = levels(8192, 4096, Rows=2048, Columns=2048, NumberOfFrames=16)
    return put(*having(made, 1, NumberOfFrames=4), frame=frames.jpeg(edge=2048))


@slide
def long_description() -> Store:
    return put(*having(levels(), 0, ImageComments="x" * 1_100_000))


@slide
def levels_that_say_original() -> Store:
    return put(*levels(ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]))


@slide
def label_in_series() -> Store:
    return put(*levels(), label(BurnedInAnnotation="YES", LabelText="S26-1"))


@slide
def label_without_optical_path() -> Store:
    return put(*levels(), label(OpticalPathSequence=None))


@slide
def label_text_on_a_level() -> Store:
    return put(*having(levels(), 0, BarcodeValue="S26-1"))


@slide
def burned_in_base() -> Store:
    return put(*having(levels(), 0, BurnedInAnnotation="YES"))


@slide
def acquisition_on_some() -> Store:
    return put(*having(levels(), 0, AcquisitionUID="1.2.99"))


@slide
def acquisition_on_all() -> Store:
    return put(*levels(AcquisitionUID="1.2.99"))


@slide
def thumbnail_coarser_than_added() -> Store:
    return put(*levels(4096), thumbnail(200), each={f"{SERIES}.8": frames.jpeg(edge=200)})


@slide
def thumbnail_finer_than_added() -> Store:
    return put(*levels(8192), thumbnail(1500), each={f"{SERIES}.8": frames.jpeg(edge=1500)})


@slide
def thumbnail_of_many_tiles() -> Store:
    return put(*levels(4096, 2048), thumbnail(1900, tiled=True))


@slide
def odd_size() -> Store:
    return put(*levels(1000, TotalPixelMatrixRows=777, NumberOfFrames=16))


@slide
def one_pixel_level() -> Store:
    return put(*levels(512, 256, 1))


@slide
def one_tile() -> Store:
    return put(*levels(200))
