"""The graph of a stack as another commit declares it, by running that commit's program.

The commit's files go to a folder of their own, outside the working tree, and its program runs in a process of its own:
modules of two versions cannot live in one. The tools (engine, control plane, this package) are those of the present.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from review.graph import ROOT, Graph, from_json
from review.plan import Unreadable

MINUTE = 60


def merge_base(base: str, root: Path = ROOT) -> str:
    """The commit at which this branch left `base`."""
    return _git(root, "merge-base", base, "HEAD").decode().strip()


def graphs_at(commit: str, stacks: list[str], root: Path = ROOT, *, tools: Path = ROOT) -> dict[str, Graph | None]:
    """What the program of `commit` declares for each stack; None for a stack that it does not have."""
    with tempfile.TemporaryDirectory(prefix="policy-base-") as folder:
        there = Path(folder)
        with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", "--format=tar", commit))) as archive:
            archive.extractall(there, filter="data")
        known = [stack for stack in stacks if (there / f"Pulumi.{stack}.yaml").is_file()]
        found: dict[str, Graph | None] = dict.fromkeys(stacks)
        return found | (_graphs(there, known, tools) if known else {})


def _graphs(folder: Path, stacks: list[str], tools: Path) -> dict[str, Graph]:
    # -P: the folder is not searched for modules before the program itself is run, so the tools are the present ones.
    wanted = [part for stack in stacks for part in ("--stack", stack)]
    command = [sys.executable, "-P", "-m", "review", "graph", *wanted, "--root", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(tools), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=MINUTE)  # noqa: S603
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-8:]
        raise Unreadable(f"the program of the base cannot be run: {' / '.join(said)}")
    graphs = [from_json(json.loads(line)) for line in done.stdout.splitlines()]
    return {graph.stack: graph for graph in graphs}


def _git(root: Path, *arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, timeout=MINUTE)  # noqa: S603, S607
    if done.returncode:
        raise Unreadable(f"git {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
