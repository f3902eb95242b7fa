"""Which studies move to another storage class, and when; what is counted of reads after that."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from prepare.backlog.storage_moves import DAY, MoveRecords, StorageClass
from prepare.backlog.work_items import WorkBacklog
from prepare.errors import CannotRun, Gone, SeriesFailed
from prepare.execution.archiving import Archivist, judge_move
from prepare.execution.runner import JobRunner
from prepare.settings import load

from tests.jobs.fakes import RLE, ROOT, STORE, Bench, item, pyramid

AFTER = 30
OTHER = {"Modality": "OT", "SOPClassUID": "1.2.3"}


@dataclass
class Archive:
    """A bench whose job moves studies; `moved` are the requests."""

    bench: Bench = field(default_factory=Bench)
    storage_class: StorageClass | None = "coldline"
    moved: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    refusals: list[Exception] = field(default_factory=list[Exception])
    outcomes: list[bool | Exception | None] = field(default_factory=list[bool | Exception | None])
    """What the next looks at an operation give: whether it is done; without any it is."""
    polls: list[str] = field(default_factory=list[str])

    def move(self, study: str, storage_class: str) -> str:
        if self.refusals:
            raise self.refusals.pop(0)
        self.moved.append((study, storage_class))
        return f"operations/{len(self.moved)}"

    def is_done(self, operation: str) -> bool | None:
        self.polls.append(operation)
        outcome = self.outcomes.pop(0) if self.outcomes else True
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def runner(self, *arguments: str) -> JobRunner:
        runner = self.bench.runner(*arguments)
        if self.storage_class:
            records = MoveRecords(self.bench.bucket, self.storage_class, AFTER)
            runner.preparation = replace(runner.preparation, moves=records)
            runner.archivist = Archivist(records, self.move, self.is_done, self.bench.time.clock, runner.log)
        return runner

    def work(self) -> None:
        self.runner("--quiet-seconds", "0").work_off_backlog(WorkBacklog(self.bench.bucket, self.bench.messages, STORE))

    def arrive(self, study: str, *items: dict[str, Any], **more: Any) -> None:
        self.bench.store.add(study, *items, **more)
        for one in {one["0020000E"]["Value"][0] for one in items}:
            self.bench.messages.notify(study, one)

    def days_pass(self, days: float) -> None:
        self.bench.time.now += days * DAY

    def names(self, prefix: str) -> list[str]:
        return self.bench.bucket.names(prefix)


@pytest.fixture
def archive() -> Archive:
    return Archive()


def test_a_ready_study_moves_once_when_its_days_are_over(archive: Archive) -> None:
    archive.arrive("1.2", *pyramid())
    archive.work()
    archive.days_pass(AFTER - 1)
    archive.work()
    assert archive.moved == []

    archive.days_pass(2)
    archive.work()
    archive.work()

    assert archive.moved == [("1.2", "coldline")]
    assert archive.names("archive/") == ["archive/moved/coldline/1.2.json"]
    assert archive.bench.bucket.json("archive/moved/coldline/1.2.json")["instances"] == 5


def test_what_is_not_due_yet_costs_runs_without_work_no_request_of_its_own(archive: Archive) -> None:
    """Whatever the hour at which it was prepared: listed is only what may move."""
    archive.arrive("1.2", *pyramid())
    archive.work()
    bucket = archive.bench.bucket
    archive.days_pass(AFTER - 1)
    for _ in range(24):
        archive.days_pass(1 / 24)
        before = bucket.requests.copy()
        archive.work()
        told = bucket.requests - before
        assert set(told) == {"names archive/due/", "names work/"}, told
    assert archive.moved == []
    archive.days_pass(1)
    archive.work()
    assert archive.moved == [("1.2", "coldline")]


def test_one_that_is_blocked_does_not_move_and_one_that_is_mended_does(archive: Archive) -> None:
    archive.arrive("1.2", *pyramid(), frame=RLE)
    archive.work()
    archive.days_pass(AFTER + 1)
    archive.work()
    assert (archive.moved, archive.names("archive/")) == ([], [])

    archive.bench.store.studies.clear()
    archive.bench.store.samples.clear()
    archive.arrive("1.2", *pyramid(SeriesNumber=2))
    archive.work()
    archive.days_pass(AFTER + 1)
    archive.work()
    assert archive.moved == [("1.2", "coldline")]


def test_a_study_that_is_blocked_after_it_was_ready_stays(archive: Archive) -> None:
    archive.arrive("1.2", *pyramid())
    archive.work()
    archive.days_pass(AFTER + 1)
    report = archive.bench.bucket.json("readiness/1.2/study.json")
    archive.bench.bucket.put("readiness/1.2/study.json", json.dumps({**report, "status": "blocked"}))
    archive.work()
    assert (archive.moved, archive.names("archive/")) == ([], [])


def test_a_late_instance_lets_the_days_begin_again_and_the_study_moves_again(archive: Archive) -> None:
    archive.arrive("1.2", *pyramid())
    archive.work()
    archive.days_pass(AFTER - 1)
    archive.arrive("1.2", item("1.2.9.1", 512, "1.2.9", **OTHER))
    archive.work()
    archive.days_pass(2)
    archive.work()
    assert archive.moved == []
    archive.days_pass(AFTER)
    archive.work()
    assert archive.moved == [("1.2", "coldline")]

    archive.arrive("1.2", item("1.2.8.1", 512, "1.2.8", **OTHER))
    archive.work()
    archive.days_pass(AFTER + 1)
    archive.work()
    assert archive.moved == [("1.2", "coldline")] * 2
    assert archive.names("archive/due/") == []


def test_reads_of_a_moved_study_are_counted_and_told(archive: Archive) -> None:
    archive.arrive("1.2", *pyramid())
    archive.work()
    archive.days_pass(AFTER + 1)
    archive.work()
    archive.arrive("1.2", item("1.2.9.1", 512, "1.2.9"))
    archive.work()

    record = archive.bench.bucket.json("archive/moved/coldline/1.2.json")
    assert record["reads"] == 2  # what came, and the slide beside it
    assert record["read_bytes"] > 0
    assert record["last_read"]
    assert "read again from coldline storage" in archive.bench.output.getvalue()


def test_what_fails_is_tried_again_tomorrow_and_not_in_the_way_of_others(archive: Archive) -> None:
    archive.arrive("1.2", *pyramid())
    archive.arrive("1.3", *pyramid("1.3.1"))
    archive.work()
    archive.days_pass(AFTER + 1)
    archive.refusals = [SeriesFailed("study 1.2: the store answered 400")]
    archive.work()
    archive.work()
    assert archive.moved == [("1.3", "coldline")]
    assert "answered 400" in archive.bench.output.getvalue()
    archive.days_pass(1)
    archive.work()
    assert archive.moved == [("1.3", "coldline"), ("1.2", "coldline")]


MOVED = "archive/moved/coldline/1.2.json"


def test_no_record_says_moved_before_the_operation_that_moves_has_ended(archive: Archive) -> None:
    archive.arrive("1.2", *pyramid())
    archive.work()
    archive.days_pass(AFTER + 1)
    archive.outcomes = [False]
    archive.work()
    archive.work()
    assert (archive.moved, archive.polls) == ([("1.2", "coldline")], ["operations/1"])
    assert archive.names("archive/moved/") == []
    archive.days_pass(1)
    archive.work()
    archive.work()
    assert (archive.moved, archive.polls) == ([("1.2", "coldline")], ["operations/1"] * 2)
    assert archive.names("archive/") == [MOVED]
    assert archive.bench.bucket.json(MOVED)["operation"] == "operations/1"


def test_an_operation_that_ends_in_an_error_is_told_and_the_move_begun_again_tomorrow(archive: Archive) -> None:
    archive.arrive("1.2", *pyramid())
    archive.work()
    archive.days_pass(AFTER + 1)
    archive.outcomes = [SeriesFailed("study 1.2: its move to coldline ended with an error of the store's (13)")]
    archive.work()
    archive.work()
    assert len(archive.moved) == 1
    assert archive.names("archive/moved/") == []
    assert "ended with an error" in archive.bench.output.getvalue()
    archive.days_pass(1)
    archive.work()
    assert len(archive.moved) == 2
    assert archive.polls == ["operations/1", "operations/2"]
    assert archive.names("archive/") == [MOVED]


def test_an_operation_that_the_store_has_forgotten_is_begun_again(archive: Archive) -> None:
    archive.arrive("1.2", *pyramid())
    archive.work()
    archive.days_pass(AFTER + 1)
    archive.outcomes = [False, None]
    archive.work()
    archive.days_pass(1)
    archive.work()
    archive.days_pass(1)
    archive.work()
    assert archive.polls == ["operations/1", "operations/1", "operations/2"]
    assert archive.names("archive/") == [MOVED]


def test_an_operation_that_nobody_knows_from_the_start_is_not_begun_over_and_over(archive: Archive) -> None:
    """A run would never end, and ask the store for one move after another."""
    archive.arrive("1.2", *pyramid())
    archive.work()
    archive.days_pass(AFTER + 1)
    archive.outcomes = [None] * 9
    archive.work()
    archive.work()
    assert archive.moved == [("1.2", "coldline")]
    archive.days_pass(1)
    archive.outcomes = []
    archive.work()
    assert archive.names("archive/") == [MOVED]


def test_what_comes_while_its_study_moves_lets_it_move_once_more(archive: Archive) -> None:
    archive.arrive("1.2", *pyramid())
    archive.work()
    archive.days_pass(AFTER + 1)
    archive.outcomes = [False]
    archive.work()
    archive.arrive("1.2", item("1.2.9.1", 512, "1.2.9", **OTHER))
    archive.work()
    archive.days_pass(1)
    archive.work()
    assert archive.names("archive/moved/") == [MOVED]
    assert len(archive.names("archive/due/")) == 1
    archive.days_pass(AFTER + 1)
    archive.work()
    assert archive.moved == [("1.2", "coldline")] * 2
    assert archive.names("archive/due/") == []


def test_what_comes_while_a_run_looks_for_what_to_move_is_seen_before_it_ends(archive: Archive) -> None:
    """Who finds it running does not start another: nobody else looks for those messages."""
    archive.arrive("1.2", *pyramid())
    archive.work()
    archive.days_pass(AFTER + 1)
    archive.refusals = [SeriesFailed("study 1.2: no answer")]
    move = archive.move

    def slow(study: str, storage_class: str) -> str:
        archive.bench.time.now += 15
        archive.arrive("1.3", *pyramid("1.3.1"))
        return move(study, storage_class)

    archive.move = slow  # type: ignore[method-assign]
    archive.work()
    assert archive.bench.bucket.json("readiness/1.3/study.json")["status"] == "ready"
    assert archive.bench.messages.waiting == []


def test_a_run_without_work_looks_once(archive: Archive) -> None:
    looks: list[int] = []
    pull = archive.bench.messages.pull

    def counted() -> list[dict[str, Any]]:
        looks.append(1)
        return pull()

    archive.bench.messages.pull = counted  # type: ignore[method-assign]
    archive.work()
    assert len(looks) == 1


def test_one_that_left_the_store_is_forgotten_and_a_missing_permission_is_told(archive: Archive) -> None:
    archive.arrive("1.2", *pyramid())
    archive.work()
    archive.days_pass(AFTER + 1)
    archive.refusals = [CannotRun("needs healthcare.dicomStores.dicomWebWrite")]
    with pytest.raises(CannotRun):
        archive.work()
    assert len(archive.names("archive/due/")) == 1
    archive.refusals = [Gone("study 1.2 is not there")]
    archive.work()
    assert (archive.moved, archive.names("archive/")) == ([], [])


def test_a_sweep_finds_what_was_ready_before_anybody_wanted_that(archive: Archive) -> None:
    archive.storage_class = None
    archive.arrive("1.2", *pyramid())
    archive.arrive("1.3", *pyramid("1.3.1"), frame=RLE)
    archive.work()
    archive.days_pass(AFTER + 1)
    assert archive.names("archive/") == []

    archive.storage_class = "archive"
    archive.runner("--sweep").sweep()
    archive.runner("--sweep").sweep()
    assert archive.moved == [("1.2", "archive")]


def test_with_the_standard_class_nothing_is_noted_or_moved(archive: Archive) -> None:
    archive.storage_class = None
    archive.arrive("1.2", *pyramid())
    archive.work()
    archive.days_pass(1000)
    archive.work()
    assert (archive.moved, archive.names("archive/")) == ([], [])


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        ({"status": "ready", "prepared_at": "2026-01-01T00:00:00+00:00"}, "move"),
        ({"status": "ready", "prepared_at": "2026-01-31T00:00:00+00:00"}, "later"),
        ({"status": "ready_degraded", "prepared_at": "2026-01-01T00:00:00+00:00"}, "drop"),
        ({"status": "failed", "prepared_at": "2026-01-01T00:00:00+00:00"}, "drop"),
        ({"status": "ready", "prepared_at": "some day"}, "drop"),
        (None, "drop"),
    ],
)
def test_what_a_report_says_of_a_move(report: Any, verdict: str) -> None:
    assert judge_move(report, 1_770_000_000.0, 7) == verdict  # 2 February 2026


def test_a_class_that_there_is_not_is_refused() -> None:
    roots = {"DICOMWEB_ROOT": ROOT, "VIEWER_DICOMWEB_ROOT": f"{ROOT}/viewers"}
    environment = {
        **roots,
        "RECORDS_BUCKET": "r",
        "STAGED_BUCKET": "s",
        "BACKLOG_SUBSCRIPTION": "projects/p/subscriptions/s",
    }
    with pytest.raises(CannotRun, match="must be standard or nearline or coldline or archive"):
        load([], environment | {"RAW_STORAGE_CLASS": "glacier"})
