"""The whole suite against a sound platform: everything passes, nothing is left."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smoke_tests import reports
from smoke_tests.cli import main
from smoke_tests.credentials import Credentials, NoToken
from smoke_tests.dicomweb import DicomWeb
from smoke_tests.http import Http
from smoke_tests.janitor import smoke_studies, sweep
from smoke_tests.results import SuiteOutcome
from smoke_tests.runner import EXPECTED, handling, run
from smoke_tests.target import Limits
from tests.smoke_tests import faulty
from tests.smoke_tests.conftest import Platform


def store(platform: Platform) -> DicomWeb:
    target = platform.target()
    return DicomWeb(Http(), target.dicomweb_root, Credentials(platform.token), target.writer)


def failures(outcome: SuiteOutcome) -> list[str]:
    return [f"{one.id} {one.name}: {one.reason}" for one in outcome.results if one.status == "fail"]


def command(platform: Platform, *arguments: str, outputs: str = "") -> list[str]:
    token = platform.token(platform.target().writer)
    options = ["--outputs", outputs or str(platform.file), "--token-command", f"echo {token}"]
    return [sys.executable, "-m", "smoke_tests", *arguments, *options]


def test_the_full_profile_passes_and_leaves_nothing(platform: Platform) -> None:
    outcome = run(platform.target(), platform.token)

    assert failures(outcome) == []
    assert outcome.problem == ""
    assert outcome.leaks == []
    assert outcome.exit_code == 0
    assert {int(one.id) for one in outcome.results} == set(EXPECTED["full"])
    assert {one.id for one in outcome.results if one.status == "skip"} == {"9", "10"}
    assert list(smoke_studies(store(platform))) == []


def test_in_production_a_skip_is_a_failure(platform: Platform) -> None:
    outcome = run(platform.target(environment="prod"), platform.token, profile="quick")

    assert outcome.exit_code == 1
    assert {one.id for one in outcome.results if one.status == "fail"} == {"9"}
    assert all("skipped in production: the target does not serve the viewer" in one for one in failures(outcome))


def test_in_production_the_job_is_left_out_and_the_report_says_why(platform: Platform) -> None:
    outcome = run(platform.target(environment="prod"), platform.token)

    assert "11" not in {one.id for one in outcome.results}
    assert "* 11: in production nobody may give the job arguments" in reports.markdown(outcome)
    assert outcome.problem == ""


def test_without_a_token_nothing_is_checked(platform: Platform) -> None:
    def refuse(principal: str) -> str:
        raise NoToken("no token for today")

    outcome = run(platform.target(), refuse, profile="quick")

    assert outcome.exit_code == 2
    assert outcome.problem == "no token for today"
    assert outcome.results == []


def test_an_identity_without_its_grant_is_the_first_and_only_thing_told(platform: Platform) -> None:
    limits = Limits(found=1, deleted=1, granted=0.2)
    outcome = run(
        platform.target(reader=platform.outputs["serviceAccounts"]["deployer"], limits=limits), platform.token
    )

    assert outcome.exit_code == 2
    assert len(outcome.results) == 1
    assert re.search(r"access of imaging-deployer\S+ to http\S+ did not come about within 0.2 s", outcome.problem)


QUICKLY = ["run", "--profile", "quick", "--missing", "viewer=not here", "--missing", "roles=one token for all"]


def test_runs_at_once_do_not_disturb_each_other(platform: Platform) -> None:
    """Three of them; SLOW=1 starts twenty."""
    count = 20 if os.environ.get("SLOW") else 3
    runs = [subprocess.Popen(command(platform, *QUICKLY), stdout=subprocess.PIPE, text=True) for _ in range(count)]

    ends = [(process.communicate(timeout=240)[0], process.returncode) for process in runs]

    assert [code for _, code in ends] == [0] * count, ends
    assert list(smoke_studies(store(platform))) == []


def killed_at(platform: Platform, folder: Path, number: int, late: bool) -> None:
    """One run, killed at its request of that number to the store: before the store gets it, or after (`late`)."""
    runs: list[subprocess.Popen[bytes]] = []
    asked_for, started = itertools.count(1), threading.Event()

    def kill(asked: faulty.Asked, sound_store: Callable[[faulty.Asked], faulty.Answered]) -> faulty.Answered:
        due = next(asked_for) == number
        if due and not late:
            assert started.wait(10)
            runs[0].kill()
        answer = sound_store(asked)
        if due and late:
            assert started.wait(10)
            runs[0].kill()
        return answer

    with faulty.proxy(platform.target().dicomweb_root, kill) as root:
        outputs = json.loads(platform.file.read_text())
        outputs["stores"]["smoke"]["dicomwebRoot"] = root
        file = folder / f"outputs-{number}-{late}.json"
        file.write_text(json.dumps(outputs))
        words = command(platform, *QUICKLY, outputs=str(file))
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            runs.append(run)
            started.set()
            assert run.wait(120) == -signal.SIGKILL, f"it ended before its request {number}"


def test_runs_killed_at_random_leave_nothing_after_one_sweep(platform: Platform, tmp_path: Path) -> None:
    """Six of them; SLOW=1 kills a hundred."""
    chance = random.Random(2026)
    moments = [(chance.randint(5, 90), chance.random() < 0.5) for _ in range(100 if os.environ.get("SLOW") else 6)]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda moment: killed_at(platform, tmp_path, *moment), moments))
    left = len(list(smoke_studies(store(platform))))
    done = sweep(store(platform), older_than=timedelta(), now=datetime.now(UTC) + timedelta(seconds=1))

    assert left, "no run was killed while it had a study in the store"
    assert (len(done.removed), done.problems) == (left, [])
    assert list(smoke_studies(store(platform))) == []


@pytest.fixture
def stalled(platform: Platform, tmp_path):
    """A run that hangs at its first frame, after its study was stored: (process, what it must not finish)."""
    reached, release = threading.Event(), threading.Event()

    def stall(asked: faulty.Asked, sound_store) -> faulty.Answered:
        if "/frames/" in asked.path:
            reached.set()
            release.wait(60)
        return sound_store(asked)

    with faulty.proxy(platform.target().dicomweb_root, stall) as root:
        outputs = json.loads(platform.file.read_text())
        outputs["stores"]["smoke"]["dicomwebRoot"] = root
        (tmp_path / "outputs.json").write_text(json.dumps(outputs))
        options = ["run", "--profile", "quick", "--missing", "viewer=no", "--missing", "roles=no"]
        words = command(platform, *options, outputs=str(tmp_path / "outputs.json"))
        with handling(signal.SIGINT, signal.default_int_handler):  # what runs in the background has it ignored
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with process:
            assert reached.wait(60)
            yield process
            process.kill()
            release.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_checks_and_still_removes_the_study(platform: Platform, stalled, number: int) -> None:
    assert list(smoke_studies(store(platform)))

    stalled.send_signal(number)
    output, _ = stalled.communicate(timeout=60)

    assert stalled.returncode == 2, output
    assert "Smoke tests interrupted: " in output
    assert list(smoke_studies(store(platform))) == []


def test_what_a_killed_run_leaves_is_swept_but_not_at_once(
    platform: Platform, stalled, capsys: pytest.CaptureFixture[str]
) -> None:
    stalled.kill()
    stalled.wait()
    now = datetime.now(UTC)

    assert main(command(platform, "sweep")[3:]) == 0
    assert "0 removed, 2 too young, 0 problems" in capsys.readouterr().out
    late = sweep(store(platform), older_than=timedelta(hours=2), now=now + timedelta(hours=3))

    assert (len(late.removed), late.problems) == (2, [])
    assert list(smoke_studies(store(platform))) == []


def test_the_command_shows_each_check_and_writes_reports(platform: Platform, tmp_path) -> None:
    options = [
        "run",
        "--profile",
        "quick",
        "--missing",
        "viewer=no",
        "--missing",
        "roles=no",
        "--report",
        str(tmp_path),
    ]
    began = time.monotonic()

    done = subprocess.run(command(platform, *options), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓  6  a list of frames keeps its order" in done.stdout
    assert done.stdout.count("the target does not serve the viewer (viewer): no") == 1
    assert "Smoke tests passed: " in done.stdout
    report = json.loads((tmp_path / "smoke.json").read_text())
    assert (report["schema"], report["exitCode"]) == (1, 0)
    assert report["ms"] / 1000 < time.monotonic() - began
    assert platform.token(platform.target().writer) not in (tmp_path / "smoke.json").read_text()
