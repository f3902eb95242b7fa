"""Call the Pulumi CLI, or say in one line how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

HOW = "the Pulumi CLI is not on PATH; install it (https://www.pulumi.com/docs/install/), then run this again"


def find() -> str:
    """Path of the CLI; ends the program with one sentence when there is none."""
    path = shutil.which("pulumi")
    if path is None:
        sys.exit(f"pulumi: {HOW}")
    return path


def outputs(stack: str) -> str:
    """The stack's outputs as JSON text."""
    command = [find(), "stack", "output", "--json", "--stack", stack]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip() or f"deploy it first: make deploy STACK={stack}"
        sys.exit(f"pulumi: no outputs of stack {stack}: {reason}")
    return done.stdout


if __name__ == "__main__":
    os.execv(find(), ["pulumi", *sys.argv[1:]])
