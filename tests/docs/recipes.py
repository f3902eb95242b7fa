"""The recipes of docs/how-to-change.md as a test reads them: blocks that are put into files, and commands."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to-change.md"
BLOCK = re.compile(r"^(?P<indent> *)```(?P<opening>[^\n]+)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r'^\w+ file=(?P<file>\S+) (?:(?P<new>new)|(?P<how>before|after|replace)="(?P<line>.*)")$')


@dataclass(frozen=True)
class Step:
    """A block: what is put where, or commands."""

    opening: str
    body: str
    text: str
    """What the recipe says before the block."""


def recipes(page: str) -> dict[str, list[Step]]:
    """Heading → its blocks, in order."""
    return {
        heading: list(_steps(section))
        for heading, _, section in (part.partition("\n") for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:])
    }


def _steps(section: str) -> Iterator[Step]:
    for block in BLOCK.finditer(section):
        yield Step(block["opening"], _without(block["indent"], block["body"]), section[: block.start()])


def _without(indent: str, body: str) -> str:
    return re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)


def scratch_copy(into: Path) -> Path:
    """The checkout as it is, with what is not committed, and its environment."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)
    (into / ".venv").symlink_to((ROOT / ".venv").resolve())
    return into


def follow(step: Step, checkout: Path) -> None:
    """Do what the block says. Raises AssertionError when the file has no such line, or a command fails."""
    if step.opening == "sh":
        for command in step.body.splitlines():
            run(command, checkout)
        return
    place = PLACE.match(step.opening)
    assert place, f"the block says neither sh nor where it goes: {step.opening}"
    assert f"`{place['file']}`" in step.text, f"the text before the block does not name {place['file']}"
    path = checkout / place["file"]
    if place["new"]:
        assert not path.exists(), f"{place['file']} is there already"
        path.write_text(step.body, encoding="utf-8")
    else:
        path.write_text(changed(path, place["how"], place["line"], step.body), encoding="utf-8")


def changed(path: Path, how: str, wanted: str, body: str) -> str:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    places = [number for number, line in enumerate(lines) if wanted in line]
    assert len(places) == 1, f"{path.name} has {len(places)} lines with {wanted!r}, the recipe needs one"
    first = places[0] + (how == "after")
    return "".join([*lines[:first], body, *lines[places[0] + (how != "before") :]])


def run(command: str, checkout: Path) -> None:
    ran = subprocess.run(["bash", "-c", command], cwd=checkout, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, f"{command}\n{ran.stdout[-4000:]}\n{ran.stderr[-4000:]}"
