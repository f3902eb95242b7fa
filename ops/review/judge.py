"""Ask the policy about everything that a stack would declare, before anything listens and before the first request.

    python -m ops judge --stack STACK

The program checks its settings before it declares the first resource; then everything it declares is judged at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pulumi

from engine import UNKNOWN, ConfigProblem, Deployment, DeploymentFailed, Node, StackConfig, load_config, program_of
from engine.rehearsal import rehearse
from policy import resource
from policy.check import Report, check
from policy.exceptions import load
from policy.resource import Resource, display_type
from policy.rules import RULES

PROVIDER = "pulumi:providers:gcp"


class PolicyBroken(Exception):
    """What is declared breaks rules, or cannot be judged before it is made."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


def judge(program: Callable[[], Any], loaded: StackConfig, stack: str, *, root: Path, today: date) -> Report:
    """The policy's report with its warnings. Raises `PolicyBroken` when a rule is broken or cannot be decided."""
    report = check(
        declared_resources(rehearse(program, loaded, stack), loaded.config), exceptions=load(root), today=today
    )
    if report.violations or report.open:
        raise PolicyBroken(report)
    return report


def declared_resources(deployment: Deployment, config: Mapping[str, str] | None = None) -> list[Resource]:
    """Every resource but the stack itself, in the order of registration.

    With the stack's `config`, first the default provider that the engine makes of its `gcp:` keys.
    """
    default = (
        [Resource(f"urn:pulumi:{PROVIDER}::default", PROVIDER, "default", provider_settings(config))] if config else []
    )
    return default + [
        Resource(node.urn, describe_node(node), node.name, translate(node.inputs), node.protect, node.parent)
        for node in deployment.resources.values()
        if node.parent
    ]


def describe_node(node: Node) -> str:
    """The type; a component that a provider makes elsewhere (`remote`) is no group of ours."""
    return display_type(node.type, node.custom or "remote" in node.options)


def provider_settings(config: Mapping[str, str]) -> dict[str, Any]:
    """What the stack's file tells the provider."""
    return {key.removeprefix("gcp:"): value for key, value in config.items() if key.startswith("gcp:")}


def translate(value: Any) -> Any:
    """The value with the engine's mark of what is unknown replaced by the policy's."""
    if isinstance(value, dict):
        return {key: translate(item) for key, item in value.items()}
    if isinstance(value, list):
        return [translate(item) for item in value]
    return resource.UNKNOWN if value is UNKNOWN else value


def today() -> date:
    return datetime.now(UTC).date()


def main(arguments: list[str]) -> int:
    """Say what the policy has against a stack as it is in this folder; 0 when it has nothing."""
    parser = argparse.ArgumentParser(prog="python -m ops judge", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stack", default="local", help="name of the stack (default: %(default)s)")
    stack, root = parser.parse_args(arguments).stack, Path()
    try:
        report = judge(program_of(root), load_config(root, stack), stack, root=root, today=today())
    except (ConfigProblem, DeploymentFailed, PolicyBroken, pulumi.RunError) as error:
        print(f"judge: {error}", file=sys.stderr)
        return 1
    print(f"Stack {stack} keeps all {len(RULES)} rules.")
    for warning in report.warnings:
        print(f"  it should also: {warning}")
    return 0
