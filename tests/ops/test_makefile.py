"""The Makefile: what a newcomer types, and what it asks back."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.__main__ import ALL

ROOT = Path(__file__).resolve().parents[2]


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """`make`, as a person types it: this test itself may be run by one."""
    of_a_make = ("STACK", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    environment = {key: value for key, value in os.environ.items() if key not in of_a_make}
    return subprocess.run(["make", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("goal", ["doctor", "bootstrap", "preview", "deploy", "recover", "rollback"])
def test_what_asks_google_takes_no_stack_for_granted(goal: str) -> None:
    refused = make("--dry-run", goal)
    assert (refused.returncode, f"say which stack: make {goal} STACK=dev" in refused.stderr) == (2, True)

    named = make("--dry-run", goal, "STACK=local")
    assert (named.returncode, "--stack local" in named.stdout) == (0, True), named.stderr


@pytest.mark.parametrize(("goal", "missing"), [("load", "FROM"), ("drill", "BUCKET")])
def test_what_is_missing_is_asked_for(goal: str, missing: str) -> None:
    refused = make("--dry-run", goal)
    assert (refused.returncode, f"make {goal} {missing}=" in refused.stderr) == (2, True)


def test_every_goal_is_in_the_help() -> None:
    phony = [goal for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:")
             for goal in line.split()[1:]]  # fmt: skip
    listed = [line.split()[1] for line in make("help").stdout.splitlines()]
    assert sorted(listed) == sorted(phony)


def test_every_benchmark_that_is_run_is_explained() -> None:
    page = (ROOT / "benchmarks/README.md").read_text()
    assert {name for name in ALL if f"`{name}`:" not in page and f"`python -m benchmarks.{name}`" not in page} == set()
