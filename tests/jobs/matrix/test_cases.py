"""What `cases.md` names exists: rows of the matrix, and tests."""

from __future__ import annotations

import re
from pathlib import Path

from tests.jobs.matrix.whole import SLIDES

HERE = Path(__file__).parent
TESTS = HERE.parents[1]


def test_every_case_names_rows_and_tests_that_are_there() -> None:
    table = [line.split("|") for line in (HERE / "cases.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    cases = {(cells[1].strip(), cells[2].strip()): re.findall(r"`(\w+)`", cells[4]) for cells in table[2:]}
    assert len(cases) >= 33
    assert [case for case, named in cases.items() if not named] == []
    sources = [path.read_text("utf-8") for path in TESTS.rglob("test_*.py")]
    functions = {name for source in sources for name in re.findall(r"^def (test_\w+)", source, re.MULTILINE)}
    gone = {name for named in cases.values() for name in named} - functions - SLIDES.keys()
    assert gone == set()
