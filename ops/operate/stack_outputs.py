"""Where a stack's outputs are: the running local cloud's file, or what Pulumi's state says."""

from __future__ import annotations

import sys
from pathlib import Path

from ops.client import pulumi
from ops.client.outputs import LOCAL, OutputsRefused
from ops.local import pointing, state

TOKEN = f"{sys.executable} -m ops token --as {{principal}}"
"""Prints a token of an identity of the local cloud."""


def outputs_file(stack: str) -> Path:
    """A file with the stack's outputs, as they are now. Raises `OpsRefused`."""
    path = state.FOLDER / f"outputs-{stack}.json"
    if stack != "local":
        state.write_private(path, pulumi.outputs(stack))
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
    state.write_private(path, pulumi.outputs(stack, pointing.variables(running, home)))
    return path


def options(stack: str) -> list[str]:
    """Command-line options that hand a stack to the smoke tests, the loader or the drill."""
    tokens = ["--token-command", TOKEN] if stack == "local" else []
    return ["--outputs", str(outputs_file(stack)), *tokens]
