from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

import pytest
from rich.console import Console

from smoke_tests import reports
from smoke_tests.results import Result, Status, SuiteOutcome
from smoke_tests.screen import Screen


def result(status: Status, reason: str = "", id: str = "6") -> Result:
    return Result(id, "frames come", status, 12, 3, 4000, 0, reason, {"p50_ms": 1.5})


def outcome(*results: Result, **changes: object) -> SuiteOutcome:
    made = SuiteOutcome(
        "run", "full", "http://x/dicomWeb", "local", datetime(2026, 11, 22, 14, tzinfo=UTC), list(results)
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (outcome(result("pass"), result("skip", "x"), result("warn", "y")), 0),
        (outcome(result("pass"), result("fail", "x")), 1),
        (outcome(result("pass"), result("fail", "x"), leaks=["a study"]), 1),
        (outcome(result("pass"), leaks=["a study"]), 3),
        (outcome(result("pass"), problem="interrupted"), 2),
        (outcome(), 2),
        (outcome(result("skip", "nothing declared")), 2),
    ],
)
def test_the_exit_code_says_what_happened(made: SuiteOutcome, code: int) -> None:
    assert made.exit_code == code


def test_a_run_that_somebody_ended_is_called_interrupted_and_not_one_that_could_not_run() -> None:
    made = outcome(result("pass"), problem="interrupted", ms=1500)
    screen = Screen(Console(file=StringIO()))

    screen.end(made)

    assert made.summary() == "interrupted: 1 pass; 3 requests in 1.5 s"
    assert reports.markdown(made).startswith("# Smoke tests interrupted\n")
    assert "ould not run" not in reports.markdown(made)
    assert cast(StringIO, screen.console.file).getvalue() == f"Smoke tests {made.summary()}\n"
    assert ElementTree.fromstring(reports.junit(made)).get("errors") == "1"


def test_three_reports_are_written_and_agree(tmp_path: Path) -> None:
    made = outcome(
        result("pass"), result("fail", "frame 3 is | wrong"), result("skip", "no job"), leaks=["study 1.2 is left"]
    )

    paths = reports.write(made, tmp_path / "new")

    assert [path.name for path in paths] == ["smoke.json", "smoke.xml", "smoke.md"]
    data = json.loads(paths[0].read_text())
    assert (data["schema"], data["exitCode"], data["verdict"]) == (1, 1, "failed")
    assert data["results"][0] == {
        "id": "6", "name": "frames come", "status": "pass", "ms": 12, "requests": 3, "bytes": 4000, "retries": 0,
        "reason": "", "evidence": {"p50_ms": 1.5},
    }  # fmt: skip
    suite = ElementTree.fromstring(paths[1].read_text())
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3", "failures": "1", "errors": "1", "skipped": "1",
    }  # fmt: skip
    assert suite.find("testcase/failure").get("message") == "frame 3 is | wrong"
    text = paths[2].read_text()
    assert text.startswith("# Smoke tests failed\n")
    assert "| ✗ | 6 frames come | 12 | 3 | 4 | frame 3 is \\| wrong |" in text
    assert "* study 1.2 is left" in text


def test_no_token_reaches_a_report(tmp_path: Path) -> None:
    made = outcome(result("fail", "Authorization: Bearer ya29.SECRET"), problem="access_token=SECRET")

    for path in reports.write(made, tmp_path):
        assert "SECRET" not in path.read_text()


def test_control_characters_do_not_break_the_xml() -> None:
    ElementTree.fromstring(reports.junit(outcome(result("fail", "bytes \x00\x08 came"))))
