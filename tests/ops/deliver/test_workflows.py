"""The workflows at GitHub: pinned, with the least permissions, never deploying, naming only what exists.

Their schema is the one of schemastore.org, which editors use and check-jsonschema brings along.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.delivery import DRIFT, PREVIEW, PREVIEW_VIEWER
from ops.__main__ import VERBS
from ops.deliver.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
FILES = sorted((ROOT / ".github/workflows").glob("*"))
EACH = pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
PERMISSIONS = {
    ("pull-request.yaml", "offline"): {"contents": "read"},
    ("preview.yaml", "plan"): {"contents": "read", "id-token": "write"},
    ("preview.yaml", "comment"): {"contents": "read", "pull-requests": "write"},
    ("preview-viewer.yaml", "release"): {"contents": "read", "id-token": "write"},
    ("provider-canary.yaml", "canary"): {"contents": "read"},
    ("drift.yaml", "drift"): {"contents": "read", "id-token": "write", "issues": "write"},
}


def workflow(file: Path) -> dict[str, Any]:
    """YAML 1.1 reads the key `on` as true."""
    found: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in found.items()}


def jobs(file: Path) -> dict[str, dict[str, Any]]:
    return workflow(file)["jobs"]


def steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(file).values() for step in job["steps"]]


def against_schema(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", file],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@EACH
def test_a_workflow_keeps_to_the_schema(file: Path) -> None:
    done = against_schema(file)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("queue: max", "queue: all"),
        ("cancel-in-progress:", "cancel_in_progress:"),
        ("runs-on: ubuntu", "run-on: ubuntu"),
        ("pull-requests: write", "pull-requests: maybe"),
        ("  pull_request:", "  pull_requests:"),
    ],
)
def test_the_schema_refuses_what_github_would(right: str, wrong: str, tmp_path: Path) -> None:
    text = (ROOT / ".github/workflows/preview.yaml").read_text()
    assert right in text
    file = tmp_path / "preview.yaml"
    file.write_text(text.replace(right, wrong))

    assert against_schema(file).returncode == 1


@EACH
def test_a_job_names_its_machine_and_how_long_it_may_take(file: Path) -> None:
    assert file.suffix == ".yaml"
    for job in jobs(file).values():
        assert re.fullmatch(r"ubuntu-\d\d\.\d\d", job["runs-on"])
        assert 0 < job["timeout-minutes"] <= 60


@EACH
def test_who_waits_for_a_turn_gets_one(file: Path) -> None:
    """Without a queue GitHub keeps one waiting and cancels the others; who cancels what runs needs none."""
    for place in (workflow(file), *jobs(file).values()):
        if group := place.get("concurrency"):
            assert (group["cancel-in-progress"] is True) != (group.get("queue") == "max")


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
    assert not re.search(r"deliver (image|begin|up|viewer|smoke|rollback|give-up)\b(?!-)", text)
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
    for command in re.findall(r"python -m ops deliver ([\w-]+)", scripts):
        assert command in COMMANDS
    for command in re.findall(r"python -m ops ([\w-]+)", scripts):
        assert command in VERBS
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
        "queue": "max",
    }


def script(file: str, name: str) -> str:
    return next(
        step["run"] for step in steps(ROOT / ".github/workflows" / file) if step.get("name", "").startswith(name)
    )


@EACH
def test_every_script_is_one_of_bash(file: Path) -> None:
    for step in steps(file):
        done = subprocess.run(["bash", "-n", "-c", step.get("run", "")], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("identities", "plans"),
    [({}, ""), ({"DEV": "a"}, " --plan dev=plans/dev.json"),
     ({"DEV": "a", "PROD": "b"}, " --plan dev=plans/dev.json --plan prod=plans/prod.json")],
)  # fmt: skip
@pytest.mark.parametrize("judged", [0, 1, 2])
def test_the_comment_is_posted_whatever_it_says_and_then_decides(
    identities: dict[str, str], plans: str, judged: int, tmp_path: Path
) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    python = tmp_path / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\necho "$@" >> log\n[ "$2" = delivery ] || exit {judged}\n')
    python.chmod(0o755)
    given = {"BASE": "main", "COMMIT": "c0ffee", "NUMBER": "7", "PREVIEW_URL": "", "DEV": "", "PROD": "", **identities}

    done = subprocess.run(["bash", "-e", "-c", script("preview.yaml", "write the comment")], cwd=tmp_path, env=given)

    made, posted = (tmp_path / "log").read_text().splitlines()
    assert done.returncode == judged
    assert made == (
        f"-m ops comment --base=origin/main --commit=c0ffee{plans} --preview-url= "
        "--smoke local=.localcloud/reports/smoke.json --out reports/comment.md --gate --owners-agree"
    )
    assert posted == "-m ops deliver comment --number 7 --file reports/comment.md"


def test_a_pull_request_from_a_fork_is_judged_too() -> None:
    """It gets no comment, but a dangerous change must not be green there either."""
    assert "GATE=1" in script("pull-request.yaml", "the comment")


@pytest.mark.parametrize(
    "name",
    ["a;touch hacked", "$(touch hacked)", "$(shell touch hacked)", '"; touch hacked; "', "'; touch hacked; '", "$USER"],
)
def test_a_branch_s_name_is_no_command(name: str, tmp_path: Path) -> None:
    """Git allows all of these in the name of a branch."""
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "ops").mkdir()
    for path in ("requirements/run.txt", "ops/environment.py", ".venv/.installed-run"):
        (tmp_path / path).touch()
    python = tmp_path / ".venv/bin/python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > log\n')
    python.chmod(0o755)

    subprocess.run(
        ["bash", "-e", "-c", script("pull-request.yaml", "the comment")],
        cwd=tmp_path, env={"PATH": os.environ["PATH"], "BASE": name, "COMMIT": name}, check=True,
    )  # fmt: skip

    assert not (tmp_path / "hacked").exists()
    assert f"--base={name}" in (tmp_path / "log").read_text().splitlines()


def test_zizmor_finds_nothing() -> None:
    done = subprocess.run(
        [BIN / "zizmor", "--offline", "--quiet", ".github"],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
