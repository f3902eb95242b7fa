"""Makes the new instances that a plan asks for: joins the plan's actions to `pixels`, `edits` and `references`.

Decides nothing and stores nothing. What it gives can be read any number of times, the same bytes each time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import requests
from pydicom import Dataset
from pydicom.uid import UID

from ..dicomweb.retrieve import StoredFile
from ..dicomweb.store import DicomStore
from ..dicomweb.stow import FileSource
from ..errors import SeriesFailed
from ..model.actions import FullTiling, MakeLevel, Transcode
from ..model.image import SlideImage
from ..model.metadata import Row
from ..model.plan import Follower, SeriesPlan
from ..pixels.attributes import Tool, add_equipment, add_sources, code, set_spacing
from ..pixels.errors import readable
from ..pixels.frames import FrameReader
from ..pixels.header import read_header
from ..pixels.instances import EncodedInstance
from ..pixels.levels import missing_levels
from ..pixels.place import numbers_in_full
from ..pixels.rewrite import Change, rewritten
from ..pixels.source import LevelSource
from ..pixels.stage import Stage
from ..planning.following import Judged
from ..planning.new_uids import ALGORITHM, MAKING, Group, groups, level_uid, successors
from ..planning.references import Successor, following, map_references
from .edits import apply_edits
from .executor import NOTHING, Additions, NewFile
from .rewritten_header import RewrittenFile


@dataclass(frozen=True)
class MadeInstance:
    """A new instance out of encoded frames."""

    uid: str
    instance: EncodedInstance
    done: Callable[[], None]
    """Forgets what was staged for it."""

    @property
    def file(self) -> FileSource:
        return self

    @property
    def length(self) -> int | None:
        with readable(f"the source of new instance {self.uid}"):
            return self.instance.size

    def __iter__(self) -> Iterator[bytes | memoryview]:
        with readable(f"the source of new instance {self.uid}"):
            yield from self.instance.stream()


@dataclass
class InstanceMaker:
    """For studies of `store`; `stage` keeps encoded rows of tiles until their level is complete."""

    store: DicomStore
    frames: FrameReader
    stage: Stage
    _headers: dict[str, Dataset] = field(default_factory=dict[str, Dataset])

    def __call__(self, study: str, judged: Judged, series: str) -> Additions:
        """What the plan of one series adds. Nothing is read before it is made."""
        images = {image.instance: image for slide in judged.slides.values() for image in (*slide.images, *slide.labels)}
        plan = judged.plan.of(series)
        if plan.kind == "blocked":
            return NOTHING
        followers = [follower for follower in judged.plan.followers if follower.series == series]
        known = successors(judged.plan, images)
        uids = {level_uid(level, plan, images) for level in plan.new_levels}
        uids |= {group.uid for group in groups(plan, images)}
        uids |= {known[follower.instance].uid for follower in followers}

        def make(missing: Collection[str]) -> Iterator[NewFile]:
            self._headers.clear()
            with readable(f"series {series}"):
                yield from self._levels(study, plan, images, missing)
                for group in groups(plan, images):
                    if group.uid in missing:
                        yield self._rewritten(study, plan, group, images, known)
                for follower in followers:
                    if known[follower.instance].uid in missing:
                        yield self._following(study, judged, follower, known, images)

        return Additions(frozenset(uids), frozenset(follower.instance for follower in followers), make)

    def _following(
        self,
        study: str,
        judged: Judged,
        one: Follower,
        known: Mapping[str, Successor],
        images: Mapping[str, SlideImage],
    ) -> RewrittenFile:
        moved = {uid: self._with_frames(study, judged, uid, known[uid], images) for uid in one.refers_to}
        source = self._file(study, one.series, one.instance)
        uid = known[one.instance].uid
        return following(one.instance, source, {**known, **moved}, uid, ALGORITHM, one.without_private)

    def _levels(
        self, study: str, plan: SeriesPlan, images: Mapping[str, SlideImage], missing: Collection[str]
    ) -> Iterator[MadeInstance]:
        """Coarsest first; a source is read once for all of its levels."""
        by_source: dict[tuple[str, ...], list[MakeLevel]] = {}
        for level in plan.new_levels:
            if level_uid(level, plan, images) in missing:
                by_source.setdefault(level.sources, []).append(level)
        for sources, levels in by_source.items():
            by_halvings = {_halvings(level): level for level in levels}
            source = self._level(study, plan, sources, images)
            for made in missing_levels(source, by_halvings, self.stage, MAKING):
                level = by_halvings[int(made.role.rpartition("-")[2])]
                set_spacing(made.dataset, level.spacing)
                yield self._name_instance(made, level_uid(level, plan, images))

    def _rewritten(
        self,
        study: str,
        plan: SeriesPlan,
        group: Group,
        images: Mapping[str, SlideImage],
        known: Mapping[str, Successor],
    ) -> NewFile:
        if group.pixels_change:
            source = self._level(study, plan, group.instances, images)
            encode = any(isinstance(action, Transcode) for action in group.actions)
            return self._name_instance(rewritten(source, Change(encode=encode), self.stage, MAKING), group.uid)
        (instance,) = group.instances
        names = ", ".join(action.action for action in group.actions)

        def edit(dataset: Dataset) -> None:
            map_references(dataset, known, instance)
            apply_edits(dataset, group.actions, lambda uid: self._header(study, images[uid]))
            add_sources(dataset, [dataset], code("121322", "Source image for image processing operation"))
            add_equipment(dataset, Tool(ALGORITHM), f"Rewritten for the viewer: {names}")

        return RewrittenFile(instance, self._file(study, plan.series, instance), group.uid, edit)

    def _level(
        self, study: str, plan: SeriesPlan, instances: tuple[str, ...], images: Mapping[str, SlideImage]
    ) -> LevelSource:
        """One level as stored, its attributes as the plan wants them."""
        headers = [
            apply_edits(
                self._header(study, images[uid]), plan.actions_on(uid), lambda one: self._header(study, images[one])
            )
            for uid in instances
        ]
        return LevelSource(headers, self.frames.of(study, images[instances[0]].series))

    def _with_frames(
        self, study: str, judged: Judged, uid: str, successor: Successor, images: Mapping[str, SlideImage]
    ) -> Successor:
        """With the new number of each frame, where its level was tiled or made anew; none is known in other tiles."""
        if uid not in images:
            return successor
        actions = judged.plan.of(images[uid].series).actions
        anew = [action for action in actions if isinstance(action, FullTiling | MakeLevel) and uid in action.instances]
        if not anew:
            return successor
        header = self._header(study, images[uid])
        others = [
            action for action in anew if isinstance(action, MakeLevel) and action.tile != (header.Columns, header.Rows)
        ]
        return replace(successor, frames={} if others else numbers_in_full(header))

    def _header(self, study: str, image: SlideImage) -> Dataset:
        if image.instance not in self._headers:
            path = f"studies/{study}/series/{image.series}/instances/{image.instance}"
            try:
                self._headers[image.instance] = read_header(self.store.session, f"{self.store.root}/{path}")
            except requests.RequestException as error:
                raise SeriesFailed(
                    f"instance {image.instance}: {self.store.name} did not send it ({type(error).__name__}); run again"
                ) from None
        return self._headers[image.instance]

    def _name_instance(self, made: EncodedInstance, uid: str) -> MadeInstance:
        staged = made.uid
        made.dataset.SOPInstanceUID = made.dataset.file_meta.MediaStorageSOPInstanceUID = UID(uid)
        return MadeInstance(uid, made, lambda: self.stage.clear(f"{staged}/"))

    def _file(self, study: str, series: str, instance: str) -> StoredFile:
        return StoredFile(self.store, study, Row(series, instance, "", "", 1, 0, 0, ("", "", "")))


def _halvings(level: MakeLevel) -> int:
    halvings = level.factor.bit_length() - 1
    if 1 << halvings != level.factor:
        raise SeriesFailed(f"a level {level.factor} times smaller than its source is none that can be made by halving")
    return halvings
