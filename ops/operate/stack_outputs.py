"""What the commands that run against a stack are handed: its outputs, its tokens, the smoke tests' profile.

Outputs are in the running local cloud's file, or what Pulumi's state says.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ops.client import pulumi
from ops.client.outputs import LOCAL, OutputsRefused
from ops.deliver.stack import load
from ops.local import pointing, state

TOKEN = f"{sys.executable} -m ops token --as {{principal}}"
"""Prints a token of an identity of the local cloud."""


def outputs_file(stack: str) -> Path:
    """A file with the stack's outputs, as they are now. Raises `OpsRefused`."""
    path = state.FOLDER / f"outputs-{stack}.json"
    if stack != "local":
        state.write_private(path, pulumi.outputs(stack, load(stack).pulumi_environment))
        return path
    try:
        running = state.load()
    except state.NotRunning as error:
        raise OutputsRefused(f"stack local: {error}") from None
    if LOCAL.exists():
        return LOCAL
    # Nobody deployed it in process: then the engine may have, with the environment of `python -m ops env`.
    home = (state.FOLDER / "pulumi").resolve()
    if not home.is_dir():
        raise OutputsRefused(
            "stack local: the local cloud runs, and nothing was deployed to it: start it with make up, or deploy with "
            'the Pulumi CLI: eval "$(.venv/bin/python -m ops env)" && pulumi up -s local'
        )
    state.write_private(path, pulumi.outputs(stack, {**os.environ, **pointing.variables(running, home)}))
    return path


def options(stack: str) -> list[str]:
    """Command-line options that hand a stack to the smoke tests, the loader or the drill."""
    return ["--outputs", str(outputs_file(stack)), *token_options(is_local=stack == "local")]


def token_options(*, is_local: bool) -> tuple[str, ...]:
    """At Google the smoke tests take on their identities by themselves; on this machine nobody can be impersonated."""
    return ("--token-command", TOKEN) if is_local else ()


def token_command(stack: str) -> str | None:
    """For those who read as somebody: on the local cloud its tokens, else one's own credentials."""
    return TOKEN if stack == "local" else None


def owner_of(project: str) -> str:
    """The account that may do everything in a project of the local cloud."""
    return f"owner@{project}.iam.gserviceaccount.com"


def profile(environment: str) -> str:
    """The smoke suite's profile; in production only what is read: nothing is ever stored where people's images are."""
    return "readonly" if environment == "prod" else "full"
