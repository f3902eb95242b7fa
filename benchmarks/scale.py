"""A burst worked off, simulated: how long, how many requests, how much memory, what a study costs, by tasks at most.

Decided with the job's own functions: which task does a study (`shard`), how many tasks are needed and started
(`tasks_needed`, `tasks_to_start`, a decision a window), how fast a task may ask (`MOST_REQUESTS`), what a run without
work asks of an archive (`RawStoreAudit`, in `idle_runs`). Everything else is an assumption, listed in `Assumed`.
Nothing sleeps and nothing is asked: a run takes ten seconds.

    python -m benchmarks.scale [--studies 1000] [--stored 100000] [--latency 40 100] [--tasks 1 2 4 8 16 32 64]
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from prepare.backlog.shared_pace import COUNT_SECONDS, LOOK_SECONDS
from prepare.execution.scale_out import STUDY_SECONDS, WINDOW_SECONDS, tasks_needed, tasks_to_start
from prepare.http.budget import MOST_REQUESTS
from prepare.model.work_item import shard

from benchmarks.harness import BenchmarkReport, exponent
from benchmarks.idle_runs import CASES, idle_runs
from ops.review.cost import table

GOAL = 1.05
HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """What one study of two slides, seven images each, costs; the first four were measured (`benchmarks.job_use`)."""

    store_requests: int = 56
    """To the two DICOM stores, by one study that is copied."""
    record_requests: int = 36
    """To the records bucket and Pub/Sub; they have no part in the store's quota. 34 were measured; since then what came
    is counted: a change is written, and removed by a run without work."""
    searches: int = 6
    """Of the store's requests, those that are priced as complex."""
    cpu_seconds: float = 14.2
    """Processor time of a task: 7.1 s a GiB, 2 GiB."""
    memory_mib: float = 245.0
    """Peak of a task, whatever the slide (`benchmarks.large`)."""
    listed_bytes: int = 400
    """What a task keeps of each study that waits."""
    in_flight: int = 8
    """Requests that a task has under way at once."""
    start_seconds: float = 12.0
    """From the request for an execution until its first task works."""
    window_seconds: float = 10.0
    """From the first message until the workflow asks for one (`eventWindowSeconds`)."""
    line_mib: float = 200.0
    """A second, in and out of a task."""
    study_mib: float = 2048.0


@dataclass
class Task:
    """One task of an execution of `count`; it is free at `at`."""

    at: float
    index: int
    count: int


@dataclass
class BurstOutcome:
    views: list[float] = field(default_factory=list[float])
    """Seconds from each study's last instance until it is shown."""
    emptied: float = 0.0
    """Seconds from the last study's arrival until nothing waits."""
    requests: int = 0
    tasks: int = 0
    busiest: int = 0
    """Tasks that worked at once, at most."""
    asked: Counter[int] = field(default_factory=Counter[int])
    """Requests to the stores in each second."""
    seconds: float = 0.0
    """Of all tasks."""
    longest_list: int = 0
    looks: float = 0.0
    """Of tasks at the pace of all: requests to the records."""


def study_seconds(assumed: Assumed, latency: float, working: int) -> float:
    """How long one of `working` tasks works on a study: its pixels and requests, or as long as its share of the stores'
    pace lets it."""
    moved = 2 * assumed.study_mib / assumed.line_mib
    asked = (assumed.store_requests + assumed.record_requests) * latency / assumed.in_flight
    paced = assumed.store_requests * working / MOST_REQUESTS
    return max(max(assumed.cpu_seconds / 2, moved) + asked, paced)


def simulate(arrivals: Sequence[float], latency: float, most: int, assumed: Assumed) -> BurstOutcome:
    """`arrivals` are when the last instance of each study was stored, in order; `latency` in seconds a request."""
    out = BurstOutcome()
    names = [f"1.2.826.{number}" for number in range(len(arrivals))]
    done: set[int] = set()
    held: dict[int, float] = {}
    tasks: list[tuple[float, int, Task]] = []
    decided, began, order = -math.inf, 0.0, itertools.count()
    works: list[tuple[float, float]] = []
    first = 0

    def begin(at: float, count: int) -> None:
        for index in range(count):
            heapq.heappush(tasks, (at, next(order), Task(at, index, count)))
            out.tasks += 1

    while len(done) < len(arrivals):
        while first < len(arrivals) and first in done:
            first += 1
        if not tasks:
            began = max(began, arrivals[first]) + assumed.window_seconds
            begin(began + assumed.start_seconds, 1)
        now, _, task = heapq.heappop(tasks)
        began = max(began, now)
        waiting = [n for n in range(first, len(arrivals)) if arrivals[n] <= now and n not in done]
        free = [n for n in waiting if held.get(n, 0.0) <= now]
        out.longest_list = max(out.longest_list, len(waiting))
        out.requests += 2
        working = len({id(one) for _, _, one in tasks}) + 1
        each = study_seconds(assumed, latency, working) if done else STUDY_SECONDS
        needed = tasks_needed(len(free), each, most)
        if task.index == 0 and needed > task.count and now >= decided + WINDOW_SECONDS:
            decided = now
            if count := tasks_to_start(needed, working, most):
                out.requests += 4
                begin(now + assumed.start_seconds, count)
        mine = next((n for n in free if shard(names[n], task.count) == task.index), None)
        if mine is None:
            out.seconds += assumed.start_seconds
            continue  # nothing is left for it: the task ends
        lasts = study_seconds(assumed, latency, working)
        held[mine] = now + lasts
        done.add(mine)
        works.append((now, now + lasts))
        out.views.append(now + lasts - arrivals[mine])
        looks = (lasts / LOOK_SECONDS + lasts / COUNT_SECONDS) if most > 1 else 0.0
        out.looks += looks
        out.requests += assumed.store_requests + assumed.record_requests + math.ceil(looks)
        share = assumed.store_requests / max(lasts, 1.0)
        for second in range(int(now), int(now + lasts) + 1):
            out.asked[second] += math.ceil(share)
        out.seconds += lasts
        task.at = now + lasts
        heapq.heappush(tasks, (task.at, next(order), task))
    out.emptied = max(end for _, end in works) - arrivals[-1]
    out.busiest = most_at_once(works)
    return out


