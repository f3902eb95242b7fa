"""Work items: made from messages, counted, sharded, removed or set aside; two tasks at once never undo each other."""

from __future__ import annotations

import pytest
from prepare.backlog.work_items import WorkBacklog
from prepare.model.work_item import Item, quiet_in, shard

from tests.jobs.fakes import STORE, Bucket, Messages


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture
def backlog(bucket: Bucket, messages: Messages) -> WorkBacklog:
    return WorkBacklog(bucket, messages, STORE)


def items(backlog: WorkBacklog, task: int = 0, tasks: int = 1) -> list[tuple[Item, int]]:
    return [one for names in backlog.studies(task, tasks).mine.values() for one in backlog.items(names)]


def test_messages_about_one_series_become_one_item_and_are_acknowledged(
    backlog: WorkBacklog, bucket: Bucket, messages: Messages
) -> None:
    for number in range(500):
        messages.notify("1.2", "1.2.1", f"1.2.1.{number}")
    messages.notify("1.2", "1.2.2")
    drained = backlog.drain(now=5.0)
    assert (drained.messages, drained.series, drained.unreadable) == (501, 2, 0)
    assert bucket.names("work/") == ["work/1.2/1.2.1.json", "work/1.2/1.2.2.json"]
    assert not messages.leased


@pytest.mark.parametrize(
    "data",
    [
        b"not a resource name",
        b"\xff\xfe",
        f"{STORE}/dicomWeb/studies/1.2".encode(),
        b"projects/p/locations/l/datasets/d/dicomStores/other/dicomWeb/studies/1/series/2/instances/3",
    ],
)
def test_what_is_no_notification_of_our_store_is_left_for_the_dead_letter(
    data: bytes, backlog: WorkBacklog, bucket: Bucket, messages: Messages
) -> None:
    messages.add(data)
    messages.notify("1.2", "1.2.1")
    assert backlog.drain(now=0).unreadable == 1
    assert len(messages.leased) == 1
    assert bucket.names("work/") == ["work/1.2/1.2.1.json"]


def test_nothing_is_acknowledged_before_its_item_is_written(
    backlog: WorkBacklog, bucket: Bucket, messages: Messages
) -> None:
    messages.notify("1.2", "1.2.1")

    def down(name: str) -> None:
        raise RuntimeError("bucket down")

    bucket.on_write = down
    with pytest.raises(RuntimeError):
        backlog.drain(now=0)
    assert messages.leased


def test_news_of_a_series_keeps_an_item_that_is_about_to_be_removed(
    backlog: WorkBacklog, bucket: Bucket, messages: Messages
) -> None:
    messages.notify("1.2", "1.2.1")
    backlog.drain(now=0)
    ((item, generation),) = items(backlog)
    messages.notify("1.2", "1.2.1", "1.2.1.2")
    backlog.drain(now=1)
    backlog.finish(item, generation)
    assert bucket.names("work/") == ["work/1.2/1.2.1.json"]


def test_an_item_removed_while_being_noticed_is_made_again(
    backlog: WorkBacklog, bucket: Bucket, messages: Messages
) -> None:
    messages.notify("1.2", "1.2.1")
    backlog.drain(now=0)

    def removed_by_another_task(name: str) -> None:
        bucket.objects.pop(name, None)
        bucket.on_write = lambda name: None

    messages.notify("1.2", "1.2.1")
    calls: list[str] = []

    def second_write(name: str) -> None:
        calls.append(name)
        if len(calls) == 2:
            removed_by_another_task(name)

    bucket.on_write = second_write
    backlog.drain(now=1)
    assert bucket.names("work/") == ["work/1.2/1.2.1.json"]


def test_an_unreadable_item_is_looked_at_like_a_new_one(backlog: WorkBacklog, bucket: Bucket) -> None:
    bucket.put("work/1.2/1.2.1.json", '{"schema_version": 0}')
    bucket.put("work/1.2/1.2.2.json", "not json")
    assert [item.series for item, _ in items(backlog)] == ["1.2.1", "1.2.2"]


def test_every_item_belongs_to_one_shard_and_a_study_is_not_split(backlog: WorkBacklog, bucket: Bucket) -> None:
    for study in range(40):
        for series in range(3):
            bucket.put(f"work/1.{study}/2.{series}.json", "{}")
    shards = [items(backlog, task, 4) for task in range(4)]
    assert sum(map(len, shards)) == 120
    studies = [{item.study for item, _ in of} for of in shards]
    assert all(studies)
    assert len(set().union(*studies)) == sum(map(len, studies)) == 40
    assert shard("1.2.3", 1) == 0


@pytest.mark.parametrize(
    ("instances", "now", "expected"),
    [
        (5, 100.0, 30.0),  # just counted
        (5, 120.0, 10.0),
        (5, 130.0, 0.0),
        (6, 1000.0, 30.0),  # one more: count anew
        (4, 1000.0, 30.0),  # one less, too
        (5, 50.0, 30.0),  # the clock jumped back
    ],
)
def test_a_series_is_quiet_when_its_count_stood_still_long_enough(instances: int, now: float, expected: float) -> None:
    item = Item("1", "2", noticed=0, instances=5, counted=100.0)
    assert quiet_in(item, instances, now, quiet_seconds=30) == expected


def test_an_item_that_keeps_failing_is_set_aside_with_the_reason(backlog: WorkBacklog, bucket: Bucket) -> None:
    bucket.write("work/1.2/1.2.1.json", {}, 0)
    for attempt in (1, 2, 3):
        ((item, generation),) = items(backlog)
        assert backlog.note_failure(item, generation, "no frame", max_attempts=3) is (attempt == 3)
    assert bucket.names("work/") == []
    aside = bucket.json("failed/1.2/1.2.1.json")
    assert (aside["attempts"], aside["reason"]) == (3, "no frame")
