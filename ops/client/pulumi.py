"""Call the Pulumi CLI, or say in one line how to get it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping

from ops.client.refusal import OpsRefused

HOW = "the Pulumi CLI is not on PATH; install it (https://www.pulumi.com/docs/install/), then run this again"


class PulumiRefused(OpsRefused):
    """There is no CLI, or it ended with an error."""


def find() -> str:
    """Path of the CLI. Raises `PulumiRefused` when there is none."""
    path = shutil.which("pulumi")
    if path is None:
        raise PulumiRefused(HOW)
    return path


def outputs(stack: str, environment: Mapping[str, str]) -> str:
    """The stack's outputs as JSON text. Raises `PulumiRefused`."""
    command = [find(), "stack", "output", "--json", "--stack", stack]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        reason = done.stderr.strip() or f"deploy it first: make deploy STACK={stack}"
        raise PulumiRefused(f"no outputs of stack {stack}: {reason}")
    return done.stdout
