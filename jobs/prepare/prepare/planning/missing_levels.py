"""Which levels a pyramid lacks: the halves between and below what is there, only where R09 asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from ..model.actions import Coding, MakeLevel
from ..model.finding import ReadinessRule, rule
from ..model.image import SlideImage
from ..model.slide import PyramidLevel, is_step_too_wide, pyramids


def missing_levels(images: Iterable[SlideImage], series: str, broken: frozenset[str] = frozenset()) -> list[MakeLevel]:
    """Levels to add to `series`, finest first; `images` are the slide's, as the viewer would see them.

    Nothing is made from images in `broken`. A coarsest THUMBNAIL ends its pyramid: the engine leaves out what is
    coarser.
    """
    r09 = rule("R09")
    missing: dict[tuple[tuple[str, ...], int], MakeLevel] = {}
    paths = list(pyramids(images).values())
    wanted = [[halved(near, step) for near, step in _steps(levels, r09)] for levels in paths]
    spacings = {level.size: _spacing(level) for levels in paths for level in levels}
    for levels, own in zip(paths, wanted, strict=True):
        sound = [level for level in levels if not broken & {image.instance for image in level.images}]
        others = [level for each in (*paths, *wanted) for level in each] if len(paths) > 1 else []
        sizes = {level.size for level in (*levels, *own)}
        # R19: all optical paths have the same levels.
        lacking = {level.size: level for level in others if level.size not in sizes}
        for level in (*own, *lacking.values()):
            source, factor = best_source(sound, level)
            if source and all(image.series == series for image in source.images):
                made = plan_level(source, factor)
                scaled = _spacing(source, factor)
                # R19: where the first path with this size has another, all have that.
                if (spacing := spacings.setdefault((made.columns, made.rows), scaled)) != scaled:
                    made = replace(made, spacing=spacing)
                missing[made.sources, factor] = made
    return sorted(missing.values(), key=lambda level: (-level.columns * level.rows, level.sources))


def _spacing(level: PyramidLevel, factor: int = 1) -> tuple[float, ...]:
    """PixelSpacing of the level that sampling down by `factor` gives: between rows, between columns; mm."""
    return tuple(spacing * factor for spacing in reversed(level.images[0].spacings or ()))


def _steps(levels: list[PyramidLevel], r09: ReadinessRule) -> list[tuple[PyramidLevel, int]]:
    """(source, factor) of each level that is missing."""
    steps: list[tuple[PyramidLevel, int]] = []
    for finer, coarser in pairwise(levels):
        if is_step_too_wide(finer.tiles, finer.size[0], coarser.size[0]):
            factor = 2
            while finer.size[0] / factor > coarser.size[0] * 1.5:
                steps.append((finer, factor))
                factor *= 2
    coarsest = levels[-1]
    if coarsest.tiles > r09.parameters["coarsest_tiles"] and not is_thumbnail(coarsest):
        factor = 2
        while halved(coarsest, factor // 2).tiles > 1:
            steps.append((coarsest, factor))
            factor *= 2
    return steps


def is_thumbnail(level: PyramidLevel) -> bool:
    return all(image.flavor == "THUMBNAIL" for image in level.images)


def best_source(levels: list[PyramidLevel], wanted: PyramidLevel) -> tuple[PyramidLevel | None, int]:
    """(the coarsest of `levels` that gives the size of `wanted`, the factor); finest first. (None, 0) without one."""
    for level in reversed(levels):
        if _can_be_halved(level) and (factor := _factor(level, wanted)):
            return level, factor
    return None, 0


def _can_be_halved(level: PyramidLevel) -> bool:
    """Two tiles side by side become one; tiles of an odd size do not."""
    return all(image.columns % 2 == 0 and image.rows % 2 == 0 for image in level.images)


def _factor(source: PyramidLevel, level: PyramidLevel) -> int:
    """The power of two between two levels, 0 where sampling down would not give this size within a pixel."""
    factor = 2
    while factor <= max(source.size):
        sizes = zip(source.size, level.size, strict=True)
        if all(abs(-(-fine // factor) - coarse) <= 1 for fine, coarse in sizes):
            return factor
        factor *= 2
    return 0


def plan_level(source: PyramidLevel, factor: int, instances: tuple[str, ...] = ()) -> MakeLevel:
    first = source.images[0]
    small = halved(source, factor).images[0]
    parts = sorted(source.images, key=lambda image: (image.concatenation_offset, image.instance))
    return MakeLevel(
        sources=tuple(image.instance for image in parts),
        factor=factor,
        columns=small.total_columns,
        rows=small.total_rows,
        tile=(first.columns, first.rows),
        coding=coding_of_new(first),
        optical_paths=first.optical_paths,
        instances=instances,
    )


def halved(level: PyramidLevel, factor: int) -> PyramidLevel:
    """The level that sampling down by `factor` gives, as one image; sizes are rounded up."""
    first = level.images[0]
    columns, rows = -(-first.total_columns // factor), -(-first.total_rows // factor)
    return PyramidLevel((replace(first, total_columns=columns, total_rows=rows),))


def coding_of_new(image: SlideImage) -> Coding:
    """Lossless stays lossless; JPEG is for 8-bit colour that was lossy before."""
    return "jpeg-baseline" if image.samples == 3 and image.bits == 8 and image.lossy else "jpeg-ls"
