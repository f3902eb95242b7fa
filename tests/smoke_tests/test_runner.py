"""The runner's own refusals: a run that checked too little is never a success."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from smoke_tests import runner
from smoke_tests.results import SuiteOutcome
from smoke_tests.target import target_of_url

TARGET = target_of_url("http://127.0.0.1:9/dicomWeb", [])


def run() -> SuiteOutcome:
    return runner.run(TARGET, lambda who: "", profile="quick")


Write = Callable[[str], object]


@pytest.fixture
def second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Two checks in place of the real ones: a sound one, and one that the test writes."""
    (tmp_path / "pytest.ini").write_text((runner.CHECKS / "pytest.ini").read_text())
    monkeypatch.setattr(runner, "CHECKS", tmp_path)
    monkeypatch.setitem(runner.EXPECTED, "quick", (1, 2))
    (tmp_path / "check_01_one.py").write_text("def check_one(): pass\n")
    # Modules are remembered by name for as long as the process lives.
    return (tmp_path / f"check_02_{uuid.uuid4().hex}.py").write_text


def test_a_check_that_is_gone_is_no_success(second: Write) -> None:
    outcome = run()

    assert (outcome.exit_code, outcome.problem) == (2, "nothing was checked for 2 of profile quick")


def test_a_check_that_cannot_be_loaded_is_no_success(second: Write) -> None:
    second("import nothing_of_this_name\n")

    outcome = run()

    assert outcome.exit_code == 2
    assert "a check could not be loaded" in outcome.problem
    assert "nothing_of_this_name" in outcome.problem


def test_a_check_file_without_checks_is_no_success(second: Write) -> None:
    second("def tset_two(): pass\n")

    assert run().problem == "nothing was checked for 2 of profile quick"


def test_an_unknown_capability_fails_its_check_instead_of_skipping_it(second: Write) -> None:
    second("import pytest\n@pytest.mark.needs('flying')\ndef check_two(): pass\n")

    outcome = run()

    assert outcome.exit_code == 1
    assert outcome.results[1].reason == "LookupError: check_two needs 'flying', which is no capability"


def test_an_error_in_a_check_is_a_failure_with_its_name(second: Write) -> None:
    second("def check_two_by_two(): return {}['size']\n")

    failed = run().results[1]

    assert (failed.name, failed.status, failed.reason) == ("two by two", "fail", "KeyError: 'size'")


def test_results_are_told_as_they_come(second: Write) -> None:
    second("def check_two(note): note(size=3)\n")
    told: list[str] = []

    outcome = runner.run(TARGET, lambda who: "", profile="quick", on_result=lambda one: told.append(one.id))

    assert told == ["1", "2"]
    assert outcome.results[1].evidence == {"size": 3}
    assert outcome.exit_code == 0


def test_the_readme_has_a_row_for_every_check() -> None:
    text = (runner.CHECKS.parent / "README.md").read_text()
    rows = re.findall(
        r"^\| (\d+) \| .* \| \w+", text.partition("| # | check")[2].partition("| profile")[0], re.MULTILINE
    )
    assert sorted(map(int, rows)) == list(runner.EXPECTED["full"])
