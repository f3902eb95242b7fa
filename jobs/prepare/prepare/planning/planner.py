"""Decides what is done to a series: a pure function of the slide, its findings and two settings.

`repairs` says how each problem is mended; here problems add up, and what the stores allow decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from ..checks.rules import STUDY_CHECKS, LabelPolicy, findings, status
from ..model.actions import Act, FixImageType, LeaveOut, MakeLevel, Withhold
from ..model.finding import Finding, table
from ..model.image import Image
from ..model.plan import SeriesPlan
from ..model.slide import Slide
from .duplicates import one_of_twins
from .existing_levels import Standing, came_late, levels_standing
from .missing_levels import missing_levels
from .repairs import (
    MENDED,
    CannotRepair,
    Case,
    broken,
    completed,
    counted,
    fully_tiled,
    profiled,
    resampled,
    transcoded,
    typed,
    withheld,
)
from .simulate import foreseen

ViewerStore = Literal["same", "separate"]
HOPELESS = {
    ("R05", "planes"): "z_stack",
    ("R05", "mixed"): "z_stack",
    ("R18", "patients"): "patients",
    ("R13", "burned"): "label_in_image",
    ("R04", "frame"): "mixed_slides",
    ("R04", "container"): "mixed_slides",
    ("R03", "twin_series"): "twin_series",
    ("R11", "samples"): "colour",
    ("R11", "photometric"): "colour",
    ("R11", "mixed"): "colour",
    ("R08", "colour"): "colour",
    ("R07", "untransformed"): "colour",
    ("R01", "off_grid"): "off_grid",
    ("R17", "unknown"): "unmapped_references",
    ("R18", "shapeless"): "no_image",
}
"""Problems that only the source can correct, and why the slide is blocked; the first one found is told."""
BASE = {("R02", "part"): "missing_part", ("R02", "count"): "frame_count"}
"""Problems of a largest level (remedy none); on smaller levels they are mended."""


@dataclass(frozen=True)
class Options:
    viewer_store: ViewerStore = "same"
    label_policy: LabelPolicy = "show"


def plan_series(
    slide: Slide, found: Iterable[Finding], options: Options, standing: frozenset[str] = frozenset()
) -> SeriesPlan:
    """The plan for `slide.series`; `found` are its findings, those of the study (R18) included.

    `standing` are the instances that this job has already made for the series in a viewer store of its own.
    """
    case = Case(slide, tuple(found))
    if reason := _hopeless(case):
        return blocked(slide.series, reason)
    try:
        acts = _acts(case, options, standing)
    except CannotRepair as error:
        return blocked(slide.series, error.reason, **error.words)
    if options.viewer_store == "same":
        acts = [act for act in acts if isinstance(act, MakeLevel) and not act.instances]
        needing = sorted({one.rule for one in case.found if one.severity in ("BLOCK", "WRONG")})
        if needing:
            return blocked(slide.series, "needs_viewer_store", rules=", ".join(needing))
    plan = SeriesPlan(series=slide.series, kind=kind_of(acts), acts=tuple(acts))
    left = findings(foreseen(slide, plan), options.label_policy)
    if status(left) == "blocked":
        rules = sorted({one.rule for one in left if one.severity in ("BLOCK", "WRONG")})
        return blocked(slide.series, "not_mended", rules=", ".join(rules))
    return plan


def blocked(series: str, reason: str, **words: str) -> SeriesPlan:
    sentence = str(table()["blocked"][reason]).format(**words)
    return SeriesPlan(series=series, kind="blocked", reason=reason, sentence=sentence)


def kind_of(acts: Iterable[Act]) -> Literal["none", "add_levels", "repair"]:
    """Withholding a label is no repair."""
    acts = [act for act in acts if not isinstance(act, Withhold)]
    if not acts:
        return "none"
    adding = all(isinstance(act, MakeLevel) and not act.instances for act in acts)
    return "add_levels" if adding else "repair"


def _hopeless(case: Case) -> str:
    problems = {(one.rule, one.problem) for one in case.found if one.severity in MENDED}
    base = {(one.rule, one.problem) for one in case.found if one.remedy == "none"}
    told = [reason for problem, reason in HOPELESS.items() if problem in problems]
    told += [reason for problem, reason in BASE.items() if problem in base]
    return told[0] if told else ""


def _acts(case: Case, options: Options, standing: frozenset[str]) -> list[Act]:
    """All repairs, then the levels that the repaired pyramid lacks. Raises CannotRepair.

    What stands already changes a plan only where it is none of it: a run that was ended is continued, not planned anew.
    """
    acts = _repairs(case, options)
    planned = [*acts, *_lacking(case, acts, [])]
    stand = levels_standing(case, acts, standing)
    if all(level.made in planned for level in stand):
        return planned
    if late := came_late(case.slide.own, stand):
        case = _case_without(case, late, options)
        acts = [*late, *_repairs(case, options)]
        stand = levels_standing(case, acts, standing)
    return [*acts, *(level.made for level in stand), *_lacking(case, acts, stand)]


def _lacking(case: Case, acts: list[Act], stand: list[Standing]) -> list[MakeLevel]:
    unusable = {image.instance for image in broken(case)} | {level.image.instance for level in stand}
    seen = [*_retyped(_without(case, acts), acts), *(level.image for level in stand)]
    return missing_levels(seen, case.slide.series, frozenset(unusable))


def _repairs(case: Case, options: Options) -> list[Act]:
    """What is wrong with the images that are there, but for levels that are not."""
    acts = withheld(case) if options.label_policy == "withhold" else []
    acts += one_of_twins(case)
    kept = _without(case, acts)
    acts += resampled(case, kept)
    kept = _without(case, acts)
    anew = {uid for act in acts if isinstance(act, MakeLevel) for uid in act.instances}
    sound = [image for image in kept if image.instance not in anew]
    for repair in (fully_tiled, transcoded, profiled, completed, counted):
        acts += repair(case, sound)
    if options.viewer_store == "separate":
        written = SeriesPlan(series=case.slide.series, acts=tuple(acts)).rewritten - anew
        acts += typed(case, sound, written)
    return acts


def _case_without(case: Case, late: Iterable[LeaveOut], options: Options) -> Case:
    """As if the late ones had not come; what they did to the study as a whole stays."""
    gone = {uid for act in late for uid in act.instances}
    slide = replace(case.slide, images=tuple(image for image in case.slide.images if image.instance not in gone))
    of_study = (one for one in case.found if one.rule in STUDY_CHECKS)
    return Case(slide, (*findings(slide, options.label_policy), *of_study))


def _without(case: Case, acts: Iterable[Act]) -> list[Image]:
    """The slide's images (labels too) but those that acts take away."""
    gone = {uid for act in acts if isinstance(act, LeaveOut | Withhold) for uid in act.instances}
    return [image for image in (*case.slide.images, *case.slide.labels) if image.instance not in gone]


def _retyped(images: list[Image], acts: list[Act]) -> list[Image]:
    types = {uid: act.image_type for act in acts if isinstance(act, FixImageType) for uid in act.instances}
    return [replace(image, image_type=types.get(image.instance, image.image_type)) for image in images]
