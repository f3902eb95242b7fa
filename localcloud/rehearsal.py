"""Run the program without making anything, and ask the policy about what it would declare.

The program checks its settings before it declares the first resource; then everything it declares is judged at once.
So a bad setting or a broken rule stops a deployment before anything listens and before the first request.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pulumi

from localcloud.declared import declared
from localcloud.engine import (
    ConfigProblem,
    Declared,
    Deployment,
    DeploymentFailed,
    Refused,
    StackConfig,
    foretell,
    load_config,
    program_of,
    run,
)
from localcloud.engine.rest import named
from policy.check import Report, check
from policy.exceptions import load
from policy.rules import RULES


class PolicyBroken(Exception):
    """What is declared breaks rules, or cannot be judged before it is made."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


class Rehearsing:
    """A provider that makes nothing and tells what it would have made."""

    def check(self, declared: Declared) -> dict[str, Any]:
        return named(declared)

    def create(self, declared: Declared) -> tuple[str, dict[str, Any]]:
        raise Refused(f"{declared.name} is not made in a rehearsal")

    def adopt(self, declared: Declared, id_: str, ignored: Collection[str]) -> tuple[str, dict[str, Any]]:
        raise Refused(f"{id_} is not looked at in a rehearsal")

    def invoke(self, token: str, args: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        raise Refused(f"{token} is not called in a rehearsal: nothing is asked before the policy has judged")


def rehearse(program: Callable[[], Any], loaded: StackConfig, stack: str) -> Deployment:
    """What the program declares. Raises what it raises about its settings (`pulumi.RunError`); sends no request."""
    return run(
        program,
        Rehearsing(),
        project=loaded.project_name,
        stack=stack,
        config=loaded.config,
        secret_keys=loaded.secret_keys,
        preview=True,
        foretell=foretell,
    )


def judge(program: Callable[[], Any], loaded: StackConfig, stack: str, *, root: Path, today: date) -> Report:
    """The policy's report with its warnings. Raises `PolicyBroken` when a rule is broken or cannot be decided."""
    report = check(declared(rehearse(program, loaded, stack)), exceptions=load(root), today=today)
    if report.violations or report.open:
        raise PolicyBroken(report)
    return report


def today() -> date:
    return datetime.now(UTC).date()


def main(stack: str) -> int:
    """Say what the policy has against a stack as it is in this folder; 0 when it has nothing."""
    root = Path()
    try:
        report = judge(program_of(root), load_config(root, stack), stack, root=root, today=today())
    except (ConfigProblem, DeploymentFailed, PolicyBroken, pulumi.RunError) as error:
        print(f"localcloud: {error}", file=sys.stderr)
        return 1
    print(f"Stack {stack} keeps all {len(RULES)} rules.")
    for warning in report.warnings:
        print(f"  it should also: {warning}")
    return 0
