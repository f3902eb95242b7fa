"""The pace of requests: what one task is refused slows every task, at the cost of a read in five seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from prepare.backlog.shared_pace import COUNT_SECONDS, LOOK_SECONDS, NAME, SharedPace
from prepare.errors import SeriesFailed
from prepare.http.budget import MOST_REQUESTS, RECOVERY_SECONDS, BudgetedAdapter, RateBudget
from requests.adapters import BaseAdapter

from tests.jobs.fakes import Bucket, Time


@dataclass
class Quota(BaseAdapter):
    """A store that answers `status`, and counts."""

    status: int = 200
    asked: int = 0

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.asked += 1
        answer = requests.Response()
        answer.status_code = self.status
        return answer

    def close(self) -> None:
        return


@dataclass
class Tasks:
    """Tasks of one or several executions around one bucket and clock."""

    bucket: Bucket = field(default_factory=Bucket)
    time: Time = field(default_factory=Time)
    working: int = 2

    def task(self, shares: bool = True, count: Callable[[], int] | None = None) -> tuple[RateBudget, Quota]:
        shared = SharedPace(self.bucket, count or (lambda: self.working), self.time.clock) if shares else None
        return RateBudget(self.time.clock, MOST_REQUESTS / self.working, shared), Quota()

    def ask(self, budget: RateBudget, store: Quota) -> None:
        request = requests.Request("GET", "https://healthcare.example/").prepare()
        BudgetedAdapter(store, budget).send(request)


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


def test_what_one_task_is_refused_slows_the_other_within_a_look(tasks: Tasks) -> None:
    (first, refusing), (second, answering), (alone, _) = tasks.task(), tasks.task(), tasks.task(shares=False)
    full = MOST_REQUESTS / 2
    for budget in (first, second, alone):
        assert budget.rate == full
    refusing.status = 429
    tasks.ask(first, refusing)

    tasks.time.now += LOOK_SECONDS
    tasks.ask(second, answering)

    gained = full * LOOK_SECONDS / RECOVERY_SECONDS
    assert second.rate == pytest.approx(full / 2 + gained, rel=0.01)
    assert first.rate == pytest.approx(second.rate, rel=0.01)
    assert alone.rate == full
    tasks.time.now += RECOVERY_SECONDS
    assert (first.rate, second.rate) == (full, full)


def test_refusals_of_all_at_once_halve_the_pace_once_and_are_one_write(tasks: Tasks) -> None:
    tasks.working = 8
    every = [tasks.task() for _ in range(8)]
    for budget, store in every:
        store.status = 429
        tasks.ask(budget, store)
        tasks.ask(budget, store)
    assert tasks.bucket.writes == [NAME]
    assert tasks.bucket.json(NAME)["rate"] == pytest.approx(MOST_REQUESTS / 2, rel=0.01)
    assert sum(budget.rate for budget, _ in every) == pytest.approx(MOST_REQUESTS / 2, rel=0.05)


def test_refusals_that_go_on_halve_it_again_and_again_and_no_name_is_written_often(tasks: Tasks) -> None:
    budget, store = tasks.task()
    store.status = 429
    began = tasks.time.now
    while tasks.time.now < began + 300:
        tasks.ask(budget, store)
        tasks.time.now += 1
    assert len(tasks.bucket.writes) <= 300 / LOOK_SECONDS + 1
    assert tasks.bucket.json(NAME)["rate"] < MOST_REQUESTS / 4
    assert budget.rate > 0


def test_a_task_that_begins_later_begins_at_the_pace_of_all(tasks: Tasks) -> None:
    first, refusing = tasks.task()
    refusing.status = 429
    tasks.ask(first, refusing)
    assert tasks.task()[0].rate == pytest.approx(MOST_REQUESTS / 4, rel=0.01)


def test_executions_at_once_share_one_pace(tasks: Tasks) -> None:
    """One task of its own execution, and twelve of another that it started."""
    tasks.working = 1
    budget, _ = tasks.task(count=lambda: 13)
    assert budget.rate == pytest.approx(MOST_REQUESTS / 13)


def test_a_look_costs_a_read_in_five_seconds_and_a_listing_in_thirty(tasks: Tasks) -> None:
    counted: list[float] = []

    def count() -> int:
        counted.append(tasks.time.now)
        return 2

    budget, store = tasks.task(count=count)
    for _ in range(6_000):
        tasks.ask(budget, store)
        tasks.time.now += 0.05
    seconds = 6_000 * 0.05
    assert sum(tasks.bucket.requests.values()) <= seconds / LOOK_SECONDS + 1
    assert len(counted) <= seconds / COUNT_SECONDS + 1


@pytest.mark.parametrize("spoilt", ["not json", "[]", '{"rate": "many"}', '{"rate": 1}'])
def test_an_object_that_somebody_spoilt_limits_nothing(tasks: Tasks, spoilt: str) -> None:
    tasks.bucket.put(NAME, spoilt)
    budget, store = tasks.task()
    assert budget.rate == MOST_REQUESTS / 2
    store.status = 429
    tasks.ask(budget, store)
    assert tasks.bucket.json(NAME)["rate"] == pytest.approx(MOST_REQUESTS / 2, rel=0.01)


def test_records_that_do_not_answer_leave_each_task_its_own_pace(tasks: Tasks) -> None:
    budget, store = tasks.task()

    def fails(_: str) -> None:
        raise SeriesFailed("no answer")

    tasks.bucket.on_write = fails
    store.status = 429
    tasks.ask(budget, store)
    assert budget.rate == pytest.approx(MOST_REQUESTS / 4, rel=0.01)
