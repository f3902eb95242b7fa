"""What each viewer can do, as the browser suite found out: read from its reports, kept in `slim/capabilities.json`.

Which build of SLIM may go to prod, and whether it gets drawing tools, is `slim_pin`'s; this list is for people.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

LIST = Path(__file__).parent / "slim" / "capabilities.json"
BUILD, CAPABILITY, VIEWER = "slim", "capability", "viewer"
"""Properties of a JUnit report: which build was tested; and of a test, what can be done if it passes, and by which."""
LEFT_OUT = "left out"
"""Property of a report: a test of SLIM's that the run was told not to run."""
VIEWERS = ("slim", "lite")


class ReportUnusable(Exception):
    """A report from which nothing may be recorded; one sentence."""


def read_report(junit: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(junit).getroot()  # noqa: S314 - pytest wrote it a moment ago
    except (OSError, ElementTree.ParseError) as error:
        raise ReportUnusable(f"{junit} is not a JUnit report: {error}") from error


def properties(of: ElementTree.Element, name: str) -> list[str]:
    return [str(entry.get("value")) for entry in of.iter("property") if entry.get("name") == name]


def lack(case: ElementTree.Element) -> str:
    """Why a viewer cannot do what this test is about; empty for any other outcome of the test."""
    skipped = case.find("skipped[@type='pytest.xfail']")
    return "" if skipped is None else skipped.get("message") or "it does not"


def not_passed(cases: Iterable[ElementTree.Element]) -> list[str]:
    """Names of tests that failed, or were skipped for want of something; a lack is neither."""
    return [str(case.get("name")) for case in cases if not lack(case) and case.find("*[@message]") is not None]


def results_by_case(cases: Iterable[ElementTree.Element]) -> dict[str, str]:
    """Capability → why it is lacking, empty where it is not; of several tests of one, a lack wins."""
    results: dict[str, str] = {}
    for case in cases:
        for name in properties(case, CAPABILITY):
            results[name] = lack(case) or results.get(name, "")
    return results


def column(report: ElementTree.Element, viewer: str) -> dict[str, str]:
    """Capability → why `viewer` cannot, empty where it can. Raises ReportUnusable when a test neither passed nor told.

    Empty for a report of which `viewer` has no part.
    """
    cases = [case for case in report.iter("testcase") if viewer in properties(case, VIEWER)]
    if failed := not_passed(cases):
        raise ReportUnusable(f"these tests did not pass: {', '.join(failed)}")
    return results_by_case(cases)


def read_list(path: Path = LIST) -> dict[str, Any]:
    """`{"builds": {viewer: which one was tested}, "can": {viewer: {capability: why it cannot, or ""}}}`."""
    return json.loads(path.read_text(encoding="utf-8"))


def lines_of_suite(path: Path = LIST) -> set[str]:
    """The capabilities that the suite has a test of; a test of the list holds it to the suite."""
    return set(read_list(path)["can"]["lite"])


def write_column(viewer: str, build: str, can: Mapping[str, str], path: Path = LIST) -> None:
    """One viewer's column of the list, as a report has it; the other's stays. `build` is words for people."""
    known = read_list(path)
    known["builds"][viewer], known["can"][viewer] = build, dict(can)
    path.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def table(known: Mapping[str, Any]) -> str:
    """The list as Markdown: a line for each capability, a column for each viewer, "yes" or why it cannot."""
    columns = known["can"]
    names = dict.fromkeys([*columns["lite"], *columns["slim"]])
    lines = [f"| what | {known['builds']['slim']} | {known['builds']['lite']} |", "| --- | --- | --- |"]
    for name in names:
        cells = ["not tried" if name not in columns[viewer] else columns[viewer][name] or "yes" for viewer in VIEWERS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
