"""What the engine reads of every level: one place, one focal plane, all required attributes. R04, R05, R12."""

from __future__ import annotations

from ..finding import Finding, Rule
from ..slide import Slide


def one_slide_one_place(slide: Slide, rule: Rule) -> list[Finding]:
    """R04. Within the series; SLIM throws for the study when one series mixes slides."""
    found: list[Finding] = []
    for problem, at in (("frame", 0), ("container", 1)):
        told = {image.slide[at] for image in slide.own}
        if len(told) > 1:
            found.append(rule.finding(problem, slide.own, count_values=len(told)))
    return found


def one_focal_plane(slide: Slide, rule: Rule) -> list[Finding]:
    """R05. With several optical paths the engine takes the wrong frames, without an error."""
    deep = [image for image in slide.own if image.focal_planes > 1]
    if not deep:
        return []
    planes = max(image.focal_planes for image in deep)
    mixed = any(len(image.optical_paths) > 1 for image in deep)
    return [rule.finding("mixed" if mixed else "planes", deep, "WRONG" if mixed else None, planes=planes)]


def required_are_there(slide: Slide, rule: Rule) -> list[Finding]:
    """R12. One finding per set of missing attributes."""
    by_missing: dict[tuple[str, ...], list[str]] = {}
    for image in slide.own:
        if image.missing:
            by_missing.setdefault(image.missing, []).append(image.instance)
    return [
        rule.about("missing", instances, keywords=", ".join(missing))
        for missing, instances in sorted(by_missing.items())
    ]
