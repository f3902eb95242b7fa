"""Run one of our commands against a deployed stack: `python ops/on_stack.py STACK MODULE [ARGUMENT ...]`.

It finds the stack's outputs (the running local cloud's file, or `pulumi stack output`) and hands them over.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ops import pulumi_cli
from ops.local import state


def outputs_of(stack: str) -> Path:
    if stack != "local":
        path = state.FOLDER / f"outputs-{stack}.json"
        state.write_private(path, pulumi_cli.outputs(stack))
        return path
    try:
        state.load()
    except state.NotRunning as error:
        sys.exit(f"stack local: {error}")
    path = state.FOLDER / "outputs.json"
    if not path.exists():
        sys.exit("stack local: the local cloud runs but nothing was deployed by it; start it with: make up")
    return path


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(f"usage: {str(__doc__).splitlines()[0].partition('`')[2].rstrip('`.')}")
    stack, module, *arguments = sys.argv[1:]
    command = [sys.executable, "-m", module, *arguments, "--outputs", str(outputs_of(stack))]
    if stack == "local":
        command += ["--token-command", f"{sys.executable} -m ops token --as {{principal}}"]
    os.execv(sys.executable, command)
