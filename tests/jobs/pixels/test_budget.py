from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import requests
from prepare.clock import Clock
from prepare.http.budget import BudgetedAdapter, RateBudget
from prepare.http.retry import RetryingAdapter, RetryPolicy
from requests.adapters import BaseAdapter


@dataclass
class Time:
    now: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(time=lambda: self.now, monotonic=lambda: self.now, sleep=self.sleep)


def test_requests_are_spread_over_time() -> None:
    time = Time()
    budget = RateBudget(time.clock, highest=10)
    for _ in range(21):
        budget.wait()
    assert time.now == pytest.approx(2.0)


def test_a_refusal_halves_the_rate_and_time_brings_it_back() -> None:
    time = Time()
    budget = RateBudget(time.clock, highest=100)
    budget.slow_down()
    assert budget.rate == 50
    time.sleep(15)
    assert budget.rate == 75
    time.sleep(60)
    assert budget.rate == 100


def test_refusals_of_one_moment_count_once() -> None:
    time = Time()
    budget = RateBudget(time.clock, highest=100)
    for _ in range(20):
        budget.slow_down()
        time.sleep(0.01)
    assert budget.rate == pytest.approx(50, abs=1)


def test_ten_minutes_of_refusals_end_at_the_lowest_rate_and_recover_within_two() -> None:
    time = Time()
    budget = RateBudget(time.clock, highest=100)
    while time.now < 600:
        budget.wait()
        budget.slow_down()
        time.sleep(1)
    assert budget.rate < 5
    time.sleep(120)
    assert budget.rate == 100


def test_senseless_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="lets nothing pass"):
        RateBudget(highest=0)


@dataclass
class Answers(BaseAdapter):
    statuses: list[int]
    sent: list[float] = field(default_factory=list)
    time: Time = field(default_factory=Time)

    def send(self, *args: object, **kwargs: object) -> requests.Response:
        self.sent.append(self.time.now)
        response = requests.Response()
        response.status_code = self.statuses.pop(0)
        response._content = b""
        return response

    def close(self) -> None: ...


def test_what_the_retry_layer_repeats_is_counted_and_slows_down() -> None:
    time = Time()
    inner = Answers([200, 429, 429, 200], time=time)
    budget = RateBudget(time.clock, highest=10)
    adapter = RetryingAdapter(BudgetedAdapter(inner, budget), RetryPolicy(), time.clock, jitter=lambda: 0.9)
    request = requests.Request("GET", "http://127.0.0.1/").prepare()
    assert adapter.send(request).status_code == 200
    assert adapter.send(request).status_code == 200
    assert len(inner.sent) == 4
    assert budget.rate < 10
