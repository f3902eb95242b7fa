"""A class is found by its name: each is defined once in the product's code, but for a few that say why."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST = 5
TWICE = {
    "Grant": "a component takes grants as arguments, the review reads them out of a graph",
    "Row": "of the table of resource types, and of the answer to a search: each is its room's own word",
    "Stack": "the policy sees a stack as its resources, a delivery as its files; neither may import the other",
    "Unknown": "the engine's mark of an unknown value, and the policy's, which imports nothing of ours",
    "Violation": "of Google's schema, and of a rule; the local cloud and the policy know nothing of each other",
}


def defined(root: Path = ROOT) -> dict[str, list[str]]:
    """Name of a class → the files of product code that define one so called."""
    listed = subprocess.run(["git", "ls-files", "-z", "*.py"], cwd=root, check=True, capture_output=True, text=True)
    found: dict[str, list[str]] = {}
    for name in filter(None, listed.stdout.split("\0")):
        if name.startswith("tests/") or not (root / name).is_file():
            continue
        for node in ast.walk(ast.parse((root / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(name)
    return found


def test_a_class_has_a_name_of_its_own() -> None:
    twice = {name: files for name, files in defined().items() if len(files) > 1 and name not in TWICE}

    assert twice == {}, "rename it to say what it is"


def test_an_exception_that_is_over_is_taken_out() -> None:
    assert [name for name in TWICE if len(defined().get(name, [])) < 2] == []
    assert len(TWICE) <= MOST
