"""One slide as the viewer's engine would build it from the images of a study: which images become which levels.

Mirrors three decisions of dicom-microscopy-viewer: a THUMBNAIL is a level unless a VOLUME is as wide; a VOLUME coarser
than the thumbnail is left out; colour images form one pyramid, monochrome ones a pyramid per optical path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .codestream import Header
from .finding import rule
from .image import SlideImage

FEWEST_PARTS, MOST_PARTS = 8, 128
"""Along the edge of a tile."""
PARTS_OF_IMAGE, FINEST_PART = 16, 8
"""Where a tile has more than the fewest parts: at most along the edge of the image, and least pixels of one."""
VIEWPORT = (1280, 800)
"""Pixels of the view that the cost of opening is estimated for."""


Place = tuple[int, int, int]
"""Optical path (counted in the image), column and row of a tile, from 0."""


@dataclass(frozen=True)
class Probe:
    """Some frames of an image, fetched the way the viewer fetches them; the figures are those of one in the middle."""

    frame: int
    bytes: int
    codestream: str
    header: Header | None = None
    """What the codestream says of its pixels, of the first that differs from the attributes, if any does; None for
    uncompressed and unknown ones."""
    looked_at: int = 1
    """Frames."""
    damaged: tuple[int, ...] = ()
    """Frames that are empty, cut off, or cannot be decoded."""
    absent: tuple[int, ...] = ()
    """Frames that the image promises and the store does not have."""
    checksum: str = ""
    """Of the first frame, the last and the one in the middle, as they are stored."""
    samples: Mapping[Place, tuple[float, ...]] = field(default_factory=dict[Place, tuple[float, ...]], compare=False)
    """Means of the parts (`parts_a_side`) of tiles whose place is known, each 0 to 1; NaN beyond the edge."""


@dataclass(frozen=True)
class Slide:
    """What the rules judge. `images` are the pyramid's (VOLUME, THUMBNAIL) of all series that form the slide."""

    images: tuple[SlideImage, ...]
    series: str
    """The series the report is about: findings that touch none of its images belong to another report."""
    probes: Mapping[str, Probe] = field(default_factory=dict[str, Probe])
    """By SOPInstanceUID, also of images of other series."""
    labels: tuple[SlideImage, ...] = ()
    """Images of `series` that are in no pyramid: LABEL, OVERVIEW."""

    @property
    def own(self) -> tuple[SlideImage, ...]:
        return tuple(image for image in self.images if image.series == self.series)


@dataclass(frozen=True)
class PyramidLevel:
    """All images of one size in one pyramid: one image, or the parts of a concatenation (or a mistake, see R03)."""

    images: tuple[SlideImage, ...]

    @property
    def size(self) -> tuple[int, int]:
        return self.images[0].size

    @property
    def tiles(self) -> int:
        return self.images[0].tiles

    @property
    def one_concatenation(self) -> bool:
        """The engine needs the UID of the source on every part."""
        sources = {image.concatenation_source for image in self.images}
        return len(sources) == 1 and "" not in sources


def pyramids(images: Iterable[SlideImage]) -> dict[str, list[PyramidLevel]]:
    """Levels per optical path, finest first; those in colour are one pyramid, by the path that they name first."""
    kept = _kept(tuple(images))
    paths: dict[str, dict[tuple[int, int], list[SlideImage]]] = {}
    named = [path for image in kept if image.samples > 1 for path in image.optical_paths[:1] if path]
    for image in kept:
        beside = " (monochrome)" if named and image.samples == 1 else ""
        for name in (named[:1] if image.samples > 1 else image.optical_paths) or ("",):
            path = name + beside
            paths.setdefault(path, {}).setdefault(image.size, []).append(image)
    return {
        path: [
            PyramidLevel(tuple(sizes[size])) for size in sorted(sizes, key=lambda size: size[0] * size[1], reverse=True)
        ]
        for path, sizes in sorted(paths.items())
    }


def is_step_too_wide(tiles: int, finer: int, coarser: int) -> bool:
    """Whether the step is too wide by R09, from columns `finer` to `coarser`.
    Below a level of a few tiles no step costs anything.
    """
    parameters = rule("R09").parameters
    limit = parameters["largest_ratio"] * (1 + parameters["ratio_tolerance"])
    return tiles > parameters["coarsest_tiles"] and finer > limit * max(coarser, 1)


def parts_a_side(image: SlideImage) -> int:
    """Parts that a tile is looked at in. A small image has more, or a few parts would be all that tells its picture."""
    least = max(FINEST_PART, max(image.size) / PARTS_OF_IMAGE)
    parts = MOST_PARTS
    while parts > FEWEST_PARTS and parts * least > min(image.columns, image.rows):
        parts //= 2
    return parts


def levels_of(images: Iterable[SlideImage]) -> list[PyramidLevel]:
    """Every level once, also where several optical paths share its images."""
    every = [level for levels in pyramids(images).values() for level in levels]
    return list({level.images: level for level in every}.values())


def _kept(images: tuple[SlideImage, ...]) -> list[SlideImage]:
    volumes = {image.total_columns for image in images if image.flavor == "VOLUME"}
    thumbnails = [image for image in images if image.flavor == "THUMBNAIL" and image.total_columns not in volumes]
    narrowest = min((image.total_columns for image in thumbnails), default=0)
    kept = [image for image in images if image.flavor == "VOLUME" and image.total_columns >= narrowest]
    return kept + thumbnails


@dataclass(frozen=True)
class OpenCost:
    """Estimated requests of the viewer until the slide stands still on screen; preflights come on top."""

    frame_requests: int
    frame_bytes: int
    icc_requests: int
    query_requests: int = 3


def open_cost(slide: Slide) -> OpenCost:
    """Counts the tiles of the level that fills the view and of all coarser ones, which the engine loads meanwhile.

    Agrees with what was measured in Chromium (16384² full pyramid: 21; base only: 24). Where even the coarsest level is
    far finer than the view, all its tiles are asked for and finer ones too: then the figure is a lower bound.
    """
    frames, size = 0, 0
    for levels in pyramids(slide.images).values():
        shown = _shown(levels)
        for level, tiles in shown:
            probe = next(
                (slide.probes[image.instance] for image in level.images if image.instance in slide.probes), None
            )
            frames += tiles
            size += tiles * probe.bytes if probe else 0
    colour = sum(1 for image in slide.images if image.samples > 1 and image.icc)
    return OpenCost(frame_requests=frames, frame_bytes=size, icc_requests=colour)


def _shown(levels: list[PyramidLevel]) -> list[tuple[PyramidLevel, int]]:
    """(level, tiles asked for) at opening; `levels` finest first."""
    if len(levels) == 1:  # the view is locked at one image pixel per screen pixel
        image = levels[0].images[0]
        across, down = VIEWPORT[0] // max(image.columns, 1) + 1, VIEWPORT[1] // max(image.rows, 1) + 1
        return [(levels[0], min(levels[0].tiles, across * down))]
    width, height = levels[0].size
    view = max(width / VIEWPORT[0], height / VIEWPORT[1])
    sharp = [level for level in levels if width / level.size[0] <= view]
    finest = sharp[-1] if sharp else levels[0]
    return [(level, level.tiles) for level in levels[levels.index(finest) :]]
