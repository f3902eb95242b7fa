"""From findings to actions: one small function a problem, each on the whole slide, so that several problems add up.

Nothing here knows which store viewers read; `planner` decides whether actions may be done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..model.actions import (
    Action,
    Complete,
    FixImageType,
    FullTiling,
    LeaveOut,
    ShareProfile,
    Strip,
    Transcode,
    Withhold,
)
from ..model.finding import SlideFinding
from ..model.image import SlideImage
from ..model.slide import PyramidLevel, Slide, levels_of, pyramids
from .missing_levels import best_source, coding_of_new, is_thumbnail, plan_level

MENDED = frozenset({"BLOCK", "WRONG", "SLOW"})
"""Severities worth a repaired copy; what is only worth knowing never changes an instance."""
RESAMPLED = ("DERIVED", "PRIMARY", "VOLUME", "RESAMPLED")
BRIGHTFIELD = frozenset({"OpticalPathSequence", "OpticalPathIdentifier", "IlluminationTypeCodeSequence"})
"""Attributes that have a default where no image of the slide tells them."""
NAMING = frozenset({"OpticalPathSequence", "OpticalPathIdentifier"})
SIZES = frozenset({"TotalPixelMatrixColumns", "TotalPixelMatrixRows"})
"""Of many tiles nobody knows how they are laid out without these."""


class CannotRepair(Exception):
    """`reason` is a key of `blocked` in the table; `words` fill its sentence."""

    def __init__(self, reason: str, **words: str) -> None:
        super().__init__(reason)
        self.reason, self.words = reason, words


@dataclass(frozen=True)
class Case:
    """A slide and its findings, as every repair sees them."""

    slide: Slide
    found: tuple[SlideFinding, ...]

    def concerned(self, *problems: tuple[str, str]) -> list[SlideImage]:
        """The series' own images that findings of these (rule, problem) name."""
        named = {
            instance
            for finding in self.found
            if (finding.rule, finding.problem) in problems and finding.severity in MENDED
            for instance in finding.instances
        }
        return [image for image in (*self.slide.own, *self.slide.labels) if image.instance in named]


def withheld(case: Case) -> list[Action]:
    """Label policy `withhold`: only what is known to show tissue is copied."""
    every = (*case.slide.own, *case.slide.labels)
    hidden = [image for image in every if not image.in_pyramid or image.burned_in]
    actions: list[Action] = [Withhold(instances=uids(hidden))] if hidden else []
    by_attributes: dict[tuple[str, ...], list[SlideImage]] = {}
    for image in every:
        if image.label_attributes and image not in hidden:
            by_attributes.setdefault(image.label_attributes, []).append(image)
    return [*actions, *(Strip(instances=uids(images), attributes=names) for names, images in by_attributes.items())]


def broken(case: Case) -> list[SlideImage]:
    """Images whose pixels cannot be used as they are."""
    return case.concerned(
        *(("R02", problem) for problem in ("level", "part", "order", "count", "absent", "damaged")),
        *(("R10", problem) for problem in ("turned", "spacing", "scale", "aspect", "origin", "picture")),
        ("R12", "pixels"),
        ("R07", "unreadable"),
        ("R08", "size"),
    )


def leave_out_maps(case: Case) -> list[Action]:
    """R11. What was derived without colour beside a scan in colour (a heat map) does not decide for the slide."""
    maps = case.concerned(("R11", "map"))
    return [LeaveOut(instances=uids(maps), kept=())] if maps else []


def resample_broken_levels(case: Case, kept: list[SlideImage]) -> list[Action]:
    """Broken levels are made anew from a finer one of the right size, else left out. Raises for a broken base."""
    bad = {image.instance for image in broken(case)}
    actions: dict[tuple[str, ...], Action] = {}
    for levels in pyramids(kept).values():
        good: list[PyramidLevel] = []
        for level in levels:
            own = tuple(sorted(image.instance for image in level.images))
            if not bad & set(own):
                good.append(level)
            elif not good:
                unknown = sorted({name for image in level.images for name in image.undescribed})
                raise CannotRepair("attributes", keywords=", ".join(unknown)) if unknown else CannotRepair("pixels")
            else:
                source, factor = best_source(good, level)
                actions[own] = plan_level(source, factor, own) if source else LeaveOut(instances=own, kept=())
    return list(actions.values())


def tile_fully(case: Case, kept: list[SlideImage]) -> list[Action]:
    """R01, R02, R12. A level's parts become one instance. Raises CannotRepair where frames do not tell their path."""
    silent = set(case.concerned(("R12", "unidentified"), ("R12", "other_path"))) & set(kept)
    if any(len(image.optical_paths) > 1 for image in silent):
        raise CannotRepair("attributes", keywords="OpticalPathIdentificationSequence")
    sparse = silent | set(case.concerned(("R01", "missing"), ("R01", "large"), ("R02", "joined"))) & set(kept)
    return [
        FullTiling(instances=uids(level.images), coding=coding_of_new(level.images[0]))
        for level in levels_of(kept)
        if sparse & set(level.images)
    ]


