"""CPU time of the rules over the whole graph, of the gate, and what judging adds to a deployment.

The rules: all of them over every resource of prod, against a limit of 5 ms. The gate: a fresh process that reads the
local stack's plan, against a limit of a second. Judging, against a peer in the same run: `up` runs the program once
without making anything. The peer is that run stopped at the settings, which `up` did before there was a policy; what
the policy adds is set against a whole in-process deployment.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.harness import REPOSITORY, BenchmarkReport, best, parser, processor_seconds

RULES_GOAL, GATE_GOAL, ADDED_GOAL = 5.0, 1.0, 0.10
"""Milliseconds; seconds; part of a deployment."""


def cpu(work: Callable[[], object], runs: int, times: int = 1) -> float:
    """Seconds of the best of `runs` measurements of `times` repetitions, for one."""

    def measure() -> float:
        start = time.process_time()
        for _ in range(times):
            work()
        return (time.process_time() - start) / times

    return best(measure, runs)


class SettingsOnly:
    """A provider that declines everything: the program has then read its settings, and no more."""

    def decline(self, *_: object) -> Any:
        from engine import Refused

        raise Refused("only the settings are read")

    check = create = invoke = decline


def settings_only(stack: str, overrides: Mapping[str, Any]) -> None:
    import contextlib

    from engine import DeploymentFailed, load_config, program_of, run

    loaded = load_config(REPOSITORY, stack, overrides)
    with contextlib.suppress(DeploymentFailed):
        run(
            program_of(REPOSITORY),
            SettingsOnly(),
            project=loaded.project_name,
            stack=stack,
            config=loaded.config,
            preview=True,
        )


def gate(runs: int) -> float:
    """CPU seconds of `python -m ops gate PLAN.json`, its start included; the best of `runs`."""
    command = ["-m", "ops", "gate"]
    with tempfile.TemporaryDirectory() as folder:
        plan = str(Path(folder) / "plan.json")
        processor_seconds([*command, "--base", "HEAD", "--stack", "local", "--plan-out", plan])
        return best(lambda: processor_seconds([*command, plan]), runs)


def main() -> int:
    options = parser(__doc__).parse_args()
    report = BenchmarkReport()

    from benchmarks.deploy import deploy, serve
    from engine import load_config, program_of
    from ops.local.up import JOB_IMAGE, SOME_DIGEST
    from ops.review.judge import judge, today
    from policy.check import check
    from policy.rules import RULES
    from tests.infra import stacks

    prod = stacks.prod().declared
    rules = cpu(lambda: check(prod), options.runs, 20) * 1000
    report.line(f"{len(RULES)} rules over {len(prod)} resources of prod, ms CPU", rules, "<=", RULES_GOAL)
    report.line("the gate on the local stack's plan, s CPU", gate(options.runs), "<=", GATE_GOAL)
    image = {JOB_IMAGE: SOME_DIGEST}

    def judging() -> None:
        judge(program_of(REPOSITORY), load_config(REPOSITORY, "local", image), "local", root=REPOSITORY, today=today())

    with serve() as parts:
        deploy(parts)  # warm: modules and discovery documents are loaded once, whoever needs them first
    judged = cpu(judging, options.runs)
    before = cpu(lambda: settings_only("local", image), options.runs)
    deployed = float("inf")
    for _ in range(options.runs):
        with serve() as parts:
            deployed = min(deployed, cpu(lambda parts=parts: deploy(parts), 1))
    added = (judged - before) / (before + deployed)
    report.note(
        f"judging {judged:.3f} s CPU, its settings alone {before:.3f}; deploying {deployed:.3f}, without imports"
    )
    report.line("part of a deployment that the policy adds", added, "<=", ADDED_GOAL)
    return report.status


if __name__ == "__main__":
    sys.exit(main())
