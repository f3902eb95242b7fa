"""What benchmarks share: figures against goals, the best of several runs, the processor time of a fresh process."""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
MIB = 2**20


@dataclass
class BenchmarkReport:
    """Prints a line a figure, and remembers which missed their goals."""

    missed: list[str] = field(default_factory=list[str])

    def line(self, what: str, value: float, relation: str, goal: float, detail: str = "") -> None:
        """A figure against its goal; `relation` is `<=` or `>=`."""
        good = value >= goal if relation == ">=" else value <= goal
        print(
            f"{'ok  ' if good else 'MISS'} {what}: {value:.2f} (goal {relation} {goal:g}) {detail}".rstrip(), flush=True
        )
        if not good:
            self.missed.append(what)

    def note(self, sentence: str) -> None:
        """A figure without a goal."""
        print(f"     {sentence}", flush=True)

    @property
    def status(self) -> int:
        """Exit status: 1 when a figure missed its goal."""
        return 1 if self.missed else 0


def parser(description: str | None, runs: int = 5) -> argparse.ArgumentParser:
    """A benchmark's options, with `--runs`."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument(
        "--runs", type=int, default=runs, help="measurements of each; the best counts (default: %(default)s)"
    )
    return made


def best(measure: Callable[[], float], runs: int) -> float:
    """The smallest of several measurements: what disturbs a run only makes it slower."""
    return min(measure() for _ in range(runs))


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Slope of a line through the logarithms."""
    return statistics.linear_regression([math.log(x) for x in sizes], [math.log(y) for y in values]).slope


def processor_seconds(command: Sequence[str]) -> float:
    """User and system time of `python COMMAND` with its children."""
    before = os.times()
    subprocess.run([sys.executable, *command], check=True, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
