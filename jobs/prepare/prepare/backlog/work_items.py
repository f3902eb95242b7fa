"""Work items: one object per series that something happened to, `work/<study>/<series>.json` in the records bucket.

They are the backlog, not the messages: a message's lease lapses, an item stays until its series is prepared. Any task
turns messages into items; a task acts on the items of its shard of studies. An item that keeps failing is set aside
under `failed/` with the reason. Every write carries the generation last read, so two tasks cannot undo each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from ..errors import Conflict
from ..model.work_item import Item, content_of, shard
from .records import ABSENT
from .subscription import read_message

SCHEMA_VERSION = 1
IN_FLIGHT = 8
"""Items written at once while messages are taken."""


class MessageSource(Protocol):
    """What messages come from; a Pub/Sub subscription outside of tests."""

    def pull(self) -> list[dict[str, Any]]: ...
    def seek(self, time: str) -> None: ...
    def acknowledge(self, ack_ids: list[str]) -> None: ...


class RecordObjects(Protocol):
    """What items are kept in; the records bucket outside of tests."""

    def read(self, name: str) -> tuple[Any, int]: ...
    def write(self, name: str, content: Any, generation: int) -> int: ...
    def delete(self, name: str, generation: int | None) -> None: ...
    def names(self, prefix: str, before: str | None = None) -> list[str]: ...


@dataclass(frozen=True)
class Drained:
    """Messages read in one go: how many became items, how many are left for the dead letter."""

    messages: int
    series: int
    unreadable: int
    studies: frozenset[str] = frozenset()
    """Of which there is news."""


@dataclass(frozen=True)
class WaitingStudies:
    """At one listing: names of items by study of a task's shard, and how many studies wait in other shards."""

    mine: dict[str, list[str]]
    others: int


class WorkBacklog:
    """The work items in `objects`, filled from the messages of `source` about `store` (resource name)."""

    def __init__(self, objects: RecordObjects, source: MessageSource, store: str) -> None:
        self._objects = objects
        self._source = source
        self._store = store

    def drain(self, now: float) -> Drained:
        """Turns every waiting message into work items, then acknowledges it.

        A message that is no notification of our store is not acknowledged: after its delivery attempts Pub/Sub moves it
        to the dead letter, where someone looks at it.
        """
        messages, unreadable = 0, 0
        series: set[tuple[str, str]] = set()
        while received := self._source.pull():
            readable = [
                message for pulled in received if (message := read_message(pulled)) and message.store == self._store
            ]
            by_series: dict[tuple[str, str], float] = {}
            for message in readable:
                if message.is_news:
                    key = message.study, message.series
                    by_series[key] = max(message.published, by_series.get(key, 0.0))
            items = [Item(*key, noticed=now, published=published) for key, published in by_series.items()]
            with ThreadPoolExecutor(IN_FLIGHT) as pool:  # a thousand one by one would outlast the messages' lease
                list(pool.map(partial(notice_item, self._objects), items))
            self._source.acknowledge([message.ack_id for message in readable])
            messages += len(received)
            unreadable += len(received) - len(readable)
            series |= set(by_series)
        return Drained(messages, len(series), unreadable, frozenset(study for study, _ in series))

    def replay(self, time: str) -> None:
        """Has the subscription give its messages since `time` once more."""
        self._source.seek(time)

    def studies(self, task: int, tasks: int) -> WaitingStudies:
        """What waits for this task, and for others: a listing, whatever is in the items."""
        mine: dict[str, list[str]] = {}
        others: set[str] = set()
        for name in self._objects.names("work/"):
            parts = name.removesuffix(".json").split("/")
            if len(parts) != 3:
                continue
            if shard(parts[1], tasks) == task:
                mine.setdefault(parts[1], []).append(name)
            else:
                others.add(parts[1])
        return WaitingStudies(mine, len(others))

    def items(self, names: Iterable[str]) -> list[tuple[Item, int]]:
        """(item, generation) of each that is still there. Read one study at a time: a backlog may be long."""
        items: list[tuple[Item, int]] = []
        for name in names:
            item, generation = _load(self._objects, name)
            if generation != ABSENT:
                study, series = name.removesuffix(".json").split("/")[1:]
                items.append((item or Item(study, series, noticed=0.0), generation))
        return items

    def note_count(self, item: Item, generation: int, instances: int, now: float) -> tuple[Item, int]:
        """Notes a new number of instances; returns the item and its generation."""
        item = replace(item, instances=instances, counted=now)
        return item, self._keep(item, generation)

    def finish(self, item: Item, generation: int) -> None:
        """Removes the item, unless there was news of the series meanwhile."""
        try:
            self._objects.delete(item.name, generation)
        except Conflict:
            return

    def note_failure(self, item: Item, generation: int, reason: str, max_attempts: int) -> bool:
        """Notes a failed attempt; after `max_attempts` the item is set aside under `failed/`. True when it was."""
        tried = replace(item, attempts=item.attempts + 1, reason=reason)
        if tried.attempts < max_attempts:
            self._keep(tried, generation)
            return False
        aside = set_aside(item.study, item.series)
        _, there = self._objects.read(aside)
        try:
            self._objects.write(aside, content_of(tried), there)
        except Conflict:
            return False  # another task sets it aside
        self.finish(item, generation)
        return True

    def retry_failed(self, now: float) -> int:
        """Brings every item back that was set aside, as new. Returns how many; an unreadable one comes back by name."""
        names = self._objects.names("failed/")
        for name in names:
            study, series = name.removesuffix(".json").split("/")[1:3]
            _, generation = self._objects.read(name)
            notice_item(self._objects, Item(study, series, noticed=now))
            try:
                self._objects.delete(name, generation)
            except Conflict:
                continue  # another task brings it back, or sets it aside anew
        return len(names)

    def _keep(self, item: Item, generation: int) -> int:
        """The generation written; with news of the series meanwhile the old one, which no later write will match."""
        try:
            return self._write(item, generation)
        except Conflict:
            return generation

    def _write(self, item: Item, generation: int) -> int:
        return self._objects.write(item.name, content_of(item), generation)


def notice_item(objects: RecordObjects, item: Item) -> None:
    """Creates the item, or counts the notice on it, so that a task about to remove it sees the change."""
    while True:
        try:
            objects.write(item.name, content_of(item), ABSENT)
            return
        except Conflict:
            present, generation = _load(objects, item.name)
        if present is None and generation == ABSENT:
            continue  # removed in between
        try:
            objects.write(item.name, content_of(_notice_again(present, item) if present else item), generation)
            return
        except Conflict:
            continue


def _load(objects: RecordObjects, name: str) -> tuple[Item | None, int]:
    """The item, or None when there is none or it is not readable (it is then written anew)."""
    content, generation = objects.read(name)
    try:
        return Item(**{key: content[key] for key in Item.__dataclass_fields__ if key in content}), generation
    except TypeError:
        return None, generation


def _notice_again(present: Item, item: Item) -> Item:
    return replace(present, notices=present.notices + 1, published=max(present.published, item.published))


def set_aside(study: str, series: str) -> str:
    """Name of the item of a series that keeps failing."""
    return f"failed/{study}/{series}.json"


def forget_failure(objects: RecordObjects, study: str, series: str) -> None:
    """Removes the item of a series that had been set aside and is prepared now."""
    name = set_aside(study, series)
    _, generation = objects.read(name)
    if generation == ABSENT:
        return
    try:
        objects.delete(name, generation)
    except Conflict:
        return  # set aside anew meanwhile
