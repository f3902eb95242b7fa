"""Thumbnails among the levels, and sizes that do not come out even."""

from __future__ import annotations

from tests.jobs.fakes import Store
from tests.jobs.matrix import frames
from tests.jobs.matrix.slides import SERIES, levels, put, slide, thumbnail


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
def tiles_of_odd_size() -> Store:
    return put(*levels(1000, Rows=201, Columns=201, NumberOfFrames=25), frame=frames.jpeg(edge=201))


@slide
def one_pixel_level() -> Store:
    return put(*levels(512, 256, 1))


@slide
def one_tile() -> Store:
    return put(*levels(200))
