"""How many tasks the work needs, who starts them, and that nobody does what another does; whatever is killed."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from prepare.backlog.study_leases import StudyLeases
from prepare.backlog.work_items import WorkBacklog
from prepare.errors import SeriesFailed
from prepare.execution.runner import JobRunner
from prepare.execution.scale_out import WINDOW_SECONDS, ScaleOut, tasks_needed, tasks_to_start
from prepare.log import Log
from prepare.model.work_item import Item, content_of, shard

from tests.jobs.fakes import STORE, Bench, Killed, dying, item

OTHER = {"Modality": "OT", "SOPClassUID": "1.2.3"}
MOST = 16
SLOW = bool(os.environ.get("SLOW"))
"""With it a hundred of the kills are of runs that decide."""


@dataclass
class Cloud:
    """Executions of the job on one bench; `start` is Cloud Run's answer to a request for more tasks."""

    bench: Bench = field(default_factory=Bench)
    started: list[int] = field(default_factory=list[int])
    """Tasks of each execution that was asked for."""
    dies: Callable[[], bool] = lambda: False
    """Whether the run is killed now: while it asks for more tasks, before that is heard or after."""
    refuses: bool = False
    number: int = 0

    def start(self, count: int) -> str:
        if self.refuses:
            raise SeriesFailed("Cloud Run answered 429")
        if self.dies():
            raise Killed
        self.started.append(count)
        if self.dies():
            raise Killed
        return f"executions/{len(self.started)}"

    def arrive(self, studies: int) -> None:
        for number in range(studies):
            study = f"1.2.{number}"
            self.bench.store.add(study, item(f"{study}.1.1", 256, f"{study}.1", **OTHER))
            self.bench.messages.notify(study, f"{study}.1")

    def task(self, execution: str, index: int, count: int, quiet: str = "0") -> JobRunner:
        of_task = ("--task-index", str(index), "--task-count", str(count), "--execution", execution)
        runner = self.bench.runner("--quiet-seconds", quiet, *of_task)
        clock, bucket = self.bench.time.clock, self.bench.bucket
        runner.leases = StudyLeases(bucket, f"{execution}/{index}", clock)
        log = Log(self.bench.output)
        runner.scale_out = ScaleOut(bucket, runner.leases, self.start, clock, log, execution, count, MOST)
        return runner

    def run(self, execution: str, index: int = 0, count: int = 1) -> JobRunner:
        runner = self.task(execution, index, count)
        runner.work_off_backlog(WorkBacklog(self.bench.bucket, self.bench.messages, STORE))
        return runner

    def reports(self) -> Counter[str]:
        """How often each series' report was written."""
        writes = self.bench.bucket.writes
        return Counter(name for name in writes if name.startswith("readiness/") and not name.endswith("study.json"))


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.mark.parametrize(
    ("waiting", "each", "needed"), [(0, 30, 1), (1, 30, 1), (4, 30, 1), (5, 30, 2), (100, 30, 25), (10_000, 30, 64)]
)
def test_as_many_tasks_as_do_the_work_in_two_minutes(waiting: int, each: float, needed: int) -> None:
    assert tasks_needed(waiting, each, 64) == needed


def test_what_runs_already_is_not_started_again_and_the_maximum_is_one() -> None:
    assert tasks_to_start(needed=10, running=4, most=64) == 6
    assert tasks_to_start(needed=100, running=60, most=64) == 4
    assert tasks_to_start(needed=3, running=8, most=64) == 0
    assert tasks_to_start(needed=100, running=1, most=1) == 0


def test_a_burst_starts_tasks_once_and_the_decision_can_be_read(cloud: Cloud) -> None:
    cloud.arrive(50)
    cloud.run("a")
    assert cloud.started == [12]
    [name] = cloud.bench.bucket.names("starts/scale-")
    decision = cloud.bench.bucket.json(name)
    assert {key: decision[key] for key in ("execution", "waiting", "running", "tasks", "outcome", "started")} == {
        "execution": "a", "waiting": 50, "running": 1, "tasks": 12, "outcome": "started", "started": "executions/1",
    }  # fmt: skip
    assert set(cloud.reports().values()) == {1}
    assert cloud.bench.bucket.names("owners/") == []


