"""The graph of a stack as another commit declares it, by running that commit's program.

The commit's files go to a folder of their own, outside the working tree, and its program runs in a process of its own:
modules of two versions cannot live in one. The tools (engine, control plane, this package) are those of the present;
but who judges a change is the judge of the commit that it left: `verdict_of` runs that one; to it the change is data.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops.review.code_files import files_steps, judges_alike
from ops.review.compare import plan_of
from ops.review.exceptions_applied import judge
from ops.review.graph import ROOT, Graph, declare_graph, from_json, resources_of, set_by
from ops.review.plan import Plan, Unreadable
from policy import exceptions
from policy.check import NO_EXCEPTIONS, check

VERDICT = "verdict"
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
    with tree_of(commit, root) as there:
        known = [stack for stack in stacks if (there / f"Pulumi.{stack}.yaml").is_file()]
        graphs: dict[str, Graph | None] = dict.fromkeys(stacks)
        return graphs | (_graphs(there, known, tools, as_set) if known else {})


def between(commit: str, stack: str, as_set: frozenset[str]) -> Plan:
    """The plan from the program of `commit` to the one here; nothing is assumed for the settings in `as_set`."""
    before = graphs_at(commit, [stack], as_set=as_set)[stack] or Graph(stack=stack, nodes=())
    return with_files(plan_of(before, declare_graph(stack, as_set=as_set)), commit, ROOT)


def permits_since(commit: str, root: Path) -> exceptions.Exceptions:
    """The exceptions of the checkout that `commit` had already."""
    return exceptions.load(root).also_in(exceptions_at(commit, root))


def exceptions_at(commit: str, root: Path) -> exceptions.Exceptions:
    listed = _git(root, "ls-tree", "--name-only", commit, "--", exceptions.FILE).strip()
    return exceptions.parse(_git(root, "show", f"{commit}:{exceptions.FILE}").decode()) if listed else NO_EXCEPTIONS


def with_files(plan: Plan, commit: str, root: Path) -> Plan:
    """The plan and the files that differ from `commit` and that no graph shows; a stack's first plan changes none."""
    steps = () if plan.is_first else files_steps(_git, commit, root, plan.stack)
    return replace(plan, steps=(*plan.steps, *steps))


@contextmanager
def tree_of(commit: str, root: Path = ROOT) -> Generator[Path]:
    """The files of `commit` in a folder of their own, for as long as it is looked at."""
    with tempfile.TemporaryDirectory(prefix="policy-base-") as folder:
        there = Path(folder)
        with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", "--format=tar", commit))) as archive:
            archive.extractall(there, filter="data")
        yield there


def verdict_of(commit: str, stack: str, root: Path = ROOT) -> frozenset[str] | None:
    """What the rules, the gate and the exceptions of `commit` hold against `root` as data, one line each.

    None when there is no other judge: that commit has none that can be asked in this way, or the same as is here.
    """
    if judges_alike(_git, commit, root):
        return None
    with tree_of(commit, root) as tools:
        if not (tools / "ops/review/base.py").is_file() or VERDICT not in (tools / "ops/__main__.py").read_text():
            return None
        command = [sys.executable, "-P", "-m", "ops", VERDICT, "--stack", stack, "--root", str(root), "--base", commit]
        environment = {**os.environ, "PYTHONPATH": str(tools), "PYTHONDONTWRITEBYTECODE": "1"}
        done = _run(command, "the judge of the merge base", cwd=tools, env=environment)
    if done.returncode:
        raise Unreadable(f"the judge of the merge base cannot judge: {_last_words(done)}")
    return frozenset(json.loads(done.stdout))


def verdict(commit: str, stack: str, root: Path) -> list[str]:
    """What this checkout's rules, gate and exceptions hold against the program in `root`, one line each.

    That program runs in a process of its own; here its graph is data.
    """
    nothing, today = Graph(stack=stack, nodes=()), datetime.now(UTC).date()
    former = graphs_at(commit, [stack], root, as_set=None)[stack] or nothing
    as_set = set_by(former.settings) | set_by(_graphs(root, [stack], ROOT, None)[stack].settings)
    before = graphs_at(commit, [stack], root, as_set=as_set)[stack] or nothing
    after = _graphs(root, [stack], ROOT, as_set)[stack]
    permits = exceptions.load(ROOT)
    judged = judge(with_files(plan_of(before, after), commit, root), permits, today)
    report = check(resources_of(after), exceptions=permits, today=today)
    lines = [f"{danger.kind} {danger.urn} {danger.what}" for danger in judged.stopped]
    return sorted([*lines, *(str(against) for against in (*report.violations, *report.open))])


def main(arguments: Sequence[str]) -> int:
    """Prints `verdict` as JSON; 2 with a sentence when the program cannot be run or git cannot be asked."""
    parser = argparse.ArgumentParser(
        prog=f"python -m ops {VERDICT}", description=(verdict.__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--stack", required=True, help="name of the stack")
    parser.add_argument("--root", type=Path, required=True, help="checkout of the change")
    parser.add_argument("--base", required=True, help="commit that the change left")
    options = parser.parse_args(arguments)
    try:
        print(json.dumps(verdict(options.base, options.stack, options.root)))
    except Unreadable as problem:
        print(f"{VERDICT}: {problem}", file=sys.stderr)
        return 2
    return 0


def _last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    return " / ".join(done.stderr.decode(errors="replace").strip().splitlines()[-8:])


def _graphs(folder: Path, stacks: list[str], tools: Path, as_set: frozenset[str] | None) -> dict[str, Graph]:
    # -P: the folder is not searched for modules before the program itself is run, so the tools are the present ones.
    wanted = [part for stack in stacks for part in ("--stack", stack)]
    wanted += ["--settings"] if as_set is None else [part for key in sorted(as_set) for part in ("--as-set", key)]
    command = [sys.executable, "-P", "-m", "ops", "graph", *wanted, "--root", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(tools), "PYTHONDONTWRITEBYTECODE": "1"}
    done = _run(command, "the program of the base", cwd=folder, env=environment)
    if done.returncode:
        raise Unreadable(f"the program in {folder.name} cannot be run: {_last_words(done)}")
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