def transcode_frames(case: Case, kept: list[SlideImage]) -> list[Action]:
    """R07, R08. Pixels are kept losslessly; a JPEG inside a JPEG XL is taken out as it was."""
    wrong = set(case.concerned(("R07", "undecodable"), ("R07", "colours"), ("R08", "precision"))) & set(kept)
    wrapped = {image for image in wrong if case.slide.probes[image.instance].codestream == "jpeg-xl-of-jpeg"}
    actions: list[Action] = []
    if wrapped:
        actions.append(Transcode(instances=uids(wrapped), coding="jpeg-baseline", unwrap=True))
    if others := wrong - wrapped:
        actions.append(Transcode(instances=uids(others), coding="jpeg-ls"))
    return actions


def share_profiles(case: Case, kept: list[SlideImage]) -> list[Action]:
    """R06. The profile of the finest image that has one."""
    lacking = [image for image in case.concerned(("R06", "partial")) if image in kept]
    having = [image for image in case.slide.images if image.samples > 1 and image.icc]
    if not lacking or not having:
        return []
    finest = min(having, key=lambda image: (-image.total_columns, image.instance))
    return [ShareProfile(instances=uids(lacking), profile_of=finest.instance)]


def complete_attributes(case: Case, kept: list[SlideImage]) -> list[Action]:
    """R12, R18. From the finest image that has what is missing. Raises CannotRepair where none has."""
    wanted: dict[tuple[tuple[str, ...], str], list[SlideImage]] = {}
    for image in [one for one in case.concerned(("R12", "missing"), ("R18", "paths")) if one in kept]:
        lacks = set(image.missing)
        if image.samples == 1 and lacks & NAMING and len({image.optical_paths for image in case.slide.images}) > 2:
            raise CannotRepair("attributes", keywords=", ".join(image.missing))  # which channel is it?
        if image.own_measures:  # each frame tells them, all alike: they only have to be said of all together
            wanted[("PixelSpacing",), image.instance] = [image]
            lacks.discard("PixelSpacing")
            if not lacks:
                continue
        missing = tuple(name for name in image.missing if name in lacks)
        having = [image for image in case.slide.images if not lacks & set(image.missing)]
        template = min(having, key=lambda one: (-one.total_columns, one.instance), default=None)
        if not image.in_pyramid:  # a photograph of the glass: only what SLIM insists on
            wanted.setdefault((tuple(name for name in missing if name in BRIGHTFIELD), ""), []).append(image)
        elif image.frames > 1 and lacks & SIZES:
            raise CannotRepair("attributes", keywords=", ".join(image.missing))
        elif template is not None:
            wanted.setdefault((missing, template.instance), []).append(image)
        elif image.samples == 3 and lacks <= BRIGHTFIELD:
            wanted.setdefault((missing, ""), []).append(image)
        else:
            raise CannotRepair("attributes", keywords=", ".join(image.missing))
    actions: list[Action] = [
        Complete(instances=uids(images), attributes=attributes, template=template)
        for (attributes, template), images in wanted.items()
    ]
    actions += _name_slides(case, kept)
    split = [image for image in case.concerned(("R18", "acquisition")) if image in kept]
    if split:
        named = min(image.instance for image in case.slide.own if image.slide[2])
        actions.append(Complete(instances=uids(split), attributes=("AcquisitionUID",), template=named))
    return actions


def _name_slides(case: Case, kept: list[SlideImage]) -> list[Action]:
    """R04. What the others name, where the image agrees with them in the other of the two. Raises CannotRepair."""
    actions: list[Action] = []
    unnamed = [image for image in case.concerned(("R04", "unnamed")) if image in kept]
    for at, keyword in ((0, "FrameOfReferenceUID"), (1, "ContainerIdentifier")):
        lacking = [image for image in unnamed if not image.slide[at]]
        having = [image for image in case.slide.own if image.slide[at]]
        if not lacking:
            continue
        others = {image.slide[1 - at] for image in (*lacking, *having)}
        if len(others) > 1 or "" in others:
            raise CannotRepair("unnamed_slide")
        template = min(having, key=lambda image: (-image.total_columns, image.instance))
        actions.append(Complete(instances=uids(lacking), attributes=(keyword,), template=template.instance))
    return actions


def correct_path_count(case: Case, kept: list[SlideImage]) -> list[Action]:
    """R12. There are as many optical paths as are described."""
    wrong = [image for image in case.concerned(("R12", "channels"), ("R12", "undescribed")) if image in kept]
    return [Complete(instances=uids(wrong), attributes=("NumberOfOpticalPaths",), template="")] if wrong else []


def correct_image_types(case: Case, kept: list[SlideImage], written: frozenset[str]) -> list[Action]:
    """R16 on what is written anyway; a coarsest THUMBNAIL of many tiles becomes a level, else none may be coarser."""
    derived = {uid for finding in case.found if finding.rule == "R16" for uid in finding.instances} & written
    slow = {image.instance for image in case.concerned(("R09", "coarsest"))}
    hiding = {
        image.instance for levels in pyramids(kept).values() if is_thumbnail(levels[-1]) for image in levels[-1].images
    }
    chosen = tuple(sorted(derived | (slow & hiding)))
    return [FixImageType(instances=chosen, image_type=RESAMPLED)] if chosen else []


def uids(images: Iterable[SlideImage]) -> tuple[str, ...]:
    """Parts of a concatenation by frame offset."""
    ordered = sorted(images, key=lambda image: (image.concatenation_offset, image.instance))
    return tuple(image.instance for image in ordered)