def test_a_few_studies_start_nothing_and_cost_no_decision(cloud: Cloud) -> None:
    cloud.arrive(4)
    cloud.run("a")
    assert cloud.started == []
    assert cloud.bench.bucket.names("starts/") == []


def test_what_waits_for_other_tasks_is_counted_as_it_was_listed_last(cloud: Cloud) -> None:
    """Studies that come while the first task works are not set off against what it did before they came."""
    cloud.arrive(20)
    runner = cloud.task("a", 0, 2)
    told: list[tuple[int, int]] = []
    assert runner.scale_out is not None

    def consider(waiting: int, _: float) -> int:
        told.append((waiting, len(cloud.bench.bucket.names("work/"))))
        if len(told) == 3:
            cloud.arrive(40)
        return 0

    runner.scale_out.consider = consider  # type: ignore[method-assign]
    runner.work_off_backlog(WorkBacklog(cloud.bench.bucket, cloud.bench.messages, STORE))

    mine = sum(shard(f"1.2.{number}", 2) == 0 for number in range(40))
    assert len(told) >= mine
    assert all(waiting == left for waiting, left in told), told


def test_studies_of_which_instances_still_arrive_start_nothing(cloud: Cloud) -> None:
    cloud.arrive(50)
    runner = cloud.task("a", 0, 1, quiet="30")
    runner.settings = replace(runner.settings, wait_seconds=1.0)
    runner.work_off_backlog(WorkBacklog(cloud.bench.bucket, cloud.bench.messages, STORE))
    assert runner.outcomes == []
    assert cloud.started == []
    assert cloud.bench.bucket.names("starts/") == []


def test_studies_that_become_quiet_together_start_tasks(cloud: Cloud) -> None:
    """None is complete by its own metadata: all are looked at, and waited for, first."""
    cloud.arrive(50)
    runner = cloud.task("a", 0, 1, quiet="30")
    runner.work_off_backlog(WorkBacklog(cloud.bench.bucket, cloud.bench.messages, STORE))
    assert len(runner.outcomes) == 50
    assert cloud.started == [12]


def test_of_studies_that_were_not_looked_at_as_many_count_as_were_quiet_before(cloud: Cloud) -> None:
    """Half of them still receive instances."""
    cloud.arrive(60)
    cloud.bench.messages.waiting = cloud.bench.messages.waiting[1::2]
    for number in range(0, 60, 2):
        item = Item(f"1.2.{number}", f"1.2.{number}.1", noticed=0.0, instances=1, counted=0.0)
        cloud.bench.bucket.put(item.name, json.dumps(content_of(item)))
    runner = cloud.task("a", 0, 1, quiet="30")
    runner.settings = replace(runner.settings, wait_seconds=1.0)
    told: list[int] = []
    assert runner.scale_out is not None
    runner.scale_out.consider = lambda waiting, _: told.append(waiting) or 0  # type: ignore[method-assign]
    runner.work_off_backlog(WorkBacklog(cloud.bench.bucket, cloud.bench.messages, STORE))
    left = range(30, 0, -1)
    assert len(told) == 30
    assert all(abs(waiting - true) <= 8 for waiting, true in list(zip(told, left, strict=True))[5:]), told


def test_of_two_that_see_the_same_work_one_decides(cloud: Cloud) -> None:
    cloud.arrive(50)
    other: list[JobRunner] = []

    def second_execution(name: str) -> None:
        if name.startswith("owners/") and not other:
            other.append(cloud.task("b", 0, 1))
            cloud.run("b")

    cloud.bench.bucket.on_write = second_execution
    cloud.run("a")
    assert cloud.started == [12]
    assert set(cloud.reports().values()) == {1}


def test_a_window_later_what_was_started_counts_as_running(cloud: Cloud) -> None:
    cloud.arrive(50)
    scale = cloud.task("a", 0, 1).scale_out
    assert scale is not None
    assert scale.consider(50, 30.0) == 12
    assert scale.consider(80, 30.0) == 0  # decided in this window
    cloud.bench.time.now += WINDOW_SECONDS
    assert scale.consider(50, 30.0) == 0
    cloud.bench.time.now += WINDOW_SECONDS
    assert scale.consider(80, 30.0) == 15  # none of them shows that it works


