"""Whether levels show the same area of the glass: R10, and what of it decides that a series mixes regions (R04).

The engine lays every level where it lays the largest, and scales it by the ratio of the widths, whatever its own
origin, spacing and proportions say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..model.finding import ReadinessRule, SlideFinding, rule
from ..model.image import SlideImage
from ..model.slide import Slide, pyramids
from .pictures import check_pictures, show_the_same

AREA = ("spacing", "aspect", "origin")
"""Misfits in what the attributes say of the area."""


def check_geometry(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R10. Every level of a pyramid against its largest one; a pixel more or less is rounding."""
    by_problem: dict[str, set[SlideImage]] = {}
    for base, image in _pairs(slide):
        for problem in misfits(image, base, rule):
            by_problem.setdefault(problem, set()).add(image)
    findings = [rule.finding(problem, images) for problem, images in sorted(by_problem.items())]
    return [*findings, *check_pictures(slide, rule), *_check_glass(slide, rule)]


def _check_glass(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """A reader gets the series of one glass as one slide: then their largest images show one area and one picture.

    Where only one of the series was scanned, what was derived (a heat map) does not decide for it.
    """
    findings: list[SlideFinding] = []
    for path, levels in pyramids(slide.images).items():
        bases: dict[str, SlideImage] = {}
        for level in levels:
            for image in level.images:
                bases.setdefault(image.series, image)
        own = bases.pop(slide.series, None)
        if own is None:
            continue
        for other in bases.values():
            large, small = sorted((own, other), key=lambda one: -one.total_columns * one.total_rows)
            if large.size == small.size or large.samples != small.samples:  # R03's, R11's
                continue
            if misfits(small, large, rule) or show_the_same(slide, large, small, path, rule) is False:
                problem = between_series(slide, {slide.series, other.series})
                findings.append(rule.finding(problem, (own, other), remedy="none"))
    return findings


def between_series(slide: Slide, here: set[str]) -> str:
    """Whether none of two series decides for the other, or which: only what was scanned does."""
    scanned = {image.series for image in slide.images if image.image_type[:1] == ("ORIGINAL",)}
    if here <= scanned or not here & scanned:
        return "twin_series"
    return "crowded" if slide.series in scanned else "derived"


def check_regions(slide: Slide, r04: ReadinessRule) -> list[SlideFinding]:
    """R04. What was scanned (ImageType ORIGINAL) and shows another area than the largest level is no copy of it."""
    r10 = rule("R10")
    others = {
        image
        for base, image in _pairs(slide)
        if image.flavor == "VOLUME"
        and image.image_type[:1] == ("ORIGINAL",)
        and any(problem in AREA for problem in misfits(image, base, r10))
    }
    return [r04.finding("regions", others)] if others else []


def misfits(image: SlideImage, base: SlideImage, r10: ReadinessRule) -> list[str]:
    """The problems of R10 that the attributes of a smaller image show.

    Where a spacing is not told, a size that is no whole fraction of the largest may well be padded to whole tiles.
    """
    reasons: list[str] = []
    turns = zip(image.orientation, base.orientation, strict=False)
    if any(abs(one - other) > r10.parameters["turn"] for one, other in turns):
        reasons.append("turned")
    if min(*image.size, *base.size) < 1:
        return reasons
    ratio = base.total_columns / image.total_columns
    slack = r10.parameters["tolerance"] + 1 / min(image.size)
    across, down = image.spacings, base.spacings
    if across and down and any(abs(one / other / ratio - 1) > slack for one, other in zip(across, down, strict=True)):
        reasons.append("spacing")
    untold = image.flavor == "VOLUME" and "PixelSpacing" in {*image.missing, *base.missing}
    if untold and abs(round(ratio) / ratio - 1) > 1 / min(image.size):
        reasons.append("scale")
    if abs(base.total_rows / image.total_rows / ratio - 1) > 2 * slack:
        reasons.append("aspect")
    pixel = max(image.spacing, base.spacing * ratio)
    if image.origin and base.origin and math.dist(image.origin, base.origin) > r10.parameters["origin_pixels"] * pixel:
        reasons.append("origin")
    return reasons


def _pairs(slide: Slide) -> Iterator[tuple[SlideImage, SlideImage]]:
    """(largest, smaller) of each pyramid."""
    for levels in pyramids(slide.own).values():
        base = levels[0].images[0]
        yield from ((base, image) for level in levels[1:] for image in level.images)
