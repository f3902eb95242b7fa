"""A thousand studies in an hour, simulated with the job's own decisions: what must hold whatever the figures."""

from __future__ import annotations

import statistics

import pytest
from prepare.http.budget import MOST_REQUESTS

from benchmarks import quota
from benchmarks.harness import exponent
from benchmarks.idle_runs import idle_runs
from benchmarks.scale import Assumed, burst, simulate, sweep_requests

ASSUMED = Assumed()


@pytest.mark.parametrize("latency", [0.04, 0.1])
def test_tasks_follow_the_work_and_never_are_more_than_the_maximum(latency: float) -> None:
    one, few, many = (simulate(burst(1000), latency, most, ASSUMED) for most in (1, 4, 64))
    assert [one.busiest, few.busiest] == [1, 4]
    assert many.busiest <= 16  # what the work needs, not what is allowed
    assert many.emptied < 180 < few.emptied < one.emptied
    assert statistics.median(many.views) < 180
    assert len(one.views) == len(many.views) == 1000


def test_time_and_requests_grow_with_the_studies_and_not_faster() -> None:
    sizes = [250, 500, 1000, 2000]
    runs = [simulate(burst(size), 0.04, 64, ASSUMED) for size in sizes]
    assert exponent(sizes, [run.requests for run in runs]) <= 1.05
    assert exponent(sizes, [run.seconds for run in runs]) <= 1.05


def test_all_tasks_together_stay_below_the_pace_of_one_store() -> None:
    done = simulate([0.0] * 1000, 0.04, 64, ASSUMED)
    assert done.busiest <= 64
    assert max(done.asked.values()) <= MOST_REQUESTS


def test_only_a_sweep_grows_with_the_store() -> None:
    assert sweep_requests(100_000, ASSUMED) <= 3.01 * 100_000


def test_a_run_without_work_asks_the_same_of_any_archive_unless_something_was_taken_away() -> None:
    small, large = idle_runs(1_000), idle_runs(8_000)
    for what in ("nothing came", "100 studies came"):
        assert small[what] == large[what]
        assert (small[what].store, small[what].studies) == (1, 0)
    assert small["nothing came"].records <= 3
    deleted = large["one was deleted, as much came"]
    assert deleted.studies == 1
    assert deleted.largest <= 1_000 < 8_000


@pytest.mark.parametrize("tasks", [2, 64])
def test_a_quota_below_the_jobs_own_pace_is_shared_fairly_and_seldom_overrun(tasks: int) -> None:
    alone, together = (quota.simulate(tasks, 100, 120, shares) for shares in (False, True))
    assert together.spread <= 1.5
    assert together.used >= 0.75
    assert together.refused <= 0.05
    assert together.refused <= alone.refused * (1.1 if tasks == 2 else 0.7)
    assert together.looks <= tasks * 120 / 2
