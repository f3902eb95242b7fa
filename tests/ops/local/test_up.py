"""`make up ONCE=1` as a user runs it: the whole chain in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops.local.commands import main

ROOT = Path.cwd()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder from which the project runs, with a state folder of its own."""
    for name in ROOT.iterdir():
        if name.name not in (".localcloud", ".git", "reports"):
            (tmp_path / name.name).symlink_to(name)
    return tmp_path


def start(place: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ops", "up", "--port", "0", *arguments],
        cwd=place,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def processes_in(place: Path) -> list[str]:
    """Command lines of the processes whose working folder is `place`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve() == place.resolve():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_once_deploys_smoke_tests_and_leaves_nothing_behind(place: Path) -> None:
    process = start(place, "--once", "--json", "outputs.json")

    output, _ = process.communicate(timeout=240)

    assert process.returncode == 0, output
    outputs = json.loads((place / "outputs.json").read_text())
    assert outputs["dicomwebRoot"].endswith(
        "/v1/projects/dicom-local/locations/europe-west4/datasets/imaging/dicomStores/viewer/dicomWeb"
    )
    assert outputs["dicomwebRoot"] in output.replace("\n", "")
    assert "smoke tests passed" in output
    assert processes_in(place) == []
    assert [path.name for path in (place / ".localcloud").glob("run-*")] == []
    assert not (place / ".localcloud" / "state.json").exists()
    assert list((place / ".localcloud" / "logs").glob("prepare-*.log"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_ends_everything(place: Path, number: signal.Signals) -> None:
    process = start(place)
    state = place / ".localcloud" / "state.json"
    deadline = time.monotonic() + 120
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)

    os.killpg(process.pid, number)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert processes_in(place) == []
    assert [path.name for path in (place / ".localcloud").glob("run-*")] == []


def test_a_taken_port_is_one_sentence_and_nothing_is_written(place: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = subprocess.run(
            [sys.executable, "-m", "ops", "up", "--port", str(port)],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"up: port {port} on 127.0.0.1 is taken by another program; choose another one: make up PORT={port + 10}"
    ]
    assert not (place / ".localcloud" / "state.json").exists()


def test_a_settings_file_that_cannot_be_read_is_one_sentence_and_nothing_is_written(place: Path) -> None:
    (place / "Pulumi.local.yaml").unlink()
    (place / "Pulumi.local.yaml").write_text("config:\n\t- no\n")

    done = subprocess.run(
        [sys.executable, "-m", "ops", "up", "--port", "0"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("up: Pulumi.local.yaml is not YAML: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (place / ".localcloud" / "state.json").exists()


@pytest.mark.parametrize("text", ["0", "-1", "soon", "inf"])
def test_a_deadline_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--request-seconds", text])

    assert f"invalid seconds value: '{text}'" in capsys.readouterr().err


def test_bad_settings_are_all_refused_before_anything_listens(place: Path) -> None:
    stack = place / "Pulumi.local.yaml"
    text = stack.read_text().replace("jobImage: prebuilt", "jobImage: prebult").replace('jobCpu: "1"', 'jobCpu: "3"')
    stack.unlink()
    stack.write_text(text)

    done = subprocess.run(
        [sys.executable, "-m", "ops", "up", "--port", "0"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert [line.split(":")[1] for line in done.stderr.splitlines()[1:]] == ["jobImage = 'prebult'", "jobCpu = '3'"]
    assert not (place / ".localcloud").exists()
