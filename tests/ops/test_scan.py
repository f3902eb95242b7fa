"""`make scan` goes red for what is planted, and for justifications that are past their day or of no use."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scan_tool", ROOT / "ops" / "scan.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["scan_tool"] = module
    spec.loader.exec_module(module)
    return module


scan = load()
TODAY = date(2026, 11, 22)
TOKEN = "ghp_" + "aB3dE6gH9j" * 3 + "aB3dE6"
WORD = "-".join(("correct", "horse"))
PLANTED = {
    "a Dockerfile that runs as root from any image": (
        "images/Dockerfile", "FROM debian:latest\nRUN sudo ls\n", "hadolint: images/Dockerfile:1: DL3007"
    ),
    "a workflow that runs a stranger's text": (
        ".github/workflows/x.yaml",
        "on: pull_request_target\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - run: echo ${{ github.event.pull_request.title }}\n",
        "zizmor: .github/workflows/x.yaml:6: template-injection",
    ),
    "a token": ("settings.py", f'GITHUB = "{TOKEN}"\n', "detect-secrets: settings.py:1: GitHub Token"),
    "a password": ("settings.py", f'password = "{WORD}"\n', "detect-secrets: settings.py:1: Secret Keyword"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def plant(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def justify(folder: Path, **entry: Any) -> None:
    whole = {"why": "a test", "until": TODAY + timedelta(days=1), **entry}
    (folder / "scanners.yaml").write_text(yaml.safe_dump({"findings": [whole]}))


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_planted_is_found_and_ends_the_command_red(folder: Path, what: str) -> None:
    name, text, said = PLANTED[what]
    plant(folder, name, text)

    done = subprocess.run(
        [sys.executable, ROOT / "ops" / "scan.py", "--root", folder], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert said in done.stdout
    assert TOKEN not in done.stdout


def test_nothing_to_say_of_an_empty_folder_without_workflows(folder: Path) -> None:
    assert scan.scan(folder, TODAY) == ([], [])


def test_a_justified_finding_is_green_until_its_day(folder: Path) -> None:
    plant(folder, "images/Dockerfile", "FROM debian:latest\n")
    justify(folder, scanner="hadolint", file="images/*", finding="DL3007")

    assert scan.scan(folder, TODAY) == ([], [])
    [late], _ = scan.scan(folder, TODAY + timedelta(days=2))
    assert "was justified until 2026-11-23: look again" in late


def test_a_justification_of_nothing_is_red(folder: Path) -> None:
    plant(folder, "images/Dockerfile", "FROM debian:12\n")
    justify(folder, scanner="hadolint", file="images/*", finding="DL3007")

    assert scan.scan(folder, TODAY)[0] == [
        "scanners.yaml: hadolint images/* 'DL3007' finds nothing any more: take it out"
    ]


def test_a_justified_secret_does_not_cover_another_in_the_same_file(folder: Path) -> None:
    plant(folder, "settings.py", f'password = "{WORD}"\n')
    [found], _ = scan.scan(folder, TODAY)
    justify(folder, scanner="detect-secrets", file="settings.py", finding=found.partition("1: ")[2])
    assert scan.scan(folder, TODAY) == ([], [])

    plant(folder, "settings.py", f'password = "{WORD}"\npassword = "{WORD}-staple"\n')
    assert len(scan.scan(folder, TODAY)[0]) == 1


def answers(folder: Path, monkeypatch: pytest.MonkeyPatch, *dependencies: dict[str, Any]) -> None:
    """What pip-audit would print."""
    plant(folder, "requirements/run.txt", "a==1\n")
    monkeypatch.setattr(scan, "output", lambda root, *command, **_: json.dumps(
        {"dependencies": dependencies} if command[0] == "pip-audit" else {"results": {}}
    ))  # fmt: skip


def test_an_advisory_is_a_finding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flaw = {"id": "PYSEC-2026-1", "fix_versions": ["2"]}
    answers(folder, monkeypatch, {"name": "a", "version": "1", "vulns": [flaw]})

    problems = ["pip-audit: requirements/run.txt:0: PYSEC-2026-1: a 1, mended in 2"]
    assert scan.scan(folder, TODAY) == (problems, [])


@pytest.mark.parametrize(("advisories", "status"), [("", 0), ("required", 1)])
def test_advisories_that_cannot_be_had_are_never_a_silent_green(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    advisories: str,
    status: int,
) -> None:
    answers(folder, monkeypatch, {"name": "a", "skip_reason": "not found"}, {"name": "b", "version": "1", "vulns": []})
    monkeypatch.setenv("ADVISORIES", advisories)

    assert scan.main(["--root", str(folder)]) == status
    assert "NOT RUN: pip-audit: its advisories could not be had for 1 of 2 pinned packages" in capsys.readouterr().out


def test_the_scanners_are_part_of_what_a_clean_machine_runs() -> None:
    assert "make scan" in (ROOT / ".ci" / "run").read_text().splitlines()
