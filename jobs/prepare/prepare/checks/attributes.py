"""What the engine reads of every level: one place, one focal plane, all required attributes. R04, R05, R12."""

from __future__ import annotations

from ..model.finding import ReadinessRule, SlideFinding
from ..model.image import SlideImage
from ..model.slide import PyramidLevel, Slide, levels_of


def check_one_slide(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R04. Within the series; SLIM throws for the study when one series mixes slides."""
    found: list[SlideFinding] = []
    for problem, at in (("frame", 0), ("container", 1)):
        told = {image.slide[at] for image in slide.own}
        if len(told) > 1:
            found.append(rule.finding(problem, slide.own, count_values=len(told)))
    return found


def check_focal_planes(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R05. With several optical paths the engine takes the wrong frames, without an error.

    Planes come as frames of one image, or as images of one level: then choosing one of them would choose a plane.
    """
    stacks = [level for level in levels_of(slide.own) if len(_depths(level)) > 1]
    apart = {image for level in stacks for image in level.images}
    deep = [image for image in slide.own if image.focal_planes > 1 or image in apart]
    if not deep:
        return []
    planes = max([image.focal_planes for image in deep] + [len(_depths(level)) for level in stacks])
    mixed = any(len(image.optical_paths) > 1 for image in deep)
    return [rule.finding("mixed" if mixed else "planes", deep, "WRONG" if mixed else None, planes=planes)]


def _depths(level: PyramidLevel) -> set[float]:
    return {image.depth for image in level.images if image.depth is not None}


def check_required_attributes(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R12. One finding per set of missing attributes, and what the engine reads of optical paths beside them.

    In full tiling it draws as many paths as NumberOfOpticalPaths says; of a sparse image it asks each frame.
    """
    by_missing: dict[tuple[str, ...], list[str]] = {}
    for image in slide.own:
        if image.missing:
            by_missing.setdefault(image.missing, []).append(image.instance)
    found = [
        rule.about("missing", instances, keywords=", ".join(missing))
        for missing, instances in sorted(by_missing.items())
    ]
    if silent := [image for image in slide.own if image.sparse and image.unidentified]:
        found.append(rule.finding("unidentified", silent))
    return found + _miscounted(slide, rule)


def _miscounted(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """Too few: the others stay empty. Too many: it throws at the first one that is not described."""
    found: list[SlideFinding] = []
    by_number: dict[tuple[int, int], list[SlideImage]] = {}
    for image in slide.own:
        paths = len(image.optical_paths)
        if not image.sparse and image.paths_told and paths and image.paths_told != paths:
            by_number.setdefault((paths, image.paths_told), []).append(image)
    for (paths, told), images in sorted(by_number.items()):
        if told < paths:
            found.append(rule.finding("channels", images, "WRONG", paths=paths, told=told))
        else:
            found.append(rule.finding("undescribed", images, paths=paths, told=told))
    return found
