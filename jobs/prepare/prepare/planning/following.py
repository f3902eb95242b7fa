"""The plan of a whole study: each series' own, and the objects that must follow where images change (R17)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from ..checks.rules import LabelPolicy, findings, study_findings, worst_first
from ..model.actions import LeaveOut, Withhold
from ..model.finding import Severity, SlideFinding, rule
from ..model.metadata import WHOLE_SLIDE
from ..model.plan import Follower, SeriesPlan, StudyPlan
from ..model.slide import Slide
from ..model.study import OVERLAYS, Reference, Series, Study
from .planner import Options, block, plan_series

OF_ALL_SLIDES = {("R18", "paths")}
"""What keeps SLIM from listing any slide of the study, whoever's images are at fault."""
OF_PLAN = {("R03", "late")}
"""What only the plan shows: no rule finds it again in what viewers get."""
SHARED = ("twin_series", "crowded")
"""Why a series is blocked only because of another one."""
SEVERITY: Mapping[str, Severity] = {"lost": "WRONG", "dangling": "WARN"}
"""Of references (R17) whose images viewers do not get: drawn over them, or only naming them."""


@dataclass(frozen=True)
class Judged:
    """A study with what was found and what will be done; `slides` by series, for those with whole-slide images."""

    plan: StudyPlan
    slides: Mapping[str, Slide]
    findings: Mapping[str, tuple[SlideFinding, ...]] = field(default_factory=dict[str, tuple[SlideFinding, ...]])
    """By series, worst first; findings about the study are on every series whose instances they name."""


def judge(study: Study, slides: Mapping[str, Slide], options: Options, standing: Collection[str] = ()) -> Judged:
    """Findings and plans of all series; a pure function.

    `standing` are the instances that this job has already put before viewers.
    """
    stand = frozenset(standing)
    findings = {series.uid: _findings_of(series, slides.get(series.uid), study, options) for series in study.series}
    plans = {
        series.uid: _plan(series, slides.get(series.uid), findings[series.uid], study, options, stand)
        for series in study.series
    }
    slides = dict(slides)
    for uid, slide in _without_blocked(slides, plans).items():
        slides[uid] = slide
        findings[uid] = _findings_of(study.of(uid), slide, study, options)
        plans[uid] = _plan(study.of(uid), slide, findings[uid], study, options, stand)
    for series, plan in plans.items():
        if late := _late(plan, stand):
            findings[series] = tuple(worst_first([*findings[series], rule("R03").about("late", late, "WARN", "none")]))
    tracker = ReferenceTracker(study, plans, options.label_policy)
    followers, unmapped = tracker.followers(), tracker.dangling()
    for series in study.series:
        if plans[series.uid].kind == "blocked":
            continue
        if lost := [reference for reference in series.references if reference.instance in tracker.lost]:
            plans[series.uid] = _without(plans[series.uid], series, lost)
        dangling = unmapped & {one.instance for one in (*series.references, *series.images)}
        targets = {"lost": {one.instance for one in lost}, "dangling": dangling}
        about = [rule("R17").about(problem, uids, SEVERITY[problem]) for problem, uids in targets.items() if uids]
        findings[series.uid] = tuple(worst_first([*findings[series.uid], *about]))
    plan = StudyPlan(
        study=study.uid, series=tuple(plans.values()), followers=followers, unmapped=tuple(sorted(unmapped))
    )
    return Judged(plan, slides, findings)


def _findings_of(series: Series, slide: Slide | None, study: Study, options: Options) -> tuple[SlideFinding, ...]:
    own = {image.instance for image in series.images} | {reference.instance for reference in series.references}
    concerning = [
        finding
        for finding in study_findings(study)
        if own & set(finding.instances) or (slide and (finding.rule, finding.problem) in OF_ALL_SLIDES)
    ]
    if options.label_policy == "withhold":
        unknown = study.not_of_tissue() & set(series.others) - set(series.labelled)
        private = (
            {reference.instance for reference in series.references if reference.private}
            - unknown
            - set(series.labelled)
        )
        hidden = {"label": series.labelled, "unknown": unknown, "private": private}
        concerning += [rule("R13").about(name, uids, policy="withhold") for name, uids in hidden.items() if uids]
    return tuple(worst_first([*(findings(slide, options.label_policy) if slide else ()), *concerning]))