def most_at_once(works: Sequence[tuple[float, float]]) -> int:
    steps = sorted([(begin, 1) for begin, _ in works] + [(end, -1) for _, end in works])
    running = peak = 0
    for _, step in steps:
        running += step
        peak = max(peak, running)
    return peak


def burst(studies: int) -> list[float]:
    """Spread evenly over an hour."""
    return [number * HOUR / studies for number in range(studies)]


def cost_of(outcome: BurstOutcome, assumed: Assumed, cpus: float = 4.0, gib: float = 16.0) -> float:
    """USD a study, of a task with so many vCPUs and GiB (stack prod)."""
    price = {key: entry["usd"] for key, entry in table()["prices"].items()}
    machine = outcome.seconds * (cpus * price["run.cpu"] + gib * price["run.memory"]) / len(outcome.views)
    simple = (assumed.store_requests - assumed.searches) * price["healthcare.standard"]
    written = (assumed.record_requests + outcome.looks / len(outcome.views)) * price["storage.write"]
    return machine + simple + assumed.searches * price["healthcare.complex"] + written


def sweep_requests(stored: int, assumed: Assumed, page: int = 5000) -> int:
    """The one run that looks at everything: its listings, of slides and of studies, and three requests for each study
    that is unchanged."""
    return 2 * math.ceil(stored / page) + 3 * stored


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000, help="that arrive within an hour")
    parser.add_argument("--stored", type=int, default=100_000, help="in the store")
    parser.add_argument("--latency", type=float, nargs="+", default=[40.0, 100.0], help="milliseconds a request")
    parser.add_argument("--tasks", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64], help="at most")
    given = parser.parse_args()
    assumed, report = Assumed(), BenchmarkReport()
    heads = ("ms a request", "tasks at most", "at once", "empty after", "median to view", "p95",
             "requests a study", "busiest second", "MiB a task", "USD a study")  # fmt: skip
    print(f"| {' | '.join(heads)} |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    peak = 0
    for latency in given.latency:
        for most in given.tasks:
            done = simulate(burst(given.studies), latency / 1000, most, assumed)
            views = sorted(done.views)
            memory = assumed.memory_mib + done.longest_list * assumed.listed_bytes / 2**20
            peak = max(peak, max(done.asked.values()))
            figures = (
                f"{latency:.0f}", str(most), str(done.busiest), f"{done.emptied:,.0f} s",
                f"{statistics.median(views):,.0f} s", f"{views[int(len(views) * 0.95)]:,.0f} s",
                f"{done.requests / len(views):.0f}", str(max(done.asked.values())), f"{memory:.0f}",
                f"{cost_of(done, assumed):.4f}",
            )  # fmt: skip
            print(f"| {' | '.join(figures)} |")
    sizes = [given.studies * times for times in (1, 2, 4, 8)]
    runs = [simulate(burst(size), given.latency[0] / 1000, 64, assumed) for size in sizes]
    report.line("requests against studies, exponent", exponent(sizes, [run.requests for run in runs]), "<=", GOAL)
    report.line("task seconds against studies, exponent", exponent(sizes, [run.seconds for run in runs]), "<=", GOAL)
    stores = [given.stored // 10, given.stored]
    swept = [sweep_requests(stored, assumed) for stored in stores]
    report.line("requests of a sweep against the store, exponent", exponent(stores, swept), "<=", GOAL)
    report.line("requests in the busiest second", peak, "<=", MOST_REQUESTS, "to the stores, of all tasks")
    looks = [idle_runs(stored) for stored in stores]
    for what in CASES:
        small, large = (look[what] for look in looks)
        asked = f"{large.store} of the store, {large.records} of the records, with {given.stored:,} studies stored"
        grows = exponent(stores, [run.store + run.records for run in (small, large)])
        if large.studies:
            report.note(f"a run without work, {what}: a sweep started early; {asked}, exponent {grows:.2f}")
        else:
            report.line(f"requests of a run without work, {what}, against the store, exponent", grows, "<=", 0.0, asked)
    report.note(f"a sweep of {given.stored:,} studies: {swept[-1]:,} requests; no other run lists the store")
    return report.status


if __name__ == "__main__":
    raise SystemExit(main())
