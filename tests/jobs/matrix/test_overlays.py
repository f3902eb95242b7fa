"""Annotations and segmentations over level 2 of slides that need repair: where they land in the viewers' store.

Places are computed as PS3.3 C.8.12.6 has it, from the object and the image that it refers to, as each store has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from prepare.dicomweb.store import DicomStore
from prepare.model.metadata import WHOLE_SLIDE
from pydicom import Dataset

from localcloud.cloud import Cloud
from tests.jobs.conftest import DATASET, as_principal
from tests.jobs.matrix import overlays
from tests.jobs.matrix.files import Written, written
from tests.jobs.matrix.slides import ANN, SEG
from tests.jobs.matrix.test_stores import Place, put, run, where

SLIDES = (
    "annotations_on_level_2_of_rle", "annotations_on_level_2_in_sparse_tiling", "annotations_on_level_2_in_parts",
    "annotations_on_level_2_sparse_and_damaged",
)  # fmt: skip
EVERY = pytest.mark.parametrize("name", SLIDES)
Points = NDArray[Any]


@dataclass
class Held:
    """A study as one store has it, by instance."""

    instances: dict[str, Dataset]

    def the(self, sop_class: str) -> Dataset:
        (found,) = (one for one in self.instances.values() if one.SOPClassUID == sop_class)
        return found


@dataclass
class Prepared:
    place: Place
    slides: dict[str, Written]
    reports: dict[str, dict[str, Any]]

    def held(self, root: str, name: str) -> Held:
        session, study = self.place.session, self.slides[name].study
        rows = DicomStore(root, session).instances(study)
        whole = {"Accept": "application/dicom; transfer-syntax=*"}
        paths = [f"{root}/studies/{study}/series/{row.series}/instances/{row.instance}" for row in rows]
        files = [session.get(path, headers=whole, timeout=30).content for path in paths]
        return Held({row.instance: pydicom.dcmread(BytesIO(file)) for row, file in zip(rows, files, strict=True)})

    def raw(self, name: str) -> Held:
        return self.held(self.place.raw, name)

    def viewers(self, name: str) -> Held:
        return self.held(self.place.viewers, name)


@pytest.fixture(scope="module")
def prepared(cloud: Cloud) -> Prepared:
    session = as_principal(cloud, cloud.iam.owner)
    root = f"{cloud.endpoint('healthcare.googleapis.com')}v1/{DATASET}/dicomStores"
    for name in ("overlays-raw", "overlays-viewers"):
        assert session.post(f"{root}?dicomStoreId={name}", json={}, timeout=10).ok
    place = Place("local cloud", f"{root}/overlays-raw/dicomWeb", f"{root}/overlays-viewers/dicomWeb", session)
    slides = {name: written(name) for name in SLIDES}
    for slide in slides.values():
        for file in slide.files:
            put(place, file)
    return Prepared(place, slides, run(cloud, place, slides))


def millimetres(image: Dataset, pixels: Points) -> Points:
    """Slide coordinates of (column, row) places of an image's matrix."""
    origin = image.TotalPixelMatrixOriginSequence[0]
    start = np.array([origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem], float)
    row_way, column_way = np.array(image.ImageOrientationSlide, float).reshape(2, 3)[:, :2]
    down, across = image.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
    return start + pixels[:, :1] * float(across) * row_way + pixels[:, 1:] * float(down) * column_way


def references(item: Dataset) -> Iterator[Dataset]:
    for element in item:
        if element.VR == "SQ":
            for one in element.value:
                if "ReferencedSOPInstanceUID" in one:
                    yield one
                yield from references(one)


def outline(held: Held) -> Points:
    """Where the annotation's corners are on the slide: its coordinates are pixels of the image that it names."""
    annotation = held.the(ANN)
    (refers,) = annotation.ReferencedImageSequence
    corners = np.frombuffer(annotation.AnnotationGroupSequence[0].PointCoordinatesData, "<f4").reshape(-1, 2)
    return millimetres(held.instances[refers.ReferencedSOPInstanceUID], corners.astype(float))


def disc(held: Held) -> Points:
    """Where the segmented pixels are on the slide, by the frames of the image that they were derived from."""
    segmentation = held.the(SEG)
    shape = (-1, segmentation.Rows, segmentation.Columns)
    bits = np.unpackbits(np.frombuffer(segmentation.PixelData, np.uint8), bitorder="little")
    found: list[Points] = []
    for tile, frame in zip(
        bits[: segmentation.NumberOfFrames * shape[1] * shape[2]].reshape(shape),
        segmentation.PerFrameFunctionalGroupsSequence,
        strict=True,
    ):
        source = frame.DerivationImageSequence[0].SourceImageSequence[0]
        image = held.instances[source.ReferencedSOPInstanceUID]
        _, left, top = where(image, int(source.ReferencedFrameNumber) - 1)
        rows, columns = np.nonzero(tile)
        found.append(millimetres(image, np.stack([columns + 0.5 + left, rows + 0.5 + top], axis=1)))
    return np.concatenate(found)


def placed(held: Held) -> Points:
    """Where the segmented pixels are on the slide by what the segmentation says of itself."""
    segmentation = held.the(SEG)
    tiles = [where(segmentation, at)[1:] for at in range(segmentation.NumberOfFrames)]
    pixels = [
        np.argwhere(overlays.mask(top // overlays.EDGE, left // overlays.EDGE))[:, ::-1] + 0.5 + (left, top)
        for left, top in tiles
    ]
    return millimetres(segmentation, np.concatenate(pixels))


PIXEL = 1 / overlays.SIZE
"""Of level 2, in millimetres."""


@EVERY
def test_the_slide_needed_a_repair(prepared: Prepared, name: str) -> None:
    report = prepared.reports[prepared.slides[name].series[0]]
    assert (report["report"]["plan"]["kind"], report["status"]) == ("repair", "ready")


@EVERY
def test_every_reference_names_an_instance_that_viewers_have(prepared: Prepared, name: str) -> None:
    held, before = prepared.viewers(name), prepared.raw(name)
    for sop_class in (ANN, SEG):
        item = held.the(sop_class)
        named = {one.ReferencedSOPInstanceUID for one in references(item)}
        assert named
        assert named <= set(held.instances)
        assert named.isdisjoint(before.instances), "the level was changed, so it has another UID"
        assert {held.instances[one].TotalPixelMatrixColumns for one in named} == {overlays.SIZE}
        assert {one.ReferencedSOPClassUID for one in references(item)} == {WHOLE_SLIDE}


@EVERY
def test_an_annotation_lands_within_a_pixel_of_where_it_was(prepared: Prepared, name: str) -> None:
    before, after = outline(prepared.raw(name)), outline(prepared.viewers(name))
    assert np.abs(after - before).max() <= PIXEL
    wanted = np.array([(20 - row * PIXEL, 40 - column * PIXEL) for column, row in overlays.CORNERS])
    assert np.abs(before - wanted).max() < 1e-6


@EVERY
def test_a_segmentation_lands_within_a_pixel_of_where_it_was(prepared: Prepared, name: str) -> None:
    before, after = disc(prepared.raw(name)), disc(prepared.viewers(name))
    assert np.abs(after - before).max() <= PIXEL
    assert np.abs(before - placed(prepared.raw(name))).max() <= PIXEL
    column, row = overlays.CENTRE
    assert np.abs(after.mean(axis=0) - (20 - row * PIXEL, 40 - column * PIXEL)).max() <= PIXEL
