"""Decides what is done to a series: a pure function of the slide, its findings and the label policy.

`repairs` says how each problem is mended; here problems add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from ..checks.rules import STUDY_CHECKS, LabelPolicy, findings, status
from ..model.actions import Action, Complete, FixImageType, LeaveOut, MakeLevel, Withhold
from ..model.finding import SlideFinding, table
from ..model.image import SlideImage
from ..model.plan import SeriesPlan
from ..model.slide import Slide
from .duplicates import keep_one_duplicate
from .existing_levels import ExistingLevel, find_existing_levels, leave_out_late
from .missing_levels import missing_levels
from .repairs import (
    MENDED,
    NAMING,
    CannotRepair,
    Case,
    broken,
    complete_attributes,
    correct_image_types,
    correct_path_count,
    leave_out_maps,
    resample_broken_levels,
    share_profiles,
    tile_fully,
    transcode_frames,
    withheld,
)
from .simulate import simulate_plan

UNREPAIRABLE = {
    ("R05", "planes"): "z_stack",
    ("R05", "mixed"): "z_stack",
    ("R18", "patients"): "patients",
    ("R13", "burned"): "label_in_image",
    ("R04", "frame"): "mixed_slides",
    ("R04", "container"): "mixed_slides",
    ("R04", "acquisitions"): "mixed_slides",
    ("R04", "pyramids"): "mixed_slides",
    ("R04", "regions"): "mixed_slides",
    ("R18", "same_uids"): "same_uids",
    ("R03", "twin_series"): "twin_series",
    ("R10", "twin_series"): "twin_series",
    ("R11", "samples"): "colour",
    ("R11", "photometric"): "colour",
    ("R11", "mixed"): "colour",
    ("R11", "beside"): "beside_colour",
    ("R11", "crowded"): "crowded",
    ("R03", "derived"): "beside_slide",
    ("R10", "derived"): "beside_slide",
    ("R03", "crowded"): "crowded",
    ("R10", "crowded"): "crowded",
    ("R06", "unusable"): "profile",
    ("R07", "halved"): "halved_colour",
    ("R19", "tiles"): "channels",
    ("R19", "spacing"): "channels",
    ("R19", "sizes"): "channels",
    ("R19", "numbers"): "channels",
    ("R12", "other_channel"): "other_channel",
    ("R08", "colour"): "colour",
    ("R08", "sign"): "sign",
    ("R19", "place"): "channels",
    ("R19", "colours"): "channels",
    ("R07", "untransformed"): "colour",
    ("R01", "off_grid"): "off_grid",
    ("R01", "unplaced"): "unplaced",
    ("R01", "contradicting"): "contradicting",
    ("R17", "unknown"): "unmapped_references",
    ("R18", "shapeless"): "no_image",
    ("R18", "hidden"): "hidden_image",
    ("R10", "pictures"): "pictures",
}
"""Problems that only the source can correct, and why the slide is blocked; the first one found is told."""
BASE = {
    ("R02", "part"): "missing_part",
    ("R02", "order"): "parts_in_disorder",
    ("R02", "count"): "frame_count",
    ("R02", "absent"): "pixels",
    ("R02", "damaged"): "pixels",
}
"""Problems of a largest level (remedy none); on smaller levels they are mended."""


@dataclass(frozen=True)
class Options:
    label_policy: LabelPolicy = "show"


def plan_series(
    slide: Slide, all_findings: Iterable[SlideFinding], options: Options, standing: frozenset[str] = frozenset()
) -> SeriesPlan:
    """The plan for `slide.series`; `found` are its findings, those of the study (R18) included.

    `standing` are the instances that this job has already made for the series.
    """
    case = Case(slide, tuple(all_findings))
    if reason := _unrepairable_reason(case):
        return block(slide.series, reason)
    try:
        actions = _acts(case, options, standing)
    except CannotRepair as error:
        return block(slide.series, error.reason, **error.words)
    plan = SeriesPlan(series=slide.series, kind=plan_kind(actions), actions=tuple(actions))
    left = findings(simulate_plan(slide, plan), options.label_policy)
    if status(left) == "blocked":
        sentences = dict.fromkeys(finding.sentence for finding in left if finding.severity in ("BLOCK", "WRONG"))
        return block(slide.series, "not_mended", left=" ".join(sentences))
    return plan


def block(series: str, reason: str, **words: str) -> SeriesPlan:
    sentence = str(table()["blocked"][reason]).format(**words)
    return SeriesPlan(series=series, kind="blocked", reason=reason, sentence=sentence)


def plan_kind(actions: Iterable[Action]) -> Literal["none", "add_levels", "repair"]:
    """Withholding a label is no repair."""
    actions = [action for action in actions if not isinstance(action, Withhold)]
    if not actions:
        return "none"
    adding = all(isinstance(action, MakeLevel) and not action.instances for action in actions)
    return "add_levels" if adding else "repair"


def _unrepairable_reason(case: Case) -> str:
    problems = {(finding.rule, finding.problem) for finding in case.found if finding.severity in MENDED}
    base = {(finding.rule, finding.problem) for finding in case.found if finding.remedy == "none"}
    reasons = [reason for problem, reason in UNREPAIRABLE.items() if problem in problems]
    reasons += [reason for problem, reason in BASE.items() if problem in base]
    return reasons[0] if reasons else ""


def _acts(case: Case, options: Options, standing: frozenset[str]) -> list[Action]:
    """All repairs, then the levels that the repaired pyramid lacks. Raises CannotRepair.

    What stands already changes a plan only where it is none of it: a run that was ended is continued, not planned anew.
    """
    actions = _repairs(case, options)
    planned = [*actions, *_lacking(case, actions, [])]
    stand = find_existing_levels(case, actions, standing)
    if all(level.made in planned for level in stand):
        return planned
    if late := leave_out_late(case.slide.own, stand):
        case = _case_without(case, late, options)
        actions = [*late, *_repairs(case, options)]
        stand = find_existing_levels(case, actions, standing)
    return [*actions, *(level.made for level in stand), *_lacking(case, actions, stand)]


def _lacking(case: Case, actions: list[Action], stand: list[ExistingLevel]) -> list[MakeLevel]:
    unusable = {image.instance for image in broken(case)} | {level.image.instance for level in stand}
    seen = [*_retype(_without(case, actions), actions), *(level.image for level in stand)]
    return missing_levels(seen, case.slide.series, frozenset(unusable))


def _repairs(case: Case, options: Options) -> list[Action]:
    """What is wrong with the images that are there, but for levels that are not."""
    actions = withheld(case) if options.label_policy == "withhold" else []
    actions += leave_out_maps(case)
    actions += keep_one_duplicate(case)
    kept = _without(case, actions)
    actions += resample_broken_levels(case, kept)
    kept = _without(case, actions)
    anew = {uid for action in actions if isinstance(action, MakeLevel) for uid in action.instances}
    sound = [image for image in kept if image.instance not in anew]
    for repair in (tile_fully, transcode_frames, share_profiles, complete_attributes, correct_path_count):
        actions += repair(case, sound)
    written = SeriesPlan(series=case.slide.series, actions=tuple(actions)).rewritten - anew
    return [*actions, *correct_image_types(case, sound, written)]


def _case_without(case: Case, late: Iterable[LeaveOut], options: Options) -> Case:
    """The case as if the late ones had not come; what they did to the study as a whole stays."""
    gone = {uid for action in late for uid in action.instances}
    slide = replace(case.slide, images=tuple(image for image in case.slide.images if image.instance not in gone))
    of_study = (finding for finding in case.found if finding.rule in STUDY_CHECKS)
    return Case(slide, (*findings(slide, options.label_policy), *of_study))


def _without(case: Case, actions: Iterable[Action]) -> list[SlideImage]:
    """The slide's images (labels too) but those that actions take away."""
    gone = {uid for action in actions if isinstance(action, LeaveOut | Withhold) for uid in action.instances}
    return [image for image in (*case.slide.images, *case.slide.labels) if image.instance not in gone]


def _retype(images: list[SlideImage], actions: list[Action]) -> list[SlideImage]:
    """With the image types and optical paths that they will have."""
    paths = {image.instance: image.optical_paths for image in images}
    named = {
        uid: paths.get(action.template, ("1",))
        for action in actions
        if isinstance(action, Complete) and NAMING & set(action.attributes)
        for uid in action.instances
    }
    images = [replace(image, optical_paths=named.get(image.instance, image.optical_paths)) for image in images]
    types = {
        uid: action.image_type for action in actions if isinstance(action, FixImageType) for uid in action.instances
    }
    return [replace(image, image_type=types.get(image.instance, image.image_type)) for image in images]
