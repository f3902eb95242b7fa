"""What the engine reads of every level: one place, one focal plane, all required attributes. R04, R05, R12."""

from __future__ import annotations

from ..model.finding import ReadinessRule, SlideFinding
from ..model.image import SlideImage
from ..model.slide import PyramidLevel, Slide, levels_of, pyramids
from .geometry import check_regions

KEYS = ("FrameOfReferenceUID", "ContainerIdentifier", "AcquisitionUID")
"""Of `SlideImage.slide`, in its order."""


def check_one_slide(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R04. Within the series; SLIM throws for the study when one series mixes slides."""
    findings: list[SlideFinding] = []
    for problem, at in (("frame", 0), ("container", 1)):
        values = {image.slide[at] for image in slide.own} - {""}
        unnamed = [image for image in slide.own if not image.slide[at]]
        if len(values) > 1:
            findings.append(rule.finding(problem, slide.own, count_values=len(values)))
        elif values and unnamed:
            findings.append(rule.finding("unnamed", unnamed, remedy="repair", keyword=KEYS[at]))
    glass = {image.slide[1] for image in slide.own} - {""}
    strangers = [image for image in slide.labels if glass and image.slide[1] and image.slide[1] not in glass]
    if strangers:
        findings.append(rule.finding("label", strangers, "WARN"))
    return [*findings, *_find_mixed_scans(slide, rule), *check_regions(slide, rule)]


def _find_mixed_scans(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """Levels of one optical path that are parts of different scans or regions, each told by a UID."""
    findings: list[SlideFinding] = []
    for levels in pyramids(slide.own).values():
        images = [image for level in levels for image in level.images]
        for problem, values in (
            ("acquisitions", {image.slide[2] for image in images} - {""}),
            ("pyramids", {image.pyramid for image in images} - {""}),
        ):
            if len(values) > 1:
                findings.append(rule.finding(problem, images, count_values=len(values)))
    return list({(finding.problem, finding.instances): finding for finding in findings}.values())


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
    findings = [
        rule.about("missing", instances, keywords=", ".join(missing))
        for missing, instances in sorted(by_missing.items())
    ]
    unknown: dict[tuple[str, ...], list[str]] = {}
    for image in slide.own:
        if image.undescribed:
            unknown.setdefault(image.undescribed, []).append(image.instance)
    findings += [
        rule.about("pixels", instances, keywords=", ".join(names)) for names, instances in sorted(unknown.items())
    ]
    if slide.own and not any(image.slide[0] for image in slide.own):
        findings.append(rule.finding("unreferenced", slide.own, "WARN", "none"))
    if silent := [image for image in slide.own if image.sparse and image.unidentified]:
        findings.append(rule.finding("unidentified", silent))
    other = [image for image in slide.own if image.sparse and image.misidentified]
    if colour := [image for image in other if image.samples > 1]:
        findings.append(rule.finding("other_path", colour))
    if channels := [image for image in other if image.samples == 1]:
        findings.append(rule.finding("other_channel", channels, remedy="none"))
    return findings + _find_miscounts(slide, rule)


def _find_miscounts(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """Too few: the others stay empty. Too many: it throws at the first one that is not described."""
    findings: list[SlideFinding] = []
    by_number: dict[tuple[int, int], list[SlideImage]] = {}
    for image in slide.own:
        paths = len(image.optical_paths)
        if not image.sparse and image.paths_told and paths and image.paths_told != paths:
            by_number.setdefault((paths, image.paths_told), []).append(image)
    for (paths, count), images in sorted(by_number.items()):
        if count < paths:
            findings.append(rule.finding("channels", images, "WRONG", paths=paths, told=count))
        else:
            findings.append(rule.finding("undescribed", images, paths=paths, told=count))
    return findings
