"""What an earlier run added where viewers have a store of their own, and images that came only after that.

A level that was made stays: nothing is deleted. An image of its size that arrives later would be a second one of the
same level, which the engine refuses; so it is left out, and what refers to it follows to the level that is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..model.actions import Action, LeaveOut, MakeLevel
from ..model.image import SlideImage
from ..model.plan import SeriesPlan
from ..model.slide import Slide, pyramids
from .missing_levels import halved, plan_level
from .new_uids import level_uid
from .repairs import Case, broken
from .simulate import provisional, simulate_plan


@dataclass(frozen=True)
class ExistingLevel:
    """A level that was added: what it was made by, as if it were to be made again, and the image it is."""

    made: MakeLevel
    image: SlideImage
    uid: str


def find_existing_levels(case: Case, actions: Sequence[Action], standing: frozenset[str]) -> list[ExistingLevel]:
    """The instances of `standing` that are levels added to this slide, given what else is done to it; finest first."""
    if not standing:
        return []
    slide = case.slide
    plan = SeriesPlan(series=slide.series, actions=tuple(actions))
    images = {image.instance: image for image in (*slide.images, *slide.labels)}
    anew = {uid for action in actions if isinstance(action, MakeLevel) for uid in action.instances}
    again = {level_uid(action, plan, images) for action in actions if isinstance(action, MakeLevel)}
    levels: dict[str, ExistingLevel] = {}
    for made in _candidates(slide, plan.absent | anew | {image.instance for image in broken(case)}):
        uid = level_uid(made, plan, images)
        if uid in standing - again:
            image = next(
                image
                for image in simulate_plan(slide, replace(plan, actions=(made,))).images
                if image.instance == provisional(made)
            )
            levels[uid] = ExistingLevel(made, image, uid)
    return sorted(levels.values(), key=lambda one: (-one.made.columns * one.made.rows, one.uid))


def _candidates(slide: Slide, gone: Collection[str]) -> Iterator[MakeLevel]:
    """Every level that could have been made of any level of the slide."""
    for levels in pyramids(image for image in slide.own if image.instance not in gone).values():
        for level in levels:
            factor = 2
            while factor <= 2 * max(level.size):
                yield plan_level(level, factor)
                factor *= 2
                if halved(level, factor // 2).tiles <= 1:
                    break


def leave_out_late(images: Iterable[SlideImage], stand: Iterable[ExistingLevel]) -> list[LeaveOut]:
    """The images that a standing level has the place of."""
    late: list[LeaveOut] = []
    for one in stand:
        paths = set(one.image.optical_paths)
        twins = [image for image in images if image.size == one.image.size and paths & set(image.optical_paths)]
        if twins:
            late.append(LeaveOut(instances=tuple(sorted(image.instance for image in twins)), kept=(one.uid,)))
    return late