def test_leases_that_killed_tasks_left_do_not_count_as_tasks_at_work(cloud: Cloud) -> None:
    cloud.arrive(50)
    now = cloud.bench.time.now
    for number in range(MOST):
        lease = {"holder": f"dead/{number}", "until": now - 1 if number else now + 30}
        cloud.bench.bucket.put(f"owners/1.3.{number}.json", json.dumps(lease))
    scale = cloud.task("a", 0, 1).scale_out
    assert scale is not None
    assert scale.consider(50, 30.0) == 12
    assert cloud.bench.bucket.json(cloud.bench.bucket.names("starts/")[0])["running"] == 1


def test_a_refused_start_is_told_and_the_task_does_the_work(cloud: Cloud) -> None:
    cloud.refuses = True
    cloud.arrive(50)
    runner = cloud.run("a")
    assert len(runner.outcomes) == 50
    [name] = cloud.bench.bucket.names("starts/scale-")
    assert cloud.bench.bucket.json(name)["outcome"] == "refused"
    assert "more tasks were not started: Cloud Run answered 429" in cloud.bench.output.getvalue()


def test_a_study_that_another_task_holds_is_left_to_it_until_the_lease_lapses(cloud: Cloud) -> None:
    cloud.arrive(1)
    clock, bucket = cloud.bench.time.clock, cloud.bench.bucket
    with StudyLeases(bucket, "b/0", clock).hold("1.2.0") as mine:
        assert mine
        assert cloud.run("a").outcomes == []
    bucket.put("owners/1.2.0.json", json.dumps({"holder": "dead/0", "until": cloud.bench.time.now + 30}))
    assert cloud.run("a").outcomes == []
    cloud.bench.time.now += 31
    assert len(cloud.run("a").outcomes) == 1


def test_the_second_attempt_of_a_task_holds_what_the_first_held(cloud: Cloud) -> None:
    cloud.arrive(1)
    until = cloud.bench.time.now + 30
    cloud.bench.bucket.put("owners/1.2.0.json", json.dumps({"holder": "a/0", "until": until}))
    assert len(cloud.run("a").outcomes) == 1


def test_a_lease_that_somebody_spoilt_is_free(cloud: Cloud) -> None:
    cloud.arrive(1)
    cloud.bench.bucket.put("owners/1.2.0.json", "not json")
    assert len(cloud.run("a").outcomes) == 1


@pytest.mark.parametrize("seed", range(4))
def test_kills_at_any_step_lose_nothing_and_do_nothing_twice(cloud: Cloud, seed: int) -> None:
    """A hundred kills, of executions that start others and of those; the schedule goes on starting one."""
    rng, studies, run = random.Random(seed), 4_000 if SLOW else 400, 0
    kills = Counter[str]()
    cloud.arrive(studies)
    WorkBacklog(cloud.bench.bucket, cloud.bench.messages, STORE).drain(cloud.bench.time.now)
    cloud.dies = lambda: rng.random() < 0.25
    queue: list[tuple[str, int, int]] = []
    while (kills["deciding"] if SLOW else kills.total()) < 100 and (run := run + 1) < 5_000:
        if not queue:
            queue.append((f"scheduled-{run}", 0, 1))
        execution, index, count = queue.pop(rng.randrange(len(queue)))
        known, decided = len(cloud.started), cloud.bench.bucket.names("starts/")
        cloud.bench.bucket.on_write = dying(rng.randrange(1, 30))
        try:
            cloud.run(execution, index, count)
        except Killed:
            kills["deciding" if cloud.bench.bucket.names("starts/") != decided else "else"] += 1
            if rng.random() < 0.5:
                queue.append((execution, index, count))  # its second attempt
        queue += [
            (f"started-{known + at}", task, tasks)
            for at, tasks in enumerate(cloud.started[known:])
            for task in range(tasks)
        ]
        cloud.bench.time.now += rng.choice([1.0, 30.0, 61.0])
    cloud.bench.bucket.on_write, cloud.dies = lambda name: None, lambda: False
    cloud.bench.time.now += 61
    cloud.run("last")
    assert kills.total() >= 100
    assert kills["deciding"] >= (100 if SLOW else 5)
    assert len(cloud.started) >= 5
    assert len(cloud.reports()) == studies
    assert set(cloud.reports().values()) == {1}
    assert cloud.bench.bucket.names("work/") == []
    assert all(count <= MOST for count in cloud.started)
