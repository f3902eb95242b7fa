"""The running stack's file: how a second command finds the local cloud that a first one started."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(".localcloud")


class NotRunning(Exception):
    """No local cloud runs from this folder."""


@dataclass(frozen=True, kw_only=True)
class RunningCloud:
    pid: int
    port: int
    base: str
    project: str
    data: str
    credentials: str


def write_private(path: Path, text: str) -> None:
    """Write so that only this user can read it, and never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)


def save(state: RunningCloud, folder: Path = FOLDER) -> None:
    write_private(folder / "state.json", json.dumps(asdict(state), indent=2) + "\n")


def clear(folder: Path = FOLDER) -> None:
    """Forget this folder's stack."""
    for name in ("state.json", "outputs.json"):
        (folder / name).unlink(missing_ok=True)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def answers(port: int) -> bool:
    """Whether anything listens there: after a crash another program may have the process id."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def load(folder: Path = FOLDER) -> RunningCloud:
    """The running local cloud of this folder; raises `NotRunning`."""
    path = folder / "state.json"
    try:
        state = RunningCloud(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise NotRunning("no local cloud runs from this folder; start one: make up") from error
    if not (alive(state.pid) and answers(state.port)):
        raise NotRunning(f"the local cloud of this folder (process {state.pid}) has ended; start one: make up")
    return state
