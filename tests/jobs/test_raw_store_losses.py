"""What the raw store loses without telling reaches viewers at the next idle run; what comes into it lists nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, cast

import pytest
from prepare.backlog.deliveries import DeliveryLedger, DeliveryRecord
from prepare.backlog.work_items import WorkBacklog
from prepare.errors import SeriesFailed
from prepare.execution.copying import SeriesDelivery
from prepare.execution.executor import Executor
from prepare.execution.runner import JobRunner
from prepare.model.metadata import Row, tag
from prepare.reports.outcome import SeriesOutcome

from tests.jobs.fakes import STORE, Bench, Bucket, Killed, Store, dying, item, pyramid

OTHER = {"Modality": "OT", "SOPClassUID": "1.2.3"}
HOUR = 3600.0


class Viewers(Store):
    """The store that viewers read."""

    def delete_series(self, study: str, series: str) -> None:
        self.studies.get(study, {}).pop(series, None)


@dataclass
class CopyingDeliverer:
    """Delivers by copying metadata."""

    target: Viewers

    def list_target(self, study: str) -> list[Row]:
        return self.target.instances(study) if self.target.studies.get(study) else []

    def copy(
        self, source: Store, study: str, rows: Iterable[Row], there: Mapping[str, Row], delivery: SeriesDelivery
    ) -> None:
        for row in rows:
            if row.instance in there:
                delivery.present.append(row.instance)
                continue
            items = source.studies[study][row.series]
            self.target.add(study, *(one for one in items if one[tag("SOPInstanceUID")]["Value"][0] == row.instance))
            delivery.written.append(row.instance)


@dataclass
class Archive:
    """A bench with a store for viewers."""

    bench: Bench = field(default_factory=Bench)
    viewers: Viewers = field(default_factory=Viewers)

    def runner(self, *arguments: str) -> JobRunner:
        runner = self.bench.runner(*arguments)
        deliverer: Any = CopyingDeliverer(self.viewers)
        source: Any = self.bench.store
        executor = Executor(source, deliverer, DeliveryLedger(self.bench.bucket), self.bench.time.clock)
        runner.preparation = replace(runner.preparation, executor=executor)
        return runner

    def work(self, *arguments: str) -> list[str]:
        """Statuses of what one run of the job did."""
        self.bench.time.now += 60
        runner = self.runner("--quiet-seconds", "0", *arguments)
        runner.work_off_backlog(WorkBacklog(self.bench.bucket, self.bench.messages, STORE))
        return [outcome.status for outcome in runner.outcomes]

    def sweep(self) -> list[SeriesOutcome]:
        runner = self.runner("--sweep")
        runner.sweep()
        return runner.outcomes

    def arrive(self, study: str, instances: int = 2, first: int = 1, tell: bool = True) -> None:
        series = f"{study}.1"
        numbers = range(first, first + instances)
        self.bench.store.add(study, *(item(f"{series}.{number}", 256, series, **OTHER) for number in numbers))
        if tell:
            self.bench.messages.notify(study, series)

    def lose(self, study: str, instances: int = 0) -> None:
        """Takes a study, or the last instances of its series, out of the raw store; nobody says so."""
        if instances:
            del self.bench.store.studies[study][f"{study}.1"][-instances:]
        else:
            del self.bench.store.studies[study]

    def shown(self, study: str) -> int:
        return sum(map(len, self.viewers.studies.get(study, {}).values()))

    @property
    def listings(self) -> int:
        return self.bench.store.listings


@pytest.fixture
def archive() -> Archive:
    """Twelve studies of two instances, prepared and counted."""
    archive = Archive()
    for number in range(12):
        archive.arrive(f"1.2.{number}")
    archive.work()
    archive.work()
    archive.bench.store.listings = 0
    return archive


def test_what_comes_in_lists_nothing(archive: Archive) -> None:
    for day in range(5):
        archive.arrive(f"1.3.{day}")
        archive.arrive("1.2.1", 1, first=10 + day)
        assert archive.work() == ["ready", "ready"]
        assert archive.work() == []
    assert archive.listings == 0
    assert archive.bench.bucket.names("changes/") == []


def test_a_run_without_work_asks_as_much_of_a_large_archive_as_of_a_small_one() -> None:
    asked: list[tuple[int, int, int]] = []
    for studies in (5, 50):
        archive = Archive()
        for number in range(studies):
            archive.arrive(f"1.2.{number}")
        archive.work()
        archive.work()
        archive.arrive("1.3.1")
        archive.work()
        bucket, traffic = archive.bench.bucket, archive.bench.store.traffic
        before, requests = bucket.requests.total(), traffic.requests
        archive.work()
        size = len(bucket.objects["state/raw-store.json"][0])
        asked.append((bucket.requests.total() - before, traffic.requests - requests, size // 20))
    assert asked[0] == asked[1]


def test_a_study_that_is_deleted_is_taken_away_at_the_next_idle_run(archive: Archive) -> None:
    archive.lose("1.2.3")
    assert archive.work() == ["withdrawn"]
    assert archive.shown("1.2.3") == 0
    assert archive.listings == 1
    assert "a sweep started early" in archive.bench.output.getvalue()
    assert [archive.work(), archive.work()] == [[], []]
    assert archive.listings == 1


@pytest.mark.parametrize("when", ["before", "after", "both", "in the same study"])
def test_a_deletion_is_seen_though_as_much_came(archive: Archive, when: str) -> None:
    """The totals of the store are the same then."""
    if when in ("before", "both"):
        archive.arrive("1.3.1", 1 if when == "both" else 2)
        archive.work()
    archive.lose("1.2.3")
    if when in ("after", "both"):
        archive.arrive("1.3.2", 1 if when == "both" else 2)
        archive.work()
    if when == "in the same study":
        archive.arrive("1.2.4", 2, first=10)
        archive.work()
    archive.work()
    assert archive.shown("1.2.3") == 0


def test_a_deletion_is_seen_though_as_much_came_that_nobody_has_told_of_yet(archive: Archive) -> None:
    archive.arrive("1.3.1", 4, tell=False)
    archive.work()
    archive.lose("1.2.3")
    archive.work()
    assert archive.shown("1.2.3") == 0
    archive.bench.messages.notify("1.3.1", "1.3.1.1")
    assert archive.work() == ["ready"]
    archive.lose("1.2.4")
    archive.work()
    assert archive.shown("1.2.4") == 0


def test_a_deletion_behind_what_came_in_the_same_moment_is_seen_once_that_is_told_of(archive: Archive) -> None:
    archive.lose("1.2.3")
    archive.arrive("1.3.1", 4, tell=False)
    archive.work()
    archive.bench.messages.notify("1.3.1", "1.3.1.1")
    archive.work()
    archive.work()
    assert archive.shown("1.2.3") == 0


def test_what_nobody_ever_tells_of_hides_no_deletion_for_long(archive: Archive) -> None:
    archive.arrive("1.3.1", 4, tell=False)
    archive.work()
    archive.bench.time.now += 2 * HOUR
    archive.work()
    assert archive.listings == 0
    archive.lose("1.2.3")
    archive.arrive("1.3.2", 3)
    archive.work()
    archive.work()
    assert archive.shown("1.2.3") == 0


def test_an_instance_that_is_deleted_takes_its_series_back(archive: Archive) -> None:
    archive.lose("1.2.3", instances=1)
    assert archive.work() == ["ready"]
    assert archive.shown("1.2.3") == 1
    assert [archive.work(), archive.listings] == [[], 1]


def test_what_is_deleted_and_sent_again_under_its_uids_is_prepared_once(archive: Archive) -> None:
    archive.lose("1.2.3")
    archive.arrive("1.2.3")
    archive.work()
    archive.work()
    assert (archive.shown("1.2.3"), archive.listings) == (2, 0)
    archive.lose("1.2.3")
    archive.work()
    archive.arrive("1.2.3")
    assert archive.work() == ["ready"]
    archive.work()
    assert (archive.shown("1.2.3"), archive.listings) == (2, 1)


def test_what_viewers_do_not_have_may_go_and_is_looked_for_once(archive: Archive) -> None:
    archive.arrive("1.4.1", 5, tell=False)
    archive.sweep()
    archive.bench.time.now += 2 * HOUR
    archive.work()
    archive.bench.time.now += 2 * HOUR
    archive.work()
    listings = archive.listings
    archive.lose("1.4.1")
    assert [archive.work(), archive.work(), archive.work()] == [[], [], []]
    assert archive.listings == listings + 1


def test_one_of_several_tasks_leaves_deletions_to_a_run_that_does_the_studies_of_all(archive: Archive) -> None:
    archive.lose("1.2.3")
    archive.arrive("1.3.1", 2)
    for number in range(3):
        archive.work("--task-index", str(number), "--task-count", "3")
    assert archive.listings == 0
    assert archive.work() == ["withdrawn"]


class MortalBucket(Bucket):
    """Asks before deletions, too, whether the run lives."""

    def delete(self, name: str, generation: int | None) -> None:
        self.on_write(name)
        super().delete(name, generation)


@pytest.mark.parametrize("again", [1, 3])
def test_a_deletion_is_seen_wherever_runs_are_killed(again: int) -> None:
    """Killed before each write and deletion in turn, `again` runs after another, with something coming in between."""
    for step in range(60):
        archive = Archive(Bench(bucket=MortalBucket()))
        for number in range(4):
            archive.arrive(f"1.2.{number}")
        archive.work()
        archive.work()
        archive.arrive("1.3.1")
        archive.lose("1.2.1")
        archive.lose("1.2.2", instances=1)
        for number in range(again):
            archive.bench.bucket.on_write = dying(step)
            try:
                archive.work()
            except Killed:
                archive.bench.messages.let_leases_lapse()
                archive.arrive(f"1.3.{number + 2}", 1)
        archive.bench.bucket.on_write = lambda name: None
        for _ in range(3):
            archive.work()
        shown = [archive.shown(study) for study in ("1.2.0", "1.2.1", "1.2.2", "1.3.1")]
        assert shown == [2, 0, 1, 2], step
        archive.bench.time.now += 2 * HOUR
        archive.work()
        listings = archive.listings
        archive.lose("1.2.0")
        archive.work()
        assert (archive.shown("1.2.0"), archive.listings) == (0, listings + 1), step
        assert [archive.work(), archive.listings] == [[], listings + 1], step


def test_of_two_that_look_at_once_nothing_is_counted_twice(archive: Archive) -> None:
    archive.arrive("1.3.1")
    archive.work()
    bucket = archive.bench.bucket

    def meanwhile(name: str) -> None:
        if name == "state/raw-store.json":
            bucket.on_write = lambda name: None
            archive.work()

    bucket.on_write = meanwhile
    archive.work()
    archive.work()
    archive.lose("1.2.3")
    archive.work()
    assert (archive.shown("1.2.3"), archive.listings) == (0, 1)
    assert archive.work() == []


def test_what_the_version_before_kept_is_taken_over_and_its_object_does_not_grow_any_more(archive: Archive) -> None:
    bucket = archive.bench.bucket
    counts = dict.fromkeys(archive.bench.store.studies, "1/2")
    old = {"schema_version": 1, "totals": archive.bench.store.totals(), "studies": counts}
    for name in [*bucket.names("state/raw-store"), *bucket.names("changes/")]:
        del bucket.objects[name]
    bucket.put("state/raw-store.json", json.dumps(old))
    archive.lose("1.2.3", instances=1)
    archive.arrive("1.3.1", 1)
    archive.work()
    archive.work()
    assert archive.shown("1.2.3") == 1
    assert "studies" not in bucket.json("state/raw-store.json")
    archive.work()
    assert archive.listings == 1


SPOILT: dict[str, object] = {
    "null": None,
    "a list": [1],
    "no number": {"instances": None},
    "a word for a number": {"seen": "24"},
    "a word for a time": {"seen_at": "noon"},
    "no shards": {"shards": None},
    "fewer than no shards": {"shards": -1},
    "no list of names": {"taken": None},
    "numbers for names": {"taken": [1, None]},
}


@pytest.mark.parametrize("how", ["not json", *SPOILT])
def test_a_spoilt_state_is_counted_anew(archive: Archive, how: str) -> None:
    bucket, name = archive.bench.bucket, "state/raw-store.json"
    spoilt = SPOILT.get(how)
    content = {**bucket.json(name), **cast("dict[str, object]", spoilt)} if isinstance(spoilt, dict) else spoilt
    bucket.put(name, json.dumps(content) if how in SPOILT else how)
    archive.lose("1.2.3")
    archive.work()
    assert archive.shown("1.2.3") == 0
    assert archive.work() == []


@pytest.mark.parametrize("name", ["delivered/", "delivered/notes.txt", "delivered/1.2.3/", "delivered/a/b/c.json"])
def test_an_object_that_is_no_record_does_not_stop_the_search(archive: Archive, name: str) -> None:
    """The console makes one that ends with a slash when somebody makes a folder."""
    archive.bench.bucket.put(name, "")
    archive.lose("1.2.3")
    assert archive.work() == ["withdrawn"]
    assert "failed" not in {outcome.status for outcome in archive.sweep()}


def test_a_sweep_finds_a_deletion_and_leaves_nothing_to_look_for(archive: Archive) -> None:
    archive.lose("1.2.3")
    archive.sweep()
    assert archive.shown("1.2.3") == 0
    listings = archive.listings
    assert archive.work() == []
    assert archive.listings == listings


@pytest.mark.parametrize("by", ["idle runs", "sweeps"])
def test_a_deleted_study_of_which_viewers_had_been_shown_nothing_any_more_is_done_with(
    archive: Archive, by: str
) -> None:
    """A series that was blocked after it had been shown keeps a record of its withdrawals."""
    ledger = DeliveryLedger(archive.bench.bucket)
    ledger.update("1.2.3", "1.2.3.1", DeliveryRecord.withdrawn)
    archive.viewers.studies.clear()
    archive.lose("1.2.3")
    if by == "sweeps":
        for _ in range(2):
            assert "failed" not in {outcome.status for outcome in archive.sweep()}
    else:
        archive.work()
    listings = archive.listings
    assert [archive.work(), archive.work()] == [[], []]
    assert archive.listings == listings
    assert archive.bench.bucket.json("readiness/1.2.3/study.json")["status"] == "withdrawn"
    assert "1.2.3" not in ledger.series_by_study()


def test_a_slide_that_cannot_be_read_for_a_moment_is_not_taken_away(archive: Archive) -> None:
    """What was made of it cannot be compared with what nobody could read: the next attempt says what is true."""
    study, series, store = "1.5", "1.5.1", archive.bench.store
    store.add(study, *pyramid(series))
    archive.bench.messages.notify(study, series)
    assert archive.work() == ["ready"]
    ledger = DeliveryLedger(archive.bench.bucket)
    ledger.update(study, series, lambda record: replace(record, instances=("2.25.1",)))
    late = item(f"{series}.99", 256, series, **OTHER)
    store.add(study, late)
    archive.bench.messages.notify(study, series)
    with pytest.MonkeyPatch.context() as moment:
        moment.setattr(store, "metadata", refuse)
        archive.work()
    assert ledger.read(study, series).state == "shown"
    assert archive.shown(study) > 0


def refuse(study: str, series: str) -> NoReturn:
    raise SeriesFailed(f"series {series} of study {study}: the store answered 503; run again")
