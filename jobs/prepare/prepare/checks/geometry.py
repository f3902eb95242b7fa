"""Whether levels show the same area of the glass: R10, and what of it decides that a series mixes regions (R04).

The engine lays every level where it lays the largest, and scales it by the ratio of the widths, whatever its own
origin, spacing and proportions say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..model.finding import ReadinessRule, SlideFinding, rule
from ..model.image import SlideImage
from ..model.slide import SAMPLE_EDGE, Probe, Slide, pyramids

AREA = ("spacing", "aspect", "origin")
"""Misfits in what the attributes say of the area."""
FEWEST_PARTS = 4
"""Parts of tiles that two pictures are compared by, at least."""


def check_geometry(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R10. Every level of a pyramid against its largest one; a pixel more or less is rounding."""
    by_problem: dict[str, set[SlideImage]] = {}
    for base, image in _pairs(slide):
        for problem in misfits(image, base, rule):
            by_problem.setdefault(problem, set()).add(image)
    found = [rule.finding(problem, images) for problem, images in sorted(by_problem.items())]
    return found + _check_pictures(slide, rule)


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
    """The problems of R10 that the attributes of a smaller image show."""
    found: list[str] = []
    turns = zip(image.orientation, base.orientation, strict=False)
    if any(abs(one - other) > r10.parameters["turn"] for one, other in turns):
        found.append("turned")
    if min(*image.size, *base.size) < 1:
        return found
    ratio = base.total_columns / image.total_columns
    slack = r10.parameters["tolerance"] + 1 / min(image.size)
    if base.spacing and image.spacing and abs(image.spacing / base.spacing / ratio - 1) > slack:
        found.append("spacing")
    if abs(base.total_rows / image.total_rows / ratio - 1) > 2 * slack:
        found.append("aspect")
    pixel = max(image.spacing, base.spacing * ratio)
    if image.origin and base.origin and math.dist(image.origin, base.origin) > r10.parameters["origin_pixels"] * pixel:
        found.append("origin")
    return found


def _pairs(slide: Slide) -> Iterator[tuple[SlideImage, SlideImage]]:
    """(largest, smaller) of each pyramid."""
    for levels in pyramids(slide.own).values():
        base = levels[0].images[0]
        yield from ((base, image) for level in levels[1:] for image in level.images)


def _check_pictures(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """Where some level agrees with the largest, those that do not are wrong; where none does, nobody knows which is.

    One level alone against the largest is told, and decides nothing: neither is known to be the wrong one.
    """
    agreeing: set[SlideImage] = set()
    differing: set[SlideImage] = set()
    for base, image in _pairs(slide):
        fine, coarse = slide.probes.get(base.instance), slide.probes.get(image.instance)
        if fine is None or coarse is None or image.samples != base.samples or misfits(image, base, rule):
            continue
        if fine.damaged or fine.absent or coarse.damaged or coarse.absent:
            continue
        compared = _compare(base, fine, image, coarse, rule)
        if compared is not None:
            (agreeing if compared else differing).add(image)
    if not differing:
        return []
    if agreeing:
        return [rule.finding("picture", differing)]
    return [rule.finding("pictures", differing, "WARN" if len(differing) == 1 else None, "none")]


def _compare(base: SlideImage, fine: Probe, image: SlideImage, coarse: Probe, rule: ReadinessRule) -> bool | None:
    """Whether two images show the same where tiles of both were looked at; None where that is too little to tell."""
    ratio = base.total_columns / image.total_columns
    sums: dict[tuple[int, int, int, int, int], tuple[list[float], int]] = {}
    channels = base.samples
    for (path, column, row), means in fine.samples.items():
        wide, high = _extent(base, column, row)
        for at in range(len(means) // channels):
            x = (column * base.columns + (at % SAMPLE_EDGE + 0.5) * wide / SAMPLE_EDGE) / ratio
            y = (row * base.rows + (at // SAMPLE_EDGE + 0.5) * high / SAMPLE_EDGE) / ratio
            tile = int(x // image.columns), int(y // image.rows)
            of_wide, of_high = _extent(image, *tile)
            part = (
                int((x - tile[0] * image.columns) * SAMPLE_EDGE / of_wide),
                int((y - tile[1] * image.rows) * SAMPLE_EDGE / of_high),
            )
            total, count = sums.setdefault((path, *tile, *part), ([0.0] * channels, 0))
            colour = means[at * channels : (at + 1) * channels]
            sums[path, *tile, *part] = [one + other for one, other in zip(total, colour, strict=True)], count + 1
    differences: list[float] = []
    for (path, column, row, left, top), (total, count) in sums.items():
        means = coarse.samples.get((path, column, row), ())
        wide, high = _extent(image, column, row)
        full = wide * ratio / base.columns * high * ratio / base.rows
        if not means or count < 0.9 * full or not (left < SAMPLE_EDGE and top < SAMPLE_EDGE):
            continue
        at = (top * SAMPLE_EDGE + left) * channels
        pairs = zip(total, means[at : at + channels], strict=True)
        differences.append(max(abs(one / count - other) for one, other in pairs))
    if len(differences) < FEWEST_PARTS:
        return None
    far = sum(1 for one in differences if one > rule.parameters["difference"])
    return far <= rule.parameters["parts_that_differ"] * len(differences)


def _extent(image: SlideImage, column: int, row: int) -> tuple[int, int]:
    """Pixels of a tile that belong to the picture."""
    return (
        max(1, min(image.columns, image.total_columns - column * image.columns)),
        max(1, min(image.rows, image.total_rows - row * image.rows)),
    )
