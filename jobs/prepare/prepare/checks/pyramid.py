"""The levels and how they fit together: R03, R09, R16."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..model.finding import ReadinessRule, SlideFinding
from ..model.slide import Slide, is_step_too_wide, pyramids
from .geometry import between_series


def check_duplicates(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R03. Equal sizes are right for different optical paths and for the parts of one concatenation.

    The engine compares no focal planes, so planes stored as separate instances stop it too.
    """
    findings: list[SlideFinding] = []
    for path, levels in pyramids(slide.images).items():
        for level in levels:
            if len(level.images) == 1 or level.one_concatenation:
                continue
            series = len({image.series for image in level.images})
            columns, rows = level.size
            words: dict[str, Any] = {"columns": columns, "rows": rows, "path": path or "(none)", "series": series}
            problem = between_series(slide, {image.series for image in level.images}) if series > 1 else "same_size"
            findings.append(rule.finding(problem, level.images, remedy="none" if series > 1 else None, **words))
    return _first_of_each(findings)


def check_complete_pyramid(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R09. The coarsest level is small, and no step between neighbouring levels is too wide."""
    findings: list[SlideFinding] = []
    for levels in pyramids(slide.images).values():
        coarsest = levels[-1]
        if coarsest.tiles > rule.parameters["coarsest_tiles"]:
            columns, rows = coarsest.size
            findings.append(rule.finding("coarsest", coarsest.images, tiles=coarsest.tiles, columns=columns, rows=rows))
        for finer, coarser in pairwise(levels):
            if is_step_too_wide(finer.tiles, finer.size[0], coarser.size[0]):
                images = (*finer.images, *coarser.images)
                findings.append(rule.finding("ratio", images, finer=finer.size[0], coarser=coarser.size[0]))
    return _first_of_each(findings)


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


def _first_of_each(findings: list[SlideFinding]) -> list[SlideFinding]:
    """An image with several optical paths would be reported once for each."""
    return list({finding.instances: finding for finding in reversed(findings)}.values())[::-1]
