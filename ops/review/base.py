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
from typing import Any

from ops.review.compare import plan_of
from ops.review.graph import ROOT, Graph, declared, from_json
from ops.review.plan import Plan, Unreadable

LONGEST = 300
"""Seconds that a program or git may take: far more than either does, so that nothing hangs for good."""


def merge_base(base: str, root: Path = ROOT) -> str:
    """The commit at which this branch left `base`; of a branch that only the remote has, its copy of it."""
    there = next((name for name in (base, f"origin/{base}") if _knows(root, name)), None)
    if there is None:
        raise Unreadable(f"git knows no {base} here, nor origin/{base}: fetch it with {_fetching(base)}")
    try:
        return _git(root, "merge-base", there, "HEAD").decode().strip()
    except Unreadable:
        raise Unreadable(
            f"{there} and HEAD have no commit in common that git knows of here: if this is a shallow clone, run "
            "git fetch --unshallow"
        ) from None


def describe(base: str, root: Path = ROOT) -> str:
    """What is compared with what, in words with names in backticks, for whoever reads it later."""
    commit, since = (
        _git(root, "rev-parse", "--short=10", name).decode().strip() for name in ("HEAD", merge_base(base, root))
    )
    dirty = _git(root, "status", "--porcelain", "--untracked-files=no").strip()
    return f"`{commit}`{' and changes that are not committed' * bool(dirty)}, against `{since}`, where it left `{base}`"


def _knows(root: Path, name: str) -> bool:
    try:
        return bool(_git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"))
    except Unreadable:
        return False


def _fetching(base: str) -> str:
    name = base.removeprefix("origin/")
    return f"git fetch origin {name}:refs/remotes/origin/{name}"


def graphs_at(
    commit: str,
    stacks: list[str],
    root: Path = ROOT,
    *,
    tools: Path = ROOT,
    as_set: frozenset[str] | None = frozenset(),
) -> dict[str, Graph | None]:
    """What the program of `commit` declares for each stack; None for a stack that it does not have.

    Nothing is assumed for the settings in `as_set`. With None the program is not run: the graphs have settings alone.
    """
    with tempfile.TemporaryDirectory(prefix="policy-base-") as folder:
        there = Path(folder)
        with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", "--format=tar", commit))) as archive:
            archive.extractall(there, filter="data")
        known = [stack for stack in stacks if (there / f"Pulumi.{stack}.yaml").is_file()]
        found: dict[str, Graph | None] = dict.fromkeys(stacks)
        return found | (_graphs(there, known, tools, as_set) if known else {})


def between(commit: str, stack: str, as_set: frozenset[str]) -> Plan:
    """The plan from the program of `commit` to the one here; nothing is assumed for the settings in `as_set`."""
    before = graphs_at(commit, [stack], as_set=as_set)[stack] or Graph(stack=stack, nodes=())
    return plan_of(before, declared(stack, as_set=as_set))


def _graphs(folder: Path, stacks: list[str], tools: Path, as_set: frozenset[str] | None) -> dict[str, Graph]:
    # -P: the folder is not searched for modules before the program itself is run, so the tools are the present ones.
    wanted = [part for stack in stacks for part in ("--stack", stack)]
    wanted += ["--settings"] if as_set is None else [part for key in sorted(as_set) for part in ("--as-set", key)]
    command = [sys.executable, "-P", "-m", "ops", "graph", *wanted, "--root", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(tools), "PYTHONDONTWRITEBYTECODE": "1"}
    done = _run(command, "the program of the base", cwd=folder, env=environment)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-8:]
        raise Unreadable(f"the program of the base cannot be run: {' / '.join(said)}")
    graphs = [from_json(json.loads(line)) for line in done.stdout.splitlines()]
    return {graph.stack: graph for graph in graphs}


def _git(root: Path, *arguments: str) -> bytes:
    done = _run(["git", "-C", str(root), *arguments], f"git {arguments[0]}")
    if done.returncode:
        raise Unreadable(f"git {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _run(command: list[str], what: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, capture_output=True, timeout=LONGEST, **options)  # noqa: S603
    except FileNotFoundError as missing:
        raise Unreadable(f"{what} cannot be run: {missing}; this compares with the history of a git checkout") from None
    except subprocess.TimeoutExpired:
        raise Unreadable(f"{what} did not end within {LONGEST} seconds; run again, and alone") from None
