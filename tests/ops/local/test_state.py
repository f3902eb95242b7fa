"""How a second command finds the local cloud that a first one started."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.local import state


@pytest.fixture
def port() -> Iterator[int]:
    """One that answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def a_state(pid: int, port: int) -> state.RunningCloud:
    return state.RunningCloud(pid=pid, port=port, base="http://127.0.0.1:1", project="p", data="d", credentials="c")


def test_what_was_saved_is_found_and_private(tmp_path: Path, port: int) -> None:
    state.save(a_state(os.getpid(), port), tmp_path)

    assert state.load(tmp_path) == a_state(os.getpid(), port)
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600


def test_a_stack_whose_process_has_ended_is_not_running(tmp_path: Path, port: int) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    state.save(a_state(ended.pid, port), tmp_path)

    with pytest.raises(state.NotRunning, match=rf"process {ended.pid}\) has ended; start one: make up"):
        state.load(tmp_path)


def test_a_stack_is_not_running_when_another_program_has_its_process_id(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        free = listening.getsockname()[1]
    state.save(a_state(os.getpid(), free), tmp_path)

    with pytest.raises(state.NotRunning, match="has ended; start one: make up"):
        state.load(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "{}", '{"pid": 1}'])
def test_an_unreadable_file_counts_as_not_running(tmp_path: Path, content: str) -> None:
    (tmp_path / "state.json").write_text(content)

    with pytest.raises(state.NotRunning, match="no local cloud runs from this folder"):
        state.load(tmp_path)
