"""CPU time of the rules over the whole graph, of the gate, and what judging adds to a deployment.

The rules: all of them over every resource of prod, against a limit of 5 ms. The gate: a fresh process that reads the
local stack's plan, against a limit of a second. Judging, against a peer in the same run: `up` runs the program once
without making anything. The peer is that run stopped at the settings, which `up` did before there was a policy; what
the policy adds is set against a whole in-process deployment.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RULES_GOAL, GATE_GOAL, ADDED_GOAL = 5.0, 1.0, 0.10
"""Milliseconds; seconds; part of a deployment."""


def cpu(work: Callable[[], object], runs: int, times: int = 1) -> float:
    """Seconds of the best of `runs` measurements of `times` repetitions, for one."""
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - start) / times)
    return best


class SettingsOnly:
    """A provider that declines everything: the program has then read its settings, and no more."""

    def decline(self, *_: object) -> Any:
        from engine import Refused

        raise Refused("only the settings are read")

    check = create = invoke = decline


def settings_only(stack: str, overrides: Mapping[str, Any]) -> None:
    import contextlib

    from engine import DeploymentFailed, load_config, program_of, run

    loaded = load_config(ROOT, stack, overrides)
    with contextlib.suppress(DeploymentFailed):
        run(
            program_of(ROOT),
            SettingsOnly(),
            project=loaded.project_name,
            stack=stack,
            config=loaded.config,
            preview=True,
        )


def gate(runs: int) -> float:
    """CPU seconds of `python -m ops gate PLAN.json`, its start included; the best of `runs`."""
    command = [sys.executable, "-m", "ops", "gate"]
    with tempfile.TemporaryDirectory() as folder:
        plan = str(Path(folder) / "plan.json")
        making = [*command, "--base", "HEAD", "--stack", "local", "--plan-out", plan]
        subprocess.run(making, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        best = float("inf")
        for _ in range(runs):
            before = os.times()
            subprocess.run([*command, plan], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            after = os.times()
            took = after.children_user + after.children_system - before.children_user - before.children_system
            best = min(best, took)
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="measurements of each; the best counts (default: 5)")
    options = parser.parse_args()

    from benchmarks.deploy import deploy, served
    from engine import load_config, program_of
    from ops.local.up import JOB_IMAGE, SOME_DIGEST
    from ops.review.judge import judge, today
    from policy.check import check
    from policy.rules import RULES
    from tests.infra import stacks

    prod = stacks.prod().declared
    rules = cpu(lambda: check(prod), options.runs, 20) * 1000
    print(f"{len(RULES)} rules over {len(prod)} resources of prod: {rules:.2f} ms CPU (goal: at most {RULES_GOAL:.0f})")

    gated = gate(options.runs)
    print(f"the gate on the local stack's plan: {gated:.2f} s CPU (goal: at most {GATE_GOAL:.0f})")
    image = {JOB_IMAGE: SOME_DIGEST}

    def judging() -> None:
        judge(program_of(ROOT), load_config(ROOT, "local", image), "local", root=ROOT, today=today())

    with served() as parts:
        deploy(parts)  # warm: modules and discovery documents are loaded once, whoever needs them first
    judged = cpu(judging, options.runs)
    before = cpu(lambda: settings_only("local", image), options.runs)
    deployed = float("inf")
    for _ in range(options.runs):
        with served() as parts:
            deployed = min(deployed, cpu(lambda parts=parts: deploy(parts), 1))
    added = (judged - before) / (before + deployed)
    print(
        f"judging the local stack: {judged:.3f} s CPU, of which its settings alone {before:.3f}; deploying it: "
        f"{deployed:.3f} (imports not counted)"
    )
    print(f"the policy adds {added:.1%} (goal: at most {ADDED_GOAL:.0%})")
    return 0 if rules <= RULES_GOAL and gated <= GATE_GOAL and added <= ADDED_GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
