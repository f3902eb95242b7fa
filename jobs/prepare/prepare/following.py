"""The plan of a whole study: each series' own, and the objects that must follow where images change (R17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .finding import Finding, rule
from .plan import Follower, LeaveOut, SeriesPlan, StudyPlan
from .planner import Options, blocked, plan_series
from .rules import findings, study_findings, worst_first
from .slide import Slide
from .study import OVERLAYS, Reference, Series, Study

OF_ALL_SLIDES = {("R18", "paths")}
"""What keeps SLIM from listing any slide of the study, whoever's images are at fault."""


@dataclass(frozen=True)
class Judged:
    """A study with what was found and what will be done; `slides` by series, for those with whole-slide images."""

    plan: StudyPlan
    slides: Mapping[str, Slide]
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict[str, tuple[Finding, ...]])
    """By series, worst first; findings about the study are on every series whose instances they name."""


def judge(study: Study, slides: Mapping[str, Slide], options: Options) -> Judged:
    """Findings and plans of all series; a pure function."""
    found = {series.uid: _found(series, slides.get(series.uid), study, options) for series in study.series}
    plans = {series.uid: _plan(series, slides.get(series.uid), found[series.uid], options) for series in study.series}
    followers: list[Follower] = []
    unmapped: list[str] = []
    if options.viewer_store == "separate":
        fates = _Fates(study, plans)
        for series in study.series:
            lost = [one for one in series.references if one.sop_class in OVERLAYS and fates.lost(one)]
            followers += fates.followers(series, lost)
            unmapped += [one.instance for one in series.references if one not in lost and fates.dangles(one)]
            if lost and plans[series.uid].kind != "blocked":
                finding = rule("R17").about("lost", [one.instance for one in lost])
                found[series.uid] = tuple(worst_first([*found[series.uid], finding]))
                plans[series.uid] = _without(plans[series.uid], series, lost)
    plan = StudyPlan(
        study=study.uid, series=tuple(plans.values()), followers=tuple(followers), unmapped=tuple(unmapped)
    )
    return Judged(plan, slides, found)


def _found(series: Series, slide: Slide | None, study: Study, options: Options) -> tuple[Finding, ...]:
    own = {image.instance for image in series.images} | {one.instance for one in series.references}
    concerning = [
        finding
        for finding in study_findings(study)
        if own & set(finding.instances) or (slide and (finding.rule, finding.problem) in OF_ALL_SLIDES)
    ]
    return tuple(worst_first([*(findings(slide, options.label_policy) if slide else ()), *concerning]))


def _plan(series: Series, slide: Slide | None, found: tuple[Finding, ...], options: Options) -> SeriesPlan:
    if slide is not None:
        return plan_series(slide, found, options)
    if any((one.rule, one.problem) == ("R17", "unknown") for one in found):
        return blocked(series.uid, "unmapped_references")
    return SeriesPlan(series=series.uid)


def _without(plan: SeriesPlan, series: Series, lost: list[Reference]) -> SeriesPlan:
    """Objects that lost their images are not shown; a series that loses all is blocked."""
    if len(lost) == len(series.references):
        return blocked(series.uid, "unmapped_references")
    return replace(plan, acts=(*plan.acts, LeaveOut(instances=tuple(one.instance for one in lost), kept=())))


class _Fates:
    """What becomes of each whole-slide image in the viewer store."""

    def __init__(self, study: Study, plans: Mapping[str, SeriesPlan]) -> None:
        self.changed: set[str] = set()
        self.gone: set[str] = set()
        for series in study.series:
            plan = plans[series.uid]
            if plan.kind == "blocked":
                self.gone |= {image.instance for image in series.images}
                continue
            replaced = {uid for act in plan.acts if isinstance(act, LeaveOut) and act.kept for uid in act.instances}
            self.changed |= plan.rewritten | replaced
            self.gone |= plan.absent - replaced

    def lost(self, one: Reference) -> bool:
        """Everything it is drawn over is gone."""
        return bool(one.whole_slides) and set(one.whole_slides) <= self.gone

    def dangles(self, one: Reference) -> bool:
        return bool(self.gone & set(one.instances))

    def followers(self, series: Series, lost: list[Reference]) -> list[Follower]:
        return [
            Follower(series=series.uid, instance=one.instance, refers_to=tuple(sorted(concerned)))
            for one in series.references
            if one not in lost and (concerned := self.changed & set(one.instances))
        ]
