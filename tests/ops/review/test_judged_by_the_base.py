"""The judge is not the accused: what a change does to its own judge is said first, and lets nothing through."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import ROOT

STRANGER = "  dicom-platform:viewers: [strangers@evil.example]\n"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone") / "project"
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    return folder


def comment(folder: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "ops", "comment", "--base", "HEAD", "--stack", "local", "--gate"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=280)
    return done.returncode, done.stdout + done.stderr


def test_a_change_that_silences_its_own_judge_is_stopped_by_the_one_before_it(clone: Path) -> None:
    stack, gate = clone / "Pulumi.local.yaml", clone / "ops/review/dangers.py"
    lines = stack.read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.startswith("  dicom-platform:viewers"))
    stack.write_text("".join([*lines[:at], STRANGER, *lines[at + 1 :]]))
    signature = "def dangers(plan: Plan) -> list[Danger]:"
    head, body = gate.read_text().split(signature, 1)
    silenced = f"{signature}\n    return []\n\n\n{signature.replace('dangers', '_dangers', 1)}"
    gate.write_text(f"{head}{silenced}{body}")

    status, said = comment(clone)

    assert status == 1, said
    assert "comes with a judge who says something else" in said.split("###")[0]
    assert "strangers@evil.example" in said


def test_a_change_of_nothing_is_judged_alike(clone: Path) -> None:
    subprocess.run(["git", "-C", str(clone), "checkout", "-q", "."], check=True)

    status, said = comment(clone)

    assert (status, "something else" in said) == (0, False), said
