"""Pulumi's commands, as far as the runbook uses them: what the CLI takes, with settings that the program knows."""

from __future__ import annotations

import shlex

import yaml

from tests.docs.page import RUNBOOK

ROOT = RUNBOOK.parents[1]


def check(command: list[str]) -> None:
    """Fails for a command, stack or setting that does not exist."""
    match command:
        case ["pulumi", "preview" | "up", "-s", stack] | ["pulumi", "preview" | "up", "-s", stack, "--refresh"]:
            pass
        case ["pulumi", "config", "set", "-s", stack, key, _]:
            known = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
            assert key.startswith("dicom-platform:"), key
            assert key.partition(":")[2] in {name.partition(":")[2] or name for name in known}, key
        case _:
            raise AssertionError(f"pulumi takes no {shlex.join(command[1:])}")
    assert (ROOT / f"Pulumi.{stack}.yaml").exists(), stack
