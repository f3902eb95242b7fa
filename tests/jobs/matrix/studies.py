"""Several problems at once, and studies of several series."""

from __future__ import annotations

from tests.jobs.fakes import Store, item
from tests.jobs.matrix import frames
from tests.jobs.matrix.overlays import disc, outline
from tests.jobs.matrix.slides import (
    ANN,
    ICC,
    SEG,
    SERIES,
    SR,
    annotation,
    having,
    label,
    levels,
    part,
    positions,
    put,
    slide,
    spacing_of,
    thumbnail,
)

OTHER = "1.2.2"


def other(*sizes: int, **more: object) -> list[dict[str, object]]:
    return levels(*sizes, series=OTHER, **{"ContainerIdentifier": "SLIDE-2", "FrameOfReferenceUID": "1.2.79", **more})


@slide
def sparse_rle_icc_and_base_only() -> Store:
    made = having(levels(2048, 1024, LossyImageCompression="00"), 0, OpticalPathSequence=[ICC])
    return put(*having(made, 0, DimensionOrganizationType="TILED_SPARSE"), label(), frame=frames.RLE)


@slide
def twins_and_damaged_level() -> Store:
    return put(*levels(2048, 1024, 512, 256), item(f"{SERIES}.7", 1024),
               each={f"{SERIES}.3": frames.DAMAGED, f"{SERIES}.2": frames.RLE})  # fmt: skip


@slide
def z_stack_in_rle() -> Store:
    return put(*having(levels(), 0, TotalPixelMatrixFocalPlanes=3, NumberOfFrames=48), frame=frames.RLE)


@slide
def twin_series() -> Store:
    return put(*levels(), *levels(series=OTHER))


@slide
def z_stack_beside_its_export() -> Store:
    z_stack = having(levels(), 0, TotalPixelMatrixFocalPlanes=3, NumberOfFrames=48)
    return put(*z_stack, *levels(series=OTHER))


@slide
def bad_slide_among_good() -> Store:
    return put(*levels(), *having(other(), 0, TotalPixelMatrixFocalPlanes=3, NumberOfFrames=48))


@slide
def patients_disagree() -> Store:
    return put(*levels(PatientID="A"), *other(PatientID="B"))


IN_ORDER = {(row, column): (f"{SERIES}.2", row * 2 + column + 1) for row in (0, 1) for column in (0, 1)}
"""Frame of each tile of level 2."""
REVERSED = {place: (uid, 5 - number) for place, (uid, number) in IN_ORDER.items()}
"""As the matrix's files have them where the store leaves the positions out."""


@slide
def annotations_on_level_2_of_rle() -> Store:
    level = f"{SERIES}.2"
    return put(*levels(LossyImageCompression="00"), outline(level), disc(IN_ORDER), frame=frames.RLE)


@slide
def annotations_on_a_sparse_slide() -> Store:
    level = f"{SERIES}.2"
    sparse = having(levels(), 1, DimensionOrganizationType="TILED_SPARSE",
                    PerFrameFunctionalGroupsSequence=positions(4, 2))  # fmt: skip
    return put(*sparse, outline(level), disc(IN_ORDER))


@slide
def annotations_on_level_2_in_sparse_tiling() -> Store:
    level = f"{SERIES}.2"
    return put(*having(levels(), 1, DimensionOrganizationType="TILED_SPARSE"), outline(level), disc(REVERSED))


@slide
def annotations_on_level_2_in_parts() -> Store:
    base, _, coarsest = levels()
    parts = [part(number, 2, 2, 512, 2) for number in (1, 2)]
    rows = {(row, column): (f"{SERIES}.2.{row + 1}", column + 1) for row, column in IN_ORDER}
    return put(base, *parts, coarsest, outline(f"{SERIES}.2.1"), disc(rows))


@slide
def annotations_on_level_2_sparse_and_damaged() -> Store:
    level = f"{SERIES}.2"
    sparse = having(levels(), 1, DimensionOrganizationType="TILED_SPARSE")
    return put(*sparse, outline(level), disc(REVERSED), each={level: frames.DAMAGED})


@slide
def report_on_a_segmentation_of_rle() -> Store:
    return put(*levels(LossyImageCompression="00"), annotation(SEG, "SEG", f"{SERIES}.1"),
               annotation(SR, "SR", "1.2.5.1", series="1.2.6", of=SEG), frame=frames.RLE)  # fmt: skip


@slide
def report_on_a_blocked_slide() -> Store:
    z_stack = having(levels(), 0, TotalPixelMatrixFocalPlanes=3, NumberOfFrames=48)
    return put(*z_stack, annotation(SR, "SR", f"{SERIES}.1"))


@slide
def annotation_on_a_good_slide() -> Store:
    return put(*levels(), annotation(ANN, "ANN", f"{SERIES}.2"))


@slide
def annotation_of_a_twin_left_out() -> Store:
    return put(*levels(), item(f"{SERIES}.7", 512), annotation(ANN, "ANN", f"{SERIES}.7"))


@slide
def annotation_on_unknown_image() -> Store:
    return put(*levels(), annotation(ANN, "ANN", "1.2.404"))


@slide
def annotation_on_blocked_slide() -> Store:
    z_stack = having(levels(), 0, TotalPixelMatrixFocalPlanes=3, NumberOfFrames=48)
    return put(*z_stack, annotation(ANN, "ANN", f"{SERIES}.1"))


@slide
def label_without_optical_path_beside_a_good_slide() -> Store:
    return put(*levels(), label(OpticalPathSequence=None), *other())


@slide
def radiology() -> Store:
    return put(item("1.2.1.1", 0, SOPClassUID="1.2.840.10008.5.1.4.1.1.2", Modality="CT"))


@slide
def kind_of_image_not_told() -> Store:
    return put(*levels(ImageType=["ORIGINAL", "PRIMARY"]))


@slide
def slide_that_is_called_a_label() -> Store:
    return put(*levels(1024, ImageType=["ORIGINAL", "PRIMARY", "LABEL", "NONE"], BurnedInAnnotation="NO"))


@slide
def thumbnail_beside_a_slide_that_is_called_a_label() -> Store:
    label = having(levels(1024), 0, ImageType=["ORIGINAL", "PRIMARY", "LABEL", "NONE"], BurnedInAnnotation="NO")
    return put(*label, thumbnail(256))


@slide
def photograph_in_tiles() -> Store:
    kind = ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]
    return put(item(f"{SERIES}.9", 512, ImageType=kind, SharedFunctionalGroupsSequence=spacing_of(32)))


@slide
def labels_alone() -> Store:
    return put(label())
