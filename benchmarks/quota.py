"""Tasks that ask a store whose quota is less than the job's own pace, simulated with the job's own budgets.

What is refused (429), how much of the quota is used, and how unlike tasks fare: where all slow down by what one is
refused (`SharedPace`), and where each knows only its own refusals. Nothing sleeps and nothing is asked.

    python -m benchmarks.quota [--quota 100] [--tasks 2 8 64] [--seconds 300]
"""

from __future__ import annotations

import argparse
import heapq
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from prepare.backlog.shared_pace import SharedPace
from prepare.clock import Clock
from prepare.http.budget import MOST_REQUESTS, RateBudget

from benchmarks.harness import BenchmarkReport

SPREAD = 1.5
"""At most: answers of the task that got most, against the one that got least."""


@dataclass
class MemoryRecords:
    """Objects with generations; counts what it is asked."""

    objects: dict[str, tuple[Any, int]] = field(default_factory=dict[str, tuple[Any, int]])
    asked: int = 0

    def read(self, name: str) -> tuple[Any, int]:
        self.asked += 1
        return self.objects.get(name, (None, 0))

    def write(self, name: str, content: Any, generation: int) -> int:
        """Nobody writes between another's read and write: the simulation does one thing at a time."""
        self.asked += 1
        self.objects[name] = (content, generation + 1)
        return generation + 1

    def delete(self, name: str, generation: int) -> None:
        del self.objects[name]

    def names(self, prefix: str, before: str | None = None) -> list[str]:
        return [name for name in self.objects if name.startswith(prefix)]


@dataclass
class AskingTask:
    """One that always has something to ask. `now` is in seconds from the beginning."""

    now: float = 0.0
    answered: int = 0
    refused: int = 0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(time=lambda: self.now, monotonic=lambda: self.now, sleep=self.sleep)


@dataclass(frozen=True)
class QuotaOutcome:
    """`used` and `refused` are shares: of the quota, and of what was asked. `looks` are requests to the records."""

    used: float
    refused: float
    spread: float
    looks: int


def simulate(tasks: int, quota: float, seconds: float, shares: bool) -> QuotaOutcome:
    """A quota of so many requests a second; the first fifth of the time, in which the pace is found, does not count."""
    records = MemoryRecords()
    asking = [AskingTask() for _ in range(tasks)]
    budgets = [
        RateBudget(one.clock, MOST_REQUESTS / tasks, SharedPace(records, lambda: tasks, one.clock) if shares else None)
        for one in asking
    ]
    for number, one in enumerate(asking):
        one.now = number / tasks
    taken: Counter[int] = Counter()
    turns: list[tuple[float, int]] = []

    def queue(number: int) -> None:
        budgets[number].wait()
        heapq.heappush(turns, (asking[number].now, number))

    for number in range(tasks):
        queue(number)
    while turns[0][0] < seconds:
        now, number = heapq.heappop(turns)
        counts = now >= seconds / 5
        if taken[int(now)] < quota:
            taken[int(now)] += 1
            asking[number].answered += counts
        else:
            asking[number].refused += counts
            budgets[number].slow_down()
        queue(number)
    answered, refused = [one.answered for one in asking], sum(one.refused for one in asking)
    return QuotaOutcome(
        used=sum(answered) / (quota * seconds * 4 / 5),
        refused=refused / (sum(answered) + refused),
        spread=max(answered) / max(1, min(answered)),
        looks=records.asked,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quota", type=float, default=100.0, help="requests a second that are answered")
    parser.add_argument("--tasks", type=int, nargs="+", default=[2, 8, 64])
    parser.add_argument("--seconds", type=float, default=300.0)
    given = parser.parse_args()
    report = BenchmarkReport()
    print("| tasks | who slows | of the quota | refused | most to least | requests to the records |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for tasks in given.tasks:
        for shares in (False, True):
            done = simulate(tasks, given.quota, given.seconds, shares)
            who = "all" if shares else "who is refused"
            figures = f"{done.used:.0%} | {done.refused:.1%} | {done.spread:.2f} | {done.looks}"
            print(f"| {tasks} | {who} | {figures} |")
            if shares:
                report.line(f"answers of {tasks} tasks, most to least", done.spread, "<=", SPREAD)
    return report.status


if __name__ == "__main__":
    raise SystemExit(main())
