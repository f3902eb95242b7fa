"""The workflows at GitHub: pinned, with the least permissions, never deploying, naming only what exists.

GitHub's own schema of workflows is not to be had here: `KEYS` is the part that ours use, and zizmor, which parses them
with its own model of the syntax, reads them too.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from delivery.__main__ import COMMANDS
from infra.federating import DRIFT, PREVIEW, PREVIEW_VIEWER
from review.__main__ import COMMANDS as REVIEWS

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github/workflows").glob("*"))
EACH = pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
PERMISSIONS = {
    ("pull-request.yaml", "offline"): {"contents": "read"},
    ("preview.yaml", "plan"): {"contents": "read", "id-token": "write"},
    ("preview.yaml", "comment"): {"contents": "read", "pull-requests": "write"},
    ("preview-viewer.yaml", "release"): {"contents": "read", "id-token": "write"},
    ("drift.yaml", "drift"): {"contents": "read", "id-token": "write", "issues": "write"},
}
KEYS = {
    "workflow": {"name", "on", "permissions", "concurrency", "jobs"},
    "job": {
        "name", "needs", "if", "runs-on", "timeout-minutes", "permissions", "concurrency", "strategy", "steps",
    },
    "step": {"name", "uses", "with", "run", "env", "if", "continue-on-error"},
    "concurrency": {"group", "cancel-in-progress"},
    "strategy": {"fail-fast", "max-parallel", "matrix"},
}  # fmt: skip


def workflow(file: Path) -> dict[str, Any]:
    """YAML 1.1 reads the key `on` as true."""
    found: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in found.items()}


def jobs(file: Path) -> dict[str, dict[str, Any]]:
    return workflow(file)["jobs"]


def steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(file).values() for step in job["steps"]]


def unknown(kind: str, found: dict[str, Any]) -> set[str]:
    return set(found) - KEYS[kind]


@EACH
def test_a_workflow_has_the_keys_that_github_knows_at_their_places(file: Path) -> None:
    made = workflow(file)

    assert file.suffix == ".yaml"
    assert not unknown("workflow", made)
    for job in made["jobs"].values():
        assert not unknown("job", job)
        assert re.fullmatch(r"ubuntu-\d\d\.\d\d", job["runs-on"])
        assert 0 < job["timeout-minutes"] <= 60
        assert not unknown("strategy", job.get("strategy", {}))
        for place in (job, made):
            assert not unknown("concurrency", place.get("concurrency", {}))
        for step in job["steps"]:
            assert not unknown("step", step)
            assert ("uses" in step) != ("run" in step)


@EACH
def test_nothing_is_permitted_but_what_a_job_names(file: Path) -> None:
    assert workflow(file)["permissions"] == {}
    for name, job in jobs(file).items():
        assert job["permissions"] == PERMISSIONS[file.name, name]


def test_every_action_is_pinned_by_commit_and_one_action_by_one() -> None:
    pins: dict[str, set[str]] = {}
    for file in FILES:
        for line in re.findall(r"uses: (.*)", file.read_text(encoding="utf-8")):
            match = re.fullmatch(r"([\w-]+/[\w-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+", line)
            assert match, f"{file.name}: {line}"
            pins.setdefault(match[1], set()).add(match[2])

    assert {name: len(found) for name, found in pins.items()} == dict.fromkeys(pins, 1)
    assert len(pins) == 6


@EACH
def test_a_pull_request_never_runs_with_the_rights_of_the_repository(file: Path) -> None:
    on = workflow(file)["on"]

    assert set(on if isinstance(on, dict) else [on]) <= {"pull_request", "push", "schedule"}
    assert "secrets." not in file.read_text(encoding="utf-8")
    for step in steps(file):
        if str(step.get("uses")).startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@EACH
def test_an_identity_or_a_write_is_never_for_a_fork(file: Path) -> None:
    for name, job in jobs(file).items():
        if "write" in job["permissions"].values() and "schedule" not in workflow(file)["on"]:
            assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"], name


@EACH
def test_github_never_deploys(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    deploys = r"pulumi (up|destroy|import|refresh|state)|make (deploy|rollback)|gcloud|firebase deploy|command: "

    assert not re.search(deploys, text)
    assert not re.search(r"delivery (image|begin|up|viewer|smoke|rollback|give-up)\b(?!-)", text)
    assert "deployer" not in text.lower()


@EACH
def test_values_from_outside_reach_a_script_as_its_environment_only(file: Path) -> None:
    assert not [step for step in steps(file) if "${{" in step.get("run", "")]


@EACH
def test_what_a_script_runs_exists(file: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    scripts = "\n".join(step.get("run", "") for step in steps(file))

    for target in re.findall(r"\bmake ([a-z-]+)", scripts):
        assert re.search(rf"(?m)^{target}:", makefile), target
    for command in re.findall(r"python -m delivery ([\w-]+)", scripts):
        assert command in COMMANDS
    for command in re.findall(r"python -m review ([\w-]+)", scripts):
        assert command in REVIEWS
    for path in re.findall(r"python3 (\S+)", scripts):
        assert (ROOT / path).is_file()


def test_who_asks_for_an_identity_is_who_is_let_in() -> None:
    asking = {file.name for file in FILES if "id-token" in str([job["permissions"] for job in jobs(file).values()])}

    assert asking == {PREVIEW, PREVIEW_VIEWER, DRIFT}
    assert "schedule" in workflow(ROOT / ".github/workflows" / DRIFT)["on"]
    for name in (PREVIEW, PREVIEW_VIEWER):
        assert "pull_request" in str(workflow(ROOT / ".github/workflows" / name)["on"])


def test_previews_of_the_viewer_take_turns_on_the_one_site() -> None:
    assert workflow(ROOT / ".github/workflows" / PREVIEW_VIEWER)["concurrency"] == {
        "group": "preview-site",
        "cancel-in-progress": False,
    }


def test_zizmor_finds_nothing() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "zizmor", "--offline", "--quiet", ".github"],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
