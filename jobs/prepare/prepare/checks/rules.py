"""The readiness rules: small pure functions from what is known of a slide or study to findings.

Severities, limits and words are data (`rules.json`); the functions are in `checks`, one file per subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from ..model.finding import Finding, Rule, Severity, rules, table
from ..model.slide import Slide
from ..model.study import Study
from . import attributes, coding, labels, pyramid, study, tiling

Status = Literal["ready", "ready_degraded", "blocked", "failed"]
LabelPolicy = Literal["show", "withhold"]

SLIDE_CHECKS: Mapping[str, Callable[[Slide, Rule], list[Finding]]] = {
    "R01": tiling.frames_have_places,
    "R02": tiling.every_tile_has_its_frame,
    "R03": pyramid.one_image_per_size,
    "R04": attributes.one_slide_one_place,
    "R05": attributes.one_focal_plane,
    "R06": coding.one_profile_policy,
    "R07": coding.tiles_decode,
    "R08": coding.tiles_are_what_is_said,
    "R09": pyramid.is_complete,
    "R10": pyramid.spacing_fits_sizes,
    "R11": coding.can_be_coloured,
    "R12": attributes.required_are_there,
    "R14": tiling.tiles_are_of_useful_size,
    "R15": tiling.description_is_small,
    "R16": pyramid.derived_levels_say_so,
}
STUDY_CHECKS: Mapping[str, Callable[[Study, Rule], list[Finding]]] = {
    "R17": study.annotations_find_their_images,
    "R18": study.opens_as_a_whole,
}


def findings(slide: Slide, policy: LabelPolicy = "show") -> list[Finding]:
    """All findings about images of the slide's own series, worst first."""
    own = {image.instance for image in (*slide.own, *slide.labels)}
    found: list[Finding] = []
    for rule in rules():
        if check := SLIDE_CHECKS.get(rule.id):
            found += [finding for finding in check(slide, rule) if own & set(finding.instances)]
        elif rule.id == "R13":
            found += labels.are_only_where_allowed(slide, rule, policy)
    return worst_first(found)


def study_findings(study: Study) -> list[Finding]:
    """Findings that need all series of a study; each names instances of any of them."""
    return worst_first(
        finding for rule in rules() if (check := STUDY_CHECKS.get(rule.id)) for finding in check(study, rule)
    )


def worst_first(found: Iterable[Finding]) -> list[Finding]:
    order = list(table()["severities"])
    return sorted(found, key=lambda finding: (order.index(finding.severity), finding.rule, finding.instances))


def status(found: Iterable[Finding]) -> Status:
    severities: set[Severity] = {finding.severity for finding in found}
    if severities & {"BLOCK", "WRONG"}:
        return "blocked"
    return "ready_degraded" if "SLOW" in severities else "ready"


__all__ = ["Finding", "LabelPolicy", "Rule", "Status", "findings", "rules", "status", "study_findings", "table"]
