"""Who comes in whose place: the UIDs of new instances, told from the plan alone, before anything is made.

So that an annotation in one series can follow an image in another, whoever of the two is prepared first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from ..model.actions import Action, FullTiling, LeaveOut, MakeLevel, Transcode
from ..model.image import SlideImage
from ..model.plan import Follower, SeriesPlan, StudyPlan
from ..pixels.instances import Making, new_uid
from .references import Successor, uid_of

ALGORITHM = "3"
"""Of the bytes of new instances: another one makes other UIDs, so it is changed only when bytes would differ."""
MAKING = Making(ALGORITHM)


@dataclass(frozen=True)
class Group:
    """Instances that are written anew as one: one image, or the parts of a concatenation by frame offset."""

    instances: tuple[str, ...]
    actions: tuple[Action, ...]
    uid: str

    @property
    def pixels_change(self) -> bool:
        """Whether frames move or are coded anew; else only attributes do."""
        return any(isinstance(action, FullTiling | Transcode) for action in self.actions)


def groups(plan: SeriesPlan, images: Mapping[str, SlideImage]) -> list[Group]:
    """What `plan` writes anew, but for levels. Parts become one where their frames move or are coded anew."""
    groups_by_uids: dict[tuple[str, ...], Group] = {}
    levels = {uid for level in plan.new_levels for uid in level.instances}
    for uid in sorted(plan.rewritten - levels):
        actions = plan.actions_on(uid)
        whole = any(isinstance(action, FullTiling | Transcode) for action in actions)
        instances = _parts(uid, plan, images) if whole else (uid,)
        groups_by_uids[instances] = Group(instances, actions, _uid(instances, images, "rewritten", 0, actions))
    return list(groups_by_uids.values())


def level_uid(level: MakeLevel, plan: SeriesPlan, images: Mapping[str, SlideImage]) -> str:
    """Depends on what becomes of the level's source, too."""
    parameters = (*plan.actions_on(level.sources[0]), level)
    return _uid(level.sources, images, "level", level.factor, parameters)


def successors(plan: StudyPlan, images: Mapping[str, SlideImage]) -> dict[str, Successor]:
    """The successors by the instance that they stand in for; those of objects that follow included."""
    successor_of: dict[str, Successor] = {}
    names: dict[str, Successor] = {}
    for series in plan.series:
        if series.kind == "blocked":
            continue
        for group in groups(series, images):
            successor_of |= dict.fromkeys(group.instances, Successor(group.uid))
        for level in series.new_levels:
            successor_of |= dict.fromkeys(level.instances, Successor(level_uid(level, series, images)))
        for action in series.actions:
            if isinstance(action, LeaveOut) and action.kept:
                kept = action.kept[0]
                successor_of |= {uid: _instead(uid, kept, successor_of, images) for uid in action.instances}
    for follower in plan.followers:
        pairs = {uid: successor_of[uid].uid for uid in _images_behind(follower, plan) if uid in successor_of}
        if follower.without_private:  # the same object with and without is two
            pairs["without"] = "private elements"
        names[follower.instance] = Successor(uid_of(follower.instance, pairs, ALGORITHM))
    return successor_of | names


def _instead(uid: str, kept: str, successor_of: Mapping[str, Successor], images: Mapping[str, SlideImage]) -> Successor:
    """The image kept in another's place. Frame numbers hold for both only where both have the same tiles in order."""
    successor, left, right = successor_of.get(kept, Successor(kept)), images[uid], images.get(kept)
    same = right is None or (left.columns, left.rows, left.frames) == (right.columns, right.rows, right.frames)
    return successor if same and not left.sparse else replace(successor, frames={})


def _images_behind(follower: Follower, plan: StudyPlan) -> set[str]:
    """The changed images that an object refers to, through other objects too (which may name each other)."""
    refers = {follower.instance: follower.refers_to for follower in plan.followers}
    seen, todo = set[str](), [follower.instance]
    while todo:
        uid = todo.pop()
        if uid not in seen:
            seen.add(uid)
            todo += refers.get(uid, ())
    return seen - set(refers)


def _parts(uid: str, plan: SeriesPlan, images: Mapping[str, SlideImage]) -> tuple[str, ...]:
    concatenation = images[uid].concatenation
    if not concatenation:
        return (uid,)
    parts = [
        image for image in images.values() if image.concatenation == concatenation and image.instance in plan.rewritten
    ]
    return tuple(part.instance for part in sorted(parts, key=lambda one: one.concatenation_offset))


def _source(instances: tuple[str, ...], images: Mapping[str, SlideImage]) -> str:
    first = images[instances[0]]
    return (len(instances) > 1 and first.concatenation_source) or first.instance


def _uid(
    sources: tuple[str, ...], images: Mapping[str, SlideImage], role: str, level: int, actions: tuple[Action, ...]
) -> str:
    """Made by what is done to these instances: not by the others that the same is done to, which may come later."""
    left_out = ("instances", "spacing")  # spacing is another level's, which is compared with what was delivered
    described = [{key: value for key, value in asdict(action).items() if key not in left_out} for action in actions]
    parameters = json.dumps([MAKING.parameters, sources, *described], sort_keys=True)
    return new_uid(ALGORITHM, _source(sources, images), role, level, parameters)
