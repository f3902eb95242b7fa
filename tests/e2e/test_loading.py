"""`python -m ops load` against the platform's store: what each file's line and the exit code say."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from tests.e2e.conftest import PATIENCE, Platform
from tests.e2e.tiles import TILES
from tests.e2e.tiles_slide import write_slide

JPEG = next(tile for tile in TILES if tile.coding == "jpeg-baseline")


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_files_are_stored_once_and_found_again(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_slide(tmp_path, JPEG, key="twice")
    assert platform.load(tmp_path) == 0
    assert [line.split(" ")[0] for line in lines(capsys)[:2]] == ["stored", "stored"]
    assert platform.load(tmp_path) == 0
    again = lines(capsys)
    assert sorted(again[:2]) == [f"already there  {tmp_path}/level-{number}.dcm" for number in (1, 2)]
    assert again[-1].split()[:3] == ["already", "there", "2"]


def test_a_file_that_differs_is_a_conflict_and_replaces_nothing(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = write_slide(tmp_path, JPEG, key="conflict")
    assert platform.load(tmp_path) == 0
    capsys.readouterr()
    dataset = pydicom.dcmread(first.path)
    dataset.StudyDescription = "Changed"
    dataset.save_as(first.path)
    assert platform.load(tmp_path) == 1
    refused = [line for line in lines(capsys) if line.startswith("refused") and "conflict" in line]
    assert len(refused) == 1
    assert "(the attributes differ); nothing was replaced" in refused[0]
    assert "level-1.dcm" in refused[0]


def test_one_file_that_is_no_dicom_is_said_and_fails_the_load(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_slide(tmp_path, JPEG, key="with notes")
    (tmp_path / "notes.txt").write_text("not an image")
    assert platform.load(tmp_path) == 1
    said = lines(capsys)
    assert f"refused        {tmp_path}/notes.txt: not a DICOM file: no DICM at byte 128" in said
    assert said[-2].split()[:2] == ["stored", "2"]


def test_a_truncated_file_is_refused_with_the_stores_reason(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    level, other = write_slide(tmp_path, JPEG, key="truncated")
    other.path.unlink()
    level.path.write_bytes(level.path.read_bytes()[:-3000])
    assert platform.load(tmp_path) == 1
    assert f"refused        {level.path}: the store refused it: " in capsys.readouterr().out
    found = platform.session(platform.cloud.iam.owner).get(
        f"{platform.root}/studies/{level.study}/instances", timeout=30
    )
    assert found.status_code == 204 or found.json() == []


def test_who_may_not_store_is_told_the_permission(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_slide(tmp_path, JPEG, key="forbidden")
    assert platform.load(tmp_path, "--as", platform.outputs["groups"]["viewers"][0]) == 3
    said = capsys.readouterr().err
    assert "healthcare.dicomStores.dicomWebWrite" in said
    assert "raw/dicomWeb" in said


def test_who_may_not_read_cannot_compare(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_slide(tmp_path, JPEG, key="blind")
    assert platform.load(tmp_path) == 0
    assert platform.load(tmp_path, "--reader", platform.outputs["groups"]["ingestWriters"][0]) == 1
    assert "could not be compared: the store answered 403" in capsys.readouterr().out


def test_an_unknown_principal_is_said(platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_slide(tmp_path, JPEG, key="nobody")
    assert platform.load(tmp_path, "--as", "nobody@example.org") == 3
    assert "load: no token:" in capsys.readouterr().err


@pytest.fixture
def heeded_ctrl_c() -> Iterator[None]:
    """What is started hears Ctrl-C, as from a terminal: a test run in the background ignores it, so would a child."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded_ctrl_c")
def test_ctrl_c_ends_at_once_with_one_sentence_and_no_file_left_behind(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    level, _ = write_slide(tmp_path / "slide", JPEG, key="interrupted")
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # accepts, and never answers
        root = f"http://127.0.0.1:{deaf.getsockname()[1]}/dicomWeb"
        process = subprocess.Popen(
            [sys.executable, "-m", "ops", "load", str(level.path), "--to", root, "--token-command", "echo token"],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"TMPDIR": str(tmp_path / "tmp")},
        )
        connection, _ = deaf.accept()
        with connection:
            assert connection.recv(1)
            started = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert said.strip() == ("load: interrupted; what was reported as stored is stored whole, run again for the rest")
    assert time.monotonic() - started < 5
    assert list((tmp_path / "tmp").iterdir()) == []


def test_outputs_that_are_not_there_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ops.load.commands import main

    (tmp_path / "broken.json").write_text(json.dumps([]))
    for name, words in (
        ("absent.json", "does not exist; run make up"),
        ("broken.json", "JSON object"),
    ):
        assert main([str(tmp_path), "--outputs", str(tmp_path / name)]) == 3
        assert words in capsys.readouterr().err
