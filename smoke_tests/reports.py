"""An outcome on paper: JSON for programs, JUnit for build systems, Markdown for people. Tokens never get this far."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from smoke_tests.http import redact
from smoke_tests.results import INTERRUPTED, Result, SuiteOutcome

MARKS = {"pass": "✓", "warn": "!", "fail": "✗", "skip": "–"}  # noqa: RUF001 - a dash is what a skip looks like


def write(outcome: SuiteOutcome, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    made = {
        "smoke.json": json.dumps(outcome.as_json(), indent=2, ensure_ascii=False) + "\n",
        "smoke.xml": junit(outcome),
        "smoke.md": markdown(outcome),
    }
    for name, text in made.items():
        (folder / name).write_text(redact(text), encoding="utf-8")
    return [folder / name for name in made]


def junit(outcome: SuiteOutcome) -> str:
    suite = ElementTree.Element(
        "testsuite",
        name="smoke",
        tests=str(len(outcome.results)),
        failures=str(outcome.count("fail")),
        errors=str(int(bool(outcome.problem or outcome.leaks))),
        skipped=str(outcome.count("skip")),
        time=f"{outcome.ms / 1000:.3f}",
        timestamp=outcome.began.isoformat(),
    )
    for result in outcome.results:
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"smoke.{result.id}", name=result.name, time=f"{result.ms / 1000:.3f}"
        )
        if result.status == "fail":
            ElementTree.SubElement(case, "failure", message=_printable(result.reason))
        if result.status == "skip":
            ElementTree.SubElement(case, "skipped", message=_printable(result.reason))
    for text in filter(None, [outcome.problem, *outcome.leaks]):
        case = ElementTree.SubElement(suite, "testcase", classname="smoke", name="run and clean-up")
        ElementTree.SubElement(case, "error", message=_printable(text))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """XML has no way to write control characters."""
    return "".join(character if character >= " " or character in "\n\t" else "\ufffd" for character in text)


def markdown(outcome: SuiteOutcome) -> str:
    lines = [
        f"# Smoke tests {outcome.verdict}",
        "",
        f"{outcome.summary()}. Target `{outcome.target}`, environment `{outcome.environment}`, "
        f"profile `{outcome.profile}`, run `{outcome.run_id}`.",
        "",
        "| | check | ms | requests | kB | what was seen |",
        "|---|---|---:|---:|---:|---|",
    ]
    lines += [_row(result) for result in outcome.results]
    if outcome.left_out:
        lines += ["", "Left out:", *(f"* {number}: {why}" for number, why in outcome.left_out.items())]
    if outcome.problem and outcome.problem != INTERRUPTED:
        lines += ["", f"Could not run: {outcome.problem}"]
    if outcome.leaks:
        lines += ["", "Left behind:", *(f"* {leak}" for leak in outcome.leaks)]
    return "\n".join(lines) + "\n"


def _row(result: Result) -> str:
    seen = result.reason or "; ".join(f"{key} {value}" for key, value in result.evidence.items())
    seen = seen.replace("|", "\\|").replace("\n", " ")
    return (
        f"| {MARKS[result.status]} | {result.id} {result.name} | {result.ms} | {result.requests} "
        f"| {result.bytes / 1000:.0f} | {seen} |"
    )
