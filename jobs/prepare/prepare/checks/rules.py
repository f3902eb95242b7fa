"""The readiness rules: small pure functions from what is known of a slide or study to findings.

Severities, limits and words are data (`rules.json`); the functions are in `checks`, one file per subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from ..model.finding import ReadinessRule, Severity, SlideFinding, rules, table
from ..model.slide import Slide
from ..model.study import Study
from . import attributes, channels, coding, geometry, labels, pyramid, study, tiling

Status = Literal["ready", "ready_degraded", "blocked", "failed"]
LabelPolicy = Literal["show", "withhold"]

SLIDE_CHECKS: Mapping[str, Callable[[Slide, ReadinessRule], list[SlideFinding]]] = {
    "R01": tiling.check_frame_places,
    "R02": tiling.check_frame_counts,
    "R03": pyramid.check_duplicates,
    "R04": attributes.check_one_slide,
    "R05": attributes.check_focal_planes,
    "R06": coding.check_profiles,
    "R07": coding.check_decodable,
    "R08": coding.check_tile_headers,
    "R09": pyramid.check_complete_pyramid,
    "R10": geometry.check_geometry,
    "R11": coding.check_colours,
    "R12": attributes.check_required_attributes,
    "R14": tiling.check_tile_sizes,
    "R15": tiling.check_description_size,
    "R16": pyramid.check_image_types,
    "R19": channels.check_channels,
}
STUDY_CHECKS: Mapping[str, Callable[[Study, ReadinessRule], list[SlideFinding]]] = {
    "R17": study.check_references,
    "R18": study.check_study,
}


def findings(slide: Slide, policy: LabelPolicy = "show") -> list[SlideFinding]:
    """All findings about images of the slide's own series, worst first."""
    own = {image.instance for image in (*slide.own, *slide.labels)}
    all_findings: list[SlideFinding] = []
    for rule in rules():
        if check := SLIDE_CHECKS.get(rule.id):
            all_findings += [finding for finding in check(slide, rule) if own & set(finding.instances)]
        elif rule.id == "R13":
            all_findings += labels.check_labels(slide, rule, policy)
    return worst_first(all_findings)


def study_findings(study: Study) -> list[SlideFinding]:
    """Findings that need all series of a study; each names instances of any of them."""
    return worst_first(
        finding for rule in rules() if (check := STUDY_CHECKS.get(rule.id)) for finding in check(study, rule)
    )


def worst_first(unordered: Iterable[SlideFinding]) -> list[SlideFinding]:
    order = list(table()["severities"])
    return sorted(unordered, key=lambda finding: (order.index(finding.severity), finding.rule, finding.instances))


def status(findings_of_one: Iterable[SlideFinding]) -> Status:
    severities: set[Severity] = {finding.severity for finding in findings_of_one}
    if severities & {"BLOCK", "WRONG"}:
        return "blocked"
    return "ready_degraded" if "SLOW" in severities else "ready"


__all__ = [
    "LabelPolicy",
    "ReadinessRule",
    "SlideFinding",
    "Status",
    "findings",
    "rules",
    "status",
    "study_findings",
    "table",
]
