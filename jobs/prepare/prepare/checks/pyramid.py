"""The levels and how they fit together: R03, R09, R10, R16."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..model.finding import ReadinessRule, SlideFinding
from ..model.image import SlideImage
from ..model.slide import PyramidLevel, Slide, pyramids


def check_duplicates(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R03. Equal sizes are right for different optical paths and for the parts of one concatenation.

    The engine compares no focal planes, so planes stored as separate instances stop it too.
    """
    found: list[SlideFinding] = []
    for path, levels in pyramids(slide.images).items():
        for level in levels:
            if len(level.images) == 1 or level.one_concatenation:
                continue
            series = len({image.series for image in level.images})
            columns, rows = level.size
            words: dict[str, Any] = {"columns": columns, "rows": rows, "path": path or "(none)", "series": series}
            remedy = "none" if series > 1 else None
            found.append(
                rule.finding("twin_series" if series > 1 else "same_size", level.images, remedy=remedy, **words)
            )
    return _first_of_each(found)


def check_complete_pyramid(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R09. The coarsest level is small, and no step between neighbouring levels is too wide."""
    found: list[SlideFinding] = []
    for levels in pyramids(slide.images).values():
        coarsest = levels[-1]
        if coarsest.tiles > rule.parameters["coarsest_tiles"]:
            columns, rows = coarsest.size
            found.append(rule.finding("coarsest", coarsest.images, tiles=coarsest.tiles, columns=columns, rows=rows))
        for finer, coarser in pairwise(levels):
            if step_too_wide(finer, coarser, rule):
                images = (*finer.images, *coarser.images)
                found.append(rule.finding("ratio", images, finer=finer.size[0], coarser=coarser.size[0]))
    return _first_of_each(found)


def step_too_wide(finer: PyramidLevel, coarser: PyramidLevel, rule: ReadinessRule) -> bool:
    """Below a level of a few tiles no step costs anything."""
    limit = rule.parameters["largest_ratio"] * (1 + rule.parameters["ratio_tolerance"])
    return finer.tiles > rule.parameters["coarsest_tiles"] and finer.size[0] > limit * max(coarser.size[0], 1)


def check_geometry(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R10. Against the largest level; a pixel more or less is rounding. The engine lays every level on the glass as it
    lays the largest."""
    crooked: set[SlideImage] = set()
    turned: set[SlideImage] = set()
    odd: set[SlideImage] = set()
    for levels in pyramids(slide.own).values():
        base = levels[0].images[0]
        for image in (image for level in levels[1:] for image in level.images):
            if _turned(image, base, rule):
                turned.add(image)
            if min(*image.size, *base.size) < 1:
                continue
            ratio = base.total_columns / image.total_columns
            slack = rule.parameters["tolerance"] + 1 / min(image.size)
            if base.spacing and image.spacing and abs(image.spacing / base.spacing / ratio - 1) > slack:
                crooked.add(image)
            if abs(base.total_rows / image.total_rows / ratio - 1) > 2 * slack:
                odd.add(image)
    found = [rule.finding("spacing", crooked)] if crooked else []
    found += [rule.finding("turned", turned, "WRONG", "repair")] if turned else []
    return [*found, rule.finding("aspect", odd)] if odd else found


def _turned(image: SlideImage, base: SlideImage, rule: ReadinessRule) -> bool:
    """Where both tell a direction."""
    cosines = zip(image.orientation, base.orientation, strict=False)
    return any(abs(one - other) > rule.parameters["turn"] for one, other in cosines)


def check_image_types(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R16. All VOLUME levels but the largest of each pyramid."""
    wrong = {
        image
        for levels in pyramids(slide.own).values()
        for level in levels[1:]
        for image in level.images
        if image.flavor == "VOLUME" and (image.image_type[0], *image.image_type[3:4]) != ("DERIVED", "RESAMPLED")
    }
    return [rule.finding("type", wrong)] if wrong else []


def _first_of_each(found: list[SlideFinding]) -> list[SlideFinding]:
    """An image with several optical paths would be reported once for each."""
    return list({finding.instances: finding for finding in reversed(found)}.values())[::-1]
