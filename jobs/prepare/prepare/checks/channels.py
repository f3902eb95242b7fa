"""What the engine demands between the optical paths of a monochrome slide: R19.

Mirrors `_areImagePyramidsEqual` and `_computeImagePyramid` of the pinned engine; `engine_checks` in `rules.json` lists
what those compare, and `python -m tests.decoding` writes it anew.
"""

from __future__ import annotations

import math
from typing import Any

from ..model.finding import ReadinessRule, SlideFinding
from ..model.finding import rule as rule_of
from ..model.slide import PyramidLevel, Slide, pyramids


def check_channels(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R19. Every optical path has levels of the same sizes, tiles and spacing."""
    findings = _differing_numbers(slide, rule)
    if any(image.samples > 1 for image in slide.images):
        return findings + _differing_colours(slide, rule)
    paths = {path: {level.size: level for level in levels} for path, levels in pyramids(slide.images).items()}
    every = sorted({size for levels in paths.values() for size in levels}, reverse=True)
    for path, levels in paths.items():
        lacking = [size for size in every if size not in levels]
        if lacking:
            base = max(levels, key=lambda size: size[0] * size[1])
            makeable = all(_is_smaller(size, base) for size in lacking)
            images = [image for level in levels.values() for image in level.images]
            words: dict[str, Any] = {"path": path or "(none)", "count_values": len(lacking)}
            if makeable:
                findings.append(rule.finding("levels", images, remedy="add_levels", **words))
            else:
                findings.append(rule.finding("sizes", images, **words))
    for size in every:
        here = [levels[size] for levels in paths.values() if size in levels]
        findings += _differing_levels(here, rule)
    return findings


def _is_smaller(size: tuple[int, int], base: tuple[int, int]) -> bool:
    return size[0] < base[0] and size[1] < base[1]


def _differing_levels(levels: list[PyramidLevel], rule: ReadinessRule) -> list[SlideFinding]:
    images = [image for level in levels for image in level.images]
    words: dict[str, Any] = {"columns": levels[0].size[0], "rows": levels[0].size[1]}
    findings: list[SlideFinding] = []
    if len({(image.columns, image.rows) for image in images}) > 1:
        findings.append(rule.finding("tiles", images, **words))
    spacings = [image.spacing for image in images if image.spacing]
    if spacings and max(spacings) - min(spacings) > rule.parameters["tolerance"]:
        findings.append(rule.finding("spacing", images, **words))
    bases = [image for image in images if image.origin]
    near = rule_of("R10").parameters["origin_pixels"]
    pixel = max((image.spacing for image in images), default=0.0)
    apart = any(math.dist(base.origin, bases[0].origin) > near * pixel for base in bases)
    turned = len({tuple(round(cosine, 1) for cosine in image.orientation) for image in images if image.orientation}) > 1
    if apart or turned:
        findings.append(rule.finding("place", images, **words))
    return findings


def _differing_colours(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """Levels in colour form one pyramid for a reader; the engine throws where they name several optical paths."""
    colours = [image for image in slide.images if image.samples > 1]
    names = {image.optical_paths[0] for image in colours if image.optical_paths and image.optical_paths[0]}
    return [rule.finding("colours", colours, paths=len(names))] if len(names) > 1 else []


def _differing_numbers(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """The engine counts the optical paths of each image of a pyramid, and throws where they differ."""
    findings: list[SlideFinding] = []
    for path, levels in pyramids(slide.images).items():
        images = [image for level in levels for image in level.images]
        if len({len(image.optical_paths) for image in images if image.optical_paths}) > 1:
            findings.append(rule.finding("numbers", images, path=path or "(none)"))
    return findings