def _plan(
    series: Series,
    slide: Slide | None,
    findings: tuple[SlideFinding, ...],
    study: Study,
    options: Options,
    standing: frozenset[str],
) -> SeriesPlan:
    if slide is not None:
        plan = plan_series(slide, findings, options, standing)
    elif any((finding.rule, finding.problem) == ("R17", "unknown") for finding in findings):
        plan = block(series.uid, "unmapped_references")
    else:
        plan = SeriesPlan(series=series.uid)
    if plan.kind == "blocked" or options.label_policy == "show":
        return plan
    hidden = tuple(sorted(study.not_of_tissue() & set(series.others)))
    return replace(plan, actions=(*plan.actions, Withhold(instances=hidden))) if hidden else plan


def _without_blocked(slides: Mapping[str, Slide], plans: Mapping[str, SeriesPlan]) -> dict[str, Slide]:
    """Slides that share their glass with a series that viewers do not get: without its images."""
    gone = {uid for uid, plan in plans.items() if plan.kind == "blocked" and plan.reason not in SHARED}
    return {
        uid: replace(slide, images=tuple(image for image in slide.images if image.series not in gone))
        for uid, slide in slides.items()
        if uid not in gone and any(image.series in gone for image in slide.images)
    }


def _late(plan: SeriesPlan, standing: frozenset[str]) -> list[str]:
    """Images that came when levels made by this job already had their places."""
    left = [action for action in plan.actions if isinstance(action, LeaveOut)]
    return [uid for action in left if standing & set(action.kept) for uid in action.instances]


def _without(plan: SeriesPlan, series: Series, lost: list[Reference]) -> SeriesPlan:
    """Objects that lost their images are not shown; a series that loses all is blocked."""
    if len(lost) == len(series.references):
        return block(series.uid, "unmapped_references")
    return replace(plan, actions=(*plan.actions, LeaveOut(instances=tuple(one.instance for one in lost), kept=())))


class ReferenceTracker:
    """What becomes of instances in the viewer store: `changed` get a successor, `gone` have none there.

    An object that refers to a changed one becomes another object, so what refers to it must change in turn; and what
    is drawn over images that are gone is gone. Under `withhold` an object with private elements becomes another, too.
    """

    def __init__(self, study: Study, plans: Mapping[str, SeriesPlan], policy: LabelPolicy) -> None:
        self._referring = [
            (series.uid, one)
            for series in study.series
            for one in (*series.references, *_image_references(series, plans[series.uid]))
            if plans[series.uid].kind != "blocked"
        ]
        self.changed: set[str] = set()
        self.gone: set[str] = set()
        for series in study.series:
            plan = plans[series.uid]
            if plan.kind == "blocked":
                self.gone |= {one.instance for one in (*series.images, *series.references)}
                continue
            replaced = {
                uid
                for action in plan.actions
                if isinstance(action, LeaveOut) and action.kept
                for uid in action.instances
            }
            self.changed |= plan.rewritten | replaced
            self.gone |= plan.absent - replaced
        self.lost = {one.instance for _, one in self._referring if self._is_lost(one)}
        self.gone |= self.lost
        telling = {one.instance for _, one in self._referring if one.private and policy == "withhold"}
        self._stripped = telling - self.gone
        self.changed |= self._stripped
        while grown := {one.instance for _, one in self._referring if self._follows(one)} - self.changed:
            self.changed |= grown

    def followers(self) -> tuple[Follower, ...]:
        return tuple(
            Follower(
                series=series,
                instance=one.instance,
                refers_to=tuple(sorted(self.changed & set(one.instances))),
                without_private=one.instance in self._stripped,
            )
            for series, one in self._referring
            if self._follows(one)
        )

    def dangling(self) -> set[str]:
        """Objects that go on without some of what they refer to."""
        return {
            one.instance
            for _, one in self._referring
            if one.instance not in self.gone and self.gone & set(one.instances)
        }

    def _is_lost(self, one: Reference) -> bool:
        """Everything it is drawn over is gone."""
        return one.sop_class in OVERLAYS and bool(one.whole_slides) and set(one.whole_slides) <= self.gone

    def _follows(self, one: Reference) -> bool:
        if one.instance in self._stripped:
            return True
        return one.instance not in self.gone and bool(self.changed & set(one.instances))


def _image_references(series: Series, plan: SeriesPlan) -> list[Reference]:
    """What images refer to, of those that are copied as they are: others are written anew, and follow then."""
    changed = plan.rewritten | plan.absent
    return [
        Reference(image.instance, WHOLE_SLIDE, image.names, ())
        for image in series.images
        if image.names and image.instance not in changed
    ]
