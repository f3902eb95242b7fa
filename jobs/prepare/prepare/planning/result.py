"""What is true of a series once its plan is carried out, or is not: its status, what is left, what is mended."""

from __future__ import annotations

from dataclasses import dataclass

from ..checks import rules
from ..checks.rules import LabelPolicy, SlideFinding, Status
from ..model.plan import SeriesPlan
from ..model.slide import OpenCost, Slide, open_cost
from .following import OF_PLAN, Judged
from .new_uids import groups, level_uid
from .simulate import provisional, rename_instances, simulate_plan


@dataclass(frozen=True)
class PlanResult:
    """`slide` is as viewers have it, None for what is none; so is `cost`, which is None too for what does not open."""

    status: Status
    left: tuple[SlideFinding, ...]
    mended: tuple[SlideFinding, ...]
    slide: Slide | None
    cost: OpenCost | None
    cost_before: OpenCost | None


def plan_result(judged: Judged, series: str, acted: bool, policy: LabelPolicy) -> PlanResult:
    """`acted` says whether the plan is carried out, or has nothing to carry out."""
    plan, findings, before = judged.plan.of(series), judged.findings[series], judged.slides.get(series)
    slide = _shown(before, plan) if before and acted else before
    still = (
        {(finding.rule, finding.problem) for finding in rules.findings(slide, policy)}
        if slide
        else set[tuple[str, str]]()
    )
    stays = not acted or plan.kind == "blocked"
    left = tuple(finding for finding in findings if stays or _remains(finding, still, slide))
    status = "blocked" if plan.kind == "blocked" else rules.status(left)
    return PlanResult(
        status=status,
        left=left,
        mended=tuple(finding for finding in findings if finding not in left),
        slide=slide,
        cost=_cost(slide, status),
        cost_before=_cost(before, rules.status(findings)),
    )


def _cost(slide: Slide | None, status: Status) -> OpenCost | None:
    return open_cost(slide) if slide and slide.own and status != "blocked" else None


def _shown(slide: Slide, plan: SeriesPlan) -> Slide:
    """The slide as viewers have it after the plan, with the UIDs of its new instances."""
    images = {image.instance: image for image in (*slide.images, *slide.labels)}
    names = {provisional(level): level_uid(level, plan, images) for level in plan.new_levels}
    names |= {group.instances[0]: group.uid for group in groups(plan, images)}
    return rename_instances(simulate_plan(slide, plan), names)


def _remains(finding: SlideFinding, still: set[tuple[str, str]], slide: Slide | None) -> bool:
    """Whether a finding is still true after the plan; those about the study are only mended by repairs."""
    problem = (finding.rule, finding.problem)
    if problem in OF_PLAN:
        return True
    if slide is None:
        return finding.remedy != "withhold"
    return finding.remedy == "none" if finding.rule in rules.STUDY_CHECKS else problem in still
