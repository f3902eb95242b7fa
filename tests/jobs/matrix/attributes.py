"""Attributes that are missing, wrong or too long; labels; acquisitions."""

from __future__ import annotations

from prepare.model.metadata import tag

from tests.jobs.fakes import Store, item, optical_path
from tests.jobs.matrix import frames
from tests.jobs.matrix.slides import channels, having, label, levels, positions, put, slide, spacing_of


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
def channels_not_counted() -> Store:
    made = channels()
    for number in range(len(made)):
        having(made, number, NumberOfOpticalPaths=None)
    return put(*made, frame=frames.jpeg_ls(1, 16))


@slide
def channels_counted_twice() -> Store:
    made = channels()
    for number in range(len(made)):
        having(made, number, NumberOfOpticalPaths=4)
    return put(*made, frame=frames.jpeg_ls(1, 16))


@slide
def channel_not_described() -> Store:
    return put(*having(levels(), 0, NumberOfOpticalPaths=2, NumberOfFrames=32))


@slide
def channel_not_described_on_a_level() -> Store:
    return put(*having(levels(), 1, NumberOfOpticalPaths=2, NumberOfFrames=8))


@slide
def sparse_without_path_identification() -> Store:
    silent = item("1", 1024, OpticalPathSequence=[{}])[tag("SharedFunctionalGroupsSequence")]["Value"]
    return put(*having(levels(), 0, DimensionOrganizationType="TILED_SPARSE", SharedFunctionalGroupsSequence=silent,
                       PerFrameFunctionalGroupsSequence=positions(16, 4)))  # fmt: skip


@slide
def sparse_channels_without_path_identification() -> Store:
    made = having(channels(), 0, DimensionOrganizationType="TILED_SPARSE", NumberOfFrames=16,
                  PerFrameFunctionalGroupsSequence=positions(16, 4))  # fmt: skip
    return put(*made, frame=frames.jpeg_ls(1, 16))


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
