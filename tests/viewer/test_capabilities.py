"""The list of what each viewer can do: made from reports of the suite, shown in docs/viewer.md, never typed."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from ops.viewer.commands import main
from tests.browser import conftest
from tests.viewer.test_slim_pin import PINNED, XFAIL
from viewer import capabilities
from viewer.capabilities import LIST, ReportUnusable, column, read_list, read_report, table, write_column

BROWSER = Path(__file__).parents[1] / "browser"
CASE = """<testcase name="test"><properties><property name="capability" value="{name}"/>
<property name="viewer" value="{viewer}"/></properties>{outcome}</testcase>"""


def report(path: Path, *cases: tuple[str, str, str]) -> Path:
    """A JUnit report: viewer, capability and what stands in the test case, for each test."""
    told = "".join(CASE.format(viewer=viewer, name=name, outcome=outcome) for viewer, name, outcome in cases)
    path.write_text(f"<testsuites><testsuite>{told}<testcase name='other'/></testsuite></testsuites>")
    return path


def test_a_column_says_what_a_viewer_can_and_why_it_cannot(tmp_path: Path) -> None:
    made = read_report(
        report(tmp_path / "suite.xml", ("slim", "draw", XFAIL), ("lite", "draw", ""), ("slim", "pan", ""))
    )

    assert column(made, "slim") == {"draw": "write is not a function", "pan": ""}
    assert column(made, "lite") == {"draw": ""}


@pytest.mark.parametrize("outcomes", [(XFAIL, ""), ("", XFAIL)])
def test_of_two_tests_of_one_capability_a_lack_wins(tmp_path: Path, outcomes: tuple[str, str]) -> None:
    made = read_report(report(tmp_path / "suite.xml", *(("slim", "draw", outcome) for outcome in outcomes)))

    assert column(made, "slim") == {"draw": "write is not a function"}


@pytest.mark.parametrize("outcome", ['<failure message="no"/>', '<skipped type="pytest.skip" message="no SLIM"/>'])
def test_a_report_in_which_something_did_not_pass_makes_no_list(tmp_path: Path, outcome: str) -> None:
    made = read_report(report(tmp_path / "suite.xml", ("slim", "draw", outcome), ("lite", "draw", "")))

    with pytest.raises(ReportUnusable, match="did not pass: test"):
        column(made, "slim")
    assert column(made, "lite") == {"draw": ""}


def test_a_column_replaces_its_own_and_leaves_the_other(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"builds": {"slim": "A", "lite": "B"}, "can": {"slim": {"x": ""}, "lite": {"x": ""}}}))

    write_column("slim", "C", {"x": "it blanks"}, path)

    assert table(read_list(path)).splitlines()[0] == "| what | C | B |"
    assert table(read_list(path)).splitlines()[2:] == ["| x | it blanks | yes |"]


def test_the_command_writes_the_columns_that_a_report_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"builds": {"slim": "A", "lite": "B"}, "can": {"slim": {"x": ""}, "lite": {}}}))
    monkeypatch.setattr(capabilities, "LIST", path)
    junit = report(tmp_path / "suite.xml", ("lite", "pan", ""), ("lite", "draw", XFAIL))

    assert main(["capabilities", "--junit", str(junit)]) == 0

    assert read_list(path)["can"] == {"slim": {"x": ""}, "lite": {"pan": "", "draw": "write is not a function"}}
    assert "lite page: 2 lines, 1 that it cannot" in capsys.readouterr().out
    assert main(["capabilities", "--junit", str(tmp_path / "none.xml")]) == 1
    assert "is not a JUnit report" in capsys.readouterr().err


def test_a_run_remembers_the_tests_of_slim_that_it_was_told_to_leave_out(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "CHOSEN_AWAY", [])
    of_slim, of_lite = (
        pytest.Function.from_parent(request.node.parent, name=name, callobj=lambda: None) for name in ("slim", "lite")
    )
    of_slim.add_marker("slim")

    conftest.pytest_deselected([of_slim, of_lite])

    assert conftest.CHOSEN_AWAY == ["slim"]


def test_the_committed_list_has_a_line_for_each_test_of_the_suite_and_names_no_builds_hash() -> None:
    marked = {
        decorator.args[0].value if isinstance(decorator.args[0], ast.Constant) else "draw, save, reload"
        for file in BROWSER.glob("test_pathologist*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.capability"
    }

    assert set(read_list()["can"]["lite"]) == set(read_list()["can"]["slim"]) == marked
    assert PINNED.sha256[:8] not in LIST.read_text("utf-8")
    assert not any(len(word) >= 32 for word in LIST.read_text("utf-8").split())
