"""What only the whole study shows: objects that refer to images (R17), what SLIM does to all slides at once (R18)."""

from __future__ import annotations

from ..model.finding import ReadinessRule, SlideFinding
from ..model.image import NAMED, SlideImage
from ..model.study import OVERLAYS, Study

PHOTOGRAPHS = ("LABEL", "OVERVIEW", "LOCALIZER")
"""ImageType value 3 of what is no slide to look into."""
PHOTOGRAPHED = 0.01
"""Millimetres that a pixel of a photograph of the glass measures at least; of a scan it is 0.00025 to 0.001."""


def check_references(study: Study, rule: ReadinessRule) -> list[SlideFinding]:
    """R17. What is drawn over an image it does not know is drawn with the largest level's transform, silently.

    A report (SR) or a presentation state may well refer to images elsewhere.
    """
    known = {image.instance for series in study.series for image in series.images}
    lost = [
        reference.instance
        for series in study.series
        for reference in series.references
        if reference.sop_class in OVERLAYS and reference.whole_slides and not known & set(reference.whole_slides)
    ]
    return [rule.about("unknown", lost)] if lost else []


def check_study(study: Study, rule: ReadinessRule) -> list[SlideFinding]:
    """R18. One bad image, a label included, keeps SLIM from listing any slide of the study."""
    findings: list[SlideFinding] = []
    every = [image for series in study.series for image in series.images]
    lacking = [image for image in every if "OpticalPathSequence" in image.missing]
    if lacking:
        findings.append(rule.finding("paths", lacking))
    for series in study.series:
        if series.images and not any(image.in_pyramid for image in series.images):
            photographs = all(_is_photograph(image) for image in series.images)
            findings.append(rule.finding("shapeless", series.images, "WARN" if photographs else "BLOCK", "none"))
        if hidden := _larger_than_shown(series.images):
            findings.append(rule.finding("hidden", hidden, remedy="none"))
        if split := _split_by_acquisition(series.images):
            findings.append(rule.finding("acquisition", split, "WRONG"))
    holders: dict[str, set[str]] = {}
    for series in study.series:
        for instance in (
            *(image.instance for image in series.images),
            *(reference.instance for reference in series.references),
        ):
            holders.setdefault(instance, set()).add(series.uid)
    if same := [instance for instance, series in holders.items() if len(series) > 1]:
        findings.append(rule.about("same_uids", same, remedy="none"))
    patients = {image.patient for image in every} - {""}
    patients = {one for one in patients if not one.startswith(NAMED)} or patients
    if len(patients) > 1:
        findings.append(rule.finding("patients", every, "WRONG", "none", patients=len(patients)))
    return findings


def _larger_than_shown(images: tuple[SlideImage, ...]) -> list[SlideImage]:
    """Images of many fine tiles that the viewer leaves out for their ImageType, and that are larger than all it shows:
    what it would show, such as a thumbnail, has nothing left to be compared with."""
    shown = max((image.total_columns for image in images if image.in_pyramid), default=0)
    left = (image for image in images if not image.in_pyramid and not _is_photograph(image))
    return [image for image in left if shown and image.total_columns > shown]


def _is_photograph(image: SlideImage) -> bool:
    """One of many fine tiles may well be a slide that is called a label."""
    return image.flavor in PHOTOGRAPHS and (image.frames == 1 or image.spacing >= PHOTOGRAPHED)


def _split_by_acquisition(images: tuple[SlideImage, ...]) -> list[SlideImage]:
    """Images without AcquisitionUID beside images with one."""
    pyramid = [image for image in images if image.in_pyramid]
    lacking = [image for image in pyramid if not image.slide[2]]
    return lacking if len(lacking) < len(pyramid) else []
