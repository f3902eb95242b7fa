"""Levels, tiles and planes: which there are, and where they lie."""

from __future__ import annotations

from tests.jobs.fakes import Store, item
from tests.jobs.matrix import frames
from tests.jobs.matrix.slides import (
    DEEP_FRAME,
    SERIES,
    at,
    channels,
    having,
    levels,
    part,
    positions,
    put,
    slide,
    spacing_of,
    thumbnail,
)


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
def z_stack_as_images() -> Store:
    planes = [
        item(f"{SERIES}.{plane}.{size}", size, TotalPixelMatrixOriginSequence=at(0.002 * plane))
        for plane in range(3)
        for size in (1024, 512, 256)
    ]
    return put(*planes)


@slide
def z_stack_as_sparse_images() -> Store:
    planes = [
        item(f"{SERIES}.{plane}.1024", 1024, DimensionOrganizationType="TILED_SPARSE",
             PerFrameFunctionalGroupsSequence=positions(16, 4, depth=0.002 * plane))
        for plane in range(2)
    ]  # fmt: skip
    return put(*planes, item(f"{SERIES}.2.512", 512), item(f"{SERIES}.2.256", 256))


@slide
def z_stack_in_sparse_tiling() -> Store:
    every = [place for plane in range(2) for place in positions(16, 4, depth=0.002 * plane)]
    return put(*having(levels(), 0, DimensionOrganizationType="TILED_SPARSE", NumberOfFrames=32,
                       PerFrameFunctionalGroupsSequence=every))  # fmt: skip


@slide
def focus_that_follows_the_tissue() -> Store:
    places = [positions(16, 4, depth=0.001 * at)[at] for at in range(16)]
    return put(*having(levels(), 0, DimensionOrganizationType="TILED_SPARSE",
                       PerFrameFunctionalGroupsSequence=places))  # fmt: skip


@slide
def level_turned() -> Store:
    return put(*having(levels(), 1, ImageOrientationSlide=[0, 1, 0, 1, 0, 0]))


@slide
def thumbnail_turned() -> Store:
    turned = thumbnail(200, ImageOrientationSlide=[-1, 0, 0, 0, 1, 0])
    return put(*levels(1024, 512), turned, each={f"{SERIES}.8": frames.jpeg(edge=200)})


@slide
def two_scans_of_one_slide() -> Store:
    again = [item(f"{SERIES}.2.{size}", size, AcquisitionDateTime="20260103101500") for size in (1024, 512, 256)]
    return put(*levels(AcquisitionDateTime="20260102101500"), *again)


@slide
def focus_stacked_beside_its_plane() -> Store:
    return put(*levels(ExtendedDepthOfField="NO"), item(f"{SERIES}.7", 1024, ExtendedDepthOfField="YES"))


@slide
def z_stack_of_two_channels() -> Store:
    return put(*having(channels(), 0, TotalPixelMatrixFocalPlanes=2, NumberOfFrames=64), frame=DEEP_FRAME)
