"""Which files differ between a commit and a checkout of which no graph shows what they do: the code that runs.

Owns: asking Git, and the reviewed lists of files that nobody has to look at (`policy/harmless.yaml`): prose and tests,
and those whose whole effect is what is declared, which the graph shows. All others are on the gate's list: a step of a
delivery, a workflow, a locked package, the judge itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ops.review.compare import beside_step
from ops.review.differences import HARMLESS
from ops.review.plan import FILES, Step

Git = Callable[..., bytes]
"""Runs Git in a folder: `git(root, "diff", …)`."""
AT_ONCE = 500
"""Paths in one command line."""


def files_steps(git: Git, commit: str, root: Path, stack: str) -> list[Step]:
    """A step for each folder in which something differs that the gate has to show."""
    before: dict[str, dict[str, str]] = {}
    after: dict[str, dict[str, str]] = {}
    for path, (old, new) in differing(git, commit, root).items():
        if not is_harmless_file(path):
            folder = path.partition("/")[0] if "/" in path else "."
            before.setdefault(folder, {}).update({path: old} if old else {})
            after.setdefault(folder, {}).update({path: new} if new else {})
    return [
        step
        for folder in sorted(before.keys() | after.keys())
        for step in beside_step(stack, FILES, folder, before.get(folder, {}), after.get(folder, {}))
    ]


def differing(git: Git, commit: str, root: Path) -> Mapping[str, tuple[str, str]]:
    """Path → mode and hash in the commit, and in the checkout as it is; empty where there is no such file.

    What is not committed counts, and files that Git does not know yet: Python imports them all the same.
    """
    differing_files: dict[str, tuple[str, str]] = {}
    records = git(root, "diff-index", "-z", "--no-renames", "--full-index", commit, "--").decode().split("\0")[:-1]
    unknown = git(root, "ls-files", "-z", "--others", "--exclude-standard").decode().split("\0")[:-1]
    hashes = _hashes(git, root, [*records[1::2], *unknown])
    for about, path in zip(records[::2], records[1::2], strict=True):
        old_mode, new_mode, old, _, status = about.lstrip(":").split(" ")
        differing_files[path] = ("" if status == "A" else f"{old_mode} {old}", _here(root, path, new_mode, hashes))
    for path in unknown:
        differing_files[path] = ("", _here(root, path, "untracked", hashes))
    return {path: pair for path, pair in differing_files.items() if pair[0] != pair[1]}


def _hashes(git: Git, root: Path, paths: Sequence[str]) -> Mapping[str, str]:
    """Path → hash of what is in the checkout, of those that are regular files."""
    files = [path for path in paths if (root / path).is_file() and not (root / path).is_symlink()]
    hashes: dict[str, str] = {}
    for start in range(0, len(files), AT_ONCE):
        asked = files[start : start + AT_ONCE]
        answers = git(root, "hash-object", "--no-filters", "--", *asked).decode().split()
        hashes.update(zip(asked, answers, strict=True))
    return hashes


def _here(root: Path, path: str, mode: str, hashes: Mapping[str, str]) -> str:
    file = root / path
    if file.is_symlink():
        return f"{mode} {file.readlink()}"
    return f"{mode} {hashes[path]}" if path in hashes else ""


def is_harmless_file(path: str) -> bool:
    """Prose, tests, or what the graph shows."""
    return any(_pattern(glob).fullmatch(path) for globs in _lists().values() for glob in globs)


def judges_alike(git: Git, commit: str, root: Path) -> bool:
    """Whether nothing differs that a judge is made of: then the one of the commit and the one here are the same."""
    apart = [*_lists()["prose and tests"], "Pulumi.*.yaml"]
    return all(any(_pattern(glob).fullmatch(path) for glob in apart) for path in differing(git, commit, root))


@cache
def _lists() -> Mapping[str, Any]:
    return yaml.safe_load(HARMLESS.read_text(encoding="utf-8"))["files"]


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    """`*` stops at a slash, `**` does not."""
    parts = (re.escape(part).replace(r"\*", "[^/]*") for part in glob.split("**"))
    return re.compile(".*".join(parts), re.DOTALL)
