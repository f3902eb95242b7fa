"""The real engine and the real provider deploy the same program to the local cloud, and their graph is ours."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue

import pytest
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.service_account import Credentials

from engine import Deployment, HttpTransport, RestProvider, load_config, program_of, run
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running
from tests.engine.exported import differences, of_deployment, of_export
from tests.harness import ROOT

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        shutil.which("pulumi") is None,
        reason="the Pulumi CLI is not on PATH (installing it: https://www.pulumi.com/docs/install/); "
        "what needs no CLI is compared with the recording in test_recording.py",
    ),
]

NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".localcloud", "node_modules", "__pycache__", ".*_cache", "tests")
READY = "local cloud on "
START, COMMAND = 60, 900
"""Seconds that the local cloud may take to start, and one command of the CLI to end."""


@dataclass(frozen=True)
class Project:
    """A copy of the project, with the local cloud serving for it."""

    folder: Path
    environment: dict[str, str]

    def pulumi(self, *arguments: str) -> str:
        """Run the CLI; fails with all it printed when it does."""
        command = ["pulumi", *arguments, "--non-interactive"]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=COMMAND
        )
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    """Read what `serve` prints until it is ready, or fail with it."""
    lines: Queue[str] = Queue()
    assert process.stdout is not None
    output = process.stdout
    threading.Thread(target=lambda: [lines.put(line) for line in output], daemon=True).start()
    printed: list[str] = []
    while not printed or not printed[-1].startswith(READY):
        assert process.poll() is None or not lines.empty(), f"serve ended with {process.returncode}: {printed}"
        try:
            printed.append(lines.get(timeout=START))
        except Empty:
            pytest.fail(f"serve did not print {READY!r} within {START} s: {printed}")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("engine") / "project"
    shutil.copytree(ROOT, folder, ignore=NOT_COPIED)
    (folder / ".venv").symlink_to(sys.prefix)
    serve = [sys.executable, "-m", "ops", "serve", "--port", "0", "--data", "data"]
    serve += ["--write-config", "Pulumi.local.yaml"]
    process = subprocess.Popen(serve, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_until_ready(process)
        printed = subprocess.run(
            [sys.executable, "-m", "ops", "env"], cwd=folder, check=True, capture_output=True, text=True
        ).stdout
        words = [shlex.split(line)[1] for line in printed.splitlines() if line.startswith("export ")]
        yield Project(folder, {**os.environ, **dict(word.split("=", 1) for word in words)})
    finally:
        process.terminate()
        process.wait(timeout=START)


def in_process(folder: Path) -> Deployment:
    """The same program and settings, deployed by us to a local cloud of its own."""
    from ops.local.up import JOB, LOOPBACK

    loaded = load_config(folder, "local")
    data = folder.parent / "in-process"
    data.mkdir()
    with running(Cloud(data=data, project=loaded.config["gcp:project"], awkward=WITHOUT_WAITING), 0) as parts:
        parts.registry.seed(ROOT / JOB)
        base, iam = parts.cloud.base, parts.cloud.iam
        return run(
            program_of(folder),
            RestProvider(HttpTransport(base, iam.token(iam.owner))),
            project=loaded.project_name,
            stack="local",
            config={key: LOOPBACK.sub(base, value) for key, value in loaded.config.items()},
            secret_keys=loaded.secret_keys,
        )


def test_the_whole_life_of_a_stack_and_its_graph(project: Project):
    assert project.environment["PULUMI_BACKEND_URL"].startswith("file://")  # in place of a login, which would last
    project.pulumi("stack", "init", "local")
    project.pulumi("preview", "--stack", "local", "--policy-pack", "policy")
    project.pulumi("up", "--stack", "local", "--yes", "--skip-preview")
    export = json.loads(project.pulumi("stack", "export", "--stack", "local", "--show-secrets"))

    project.pulumi("up", "--stack", "local", "--yes", "--skip-preview", "--expect-no-changes")
    project.pulumi("refresh", "--stack", "local", "--yes", "--skip-preview", "--expect-no-changes")
    assert differences(of_export(export), of_deployment(in_process(project.folder))) == []

    project.pulumi("config", "set", "jobTimeoutSeconds", "900", "--stack", "local")
    changed = project.pulumi("up", "--stack", "local", "--yes", "--skip-preview")
    assert "updated" in changed
    assert "replaced" not in changed
    project.pulumi("refresh", "--stack", "local", "--yes", "--skip-preview", "--expect-no-changes")

    project.pulumi("destroy", "--stack", "local", "--yes", "--skip-preview")
    left = json.loads(project.pulumi("stack", "export", "--stack", "local"))
    assert left["deployment"].get("resources", []) == []
    undelete_log_bucket(project)


def undelete_log_bucket(project: Project) -> None:
    """What docs/recovering.md says: Google keeps the name of a deleted bucket for a week, and refuses every `up`."""
    root = project.environment["STORAGE_EMULATOR_HOST"].removesuffix("/storage.googleapis.com")
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    credentials = Credentials.from_service_account_file(project.environment["GOOGLE_CREDENTIALS"], scopes=scopes)
    bucket = "v2/projects/dicom-local/locations/europe-west4/buckets/imaging-audit"
    answer = AuthorizedSession(credentials).post(f"{root}/logging.googleapis.com/{bucket}:undelete", timeout=START)
    assert answer.ok, answer.text


def test_an_update_that_was_killed_is_recovered(project: Project):
    """After `kill -9`: without it there is a lock, and accounts that exist already."""
    project.pulumi("stack", "select", "local", "--create")
    command = ["pulumi", "up", "--stack", "local", "--yes", "--skip-preview", "--non-interactive"]
    with subprocess.Popen(
        command, cwd=project.folder, env=project.environment, stdout=subprocess.PIPE, text=True
    ) as up:
        assert up.stdout is not None
        made = 0
        while made < 40 and (line := up.stdout.readline()):
            made += " created (" in line
        up.kill()
    left = json.loads(project.pulumi("stack", "export", "--stack", "local"))
    assert left["deployment"]["pending_operations"]

    recover = [sys.executable, "-m", "ops", "recover", "--stack", "local"]
    done = subprocess.run(recover, cwd=project.folder, env=project.environment, capture_output=True, text=True)

    assert (done.returncode, "the lock is taken away" in done.stdout) == (0, True), done.stderr
    project.pulumi("up", "--stack", "local", "--yes", "--skip-preview")
    project.pulumi("destroy", "--stack", "local", "--yes", "--skip-preview")
