"""Who may see a label: R13."""

from __future__ import annotations

from ..model.finding import ReadinessRule, SlideFinding
from ..model.image import PRIVATE, SlideImage
from ..model.slide import Slide, pyramids

LABELS = ("LABEL", "OVERVIEW")


def check_labels(slide: Slide, rule: ReadinessRule, policy: str) -> list[SlideFinding]:
    """R13. Told whatever the policy; under `withhold` a slide that shows its label itself cannot be shown."""
    findings: list[SlideFinding] = []
    showing = [image for image in (*slide.own, *slide.labels) if image.flavor in LABELS or image.burned_in]
    if showing:
        findings.append(rule.finding("label", showing, policy=policy))
    telling = [image for image in (*slide.own, *slide.labels) if set(image.label_attributes) - {PRIVATE}]
    if telling:
        findings.append(rule.finding("attributes", telling, policy=policy))
    if policy == "withhold":
        if unknown := [image for image in slide.labels if image not in showing]:
            findings.append(rule.finding("unknown", unknown, policy=policy))
        if private := [image for image in slide.own if PRIVATE in image.label_attributes]:
            findings.append(rule.finding("private", private, policy=policy))
    if policy == "withhold" and (bases := _find_burned_bases(slide)):
        findings.append(rule.finding("burned", bases, "BLOCK", "none"))
    return findings


def _find_burned_bases(slide: Slide) -> list[SlideImage]:
    bases = [image for levels in pyramids(slide.own).values() for image in levels[0].images]
    return [image for image in bases if image.burned_in]
