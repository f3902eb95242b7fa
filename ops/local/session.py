"""One foreground run of the local cloud: its folder, its state file, its end on Ctrl-C or SIGTERM."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Literal, TypedDict

from localcloud.assemble import Parts
from localcloud.cloud import Cloud
from localcloud.server import running
from ops.local import state

LOGS = state.FOLDER / "logs"
"""Where the logs of the run that ended last are."""


class CloudOptions(TypedDict, total=False):
    """What a command may choose of the cloud; its fields of the same names say what they mean."""

    project: str
    new_project: bool
    duplicates: Literal["reject_all", "accept_identical"]
    request_seconds: float


def end_on_signals() -> None:
    """Let SIGTERM end a run as Ctrl-C does, and Ctrl-C end it even where a shell started it with SIGINT ignored."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


@contextlib.contextmanager
def folder(kept: Path | None) -> Generator[Path]:
    """The run's data folder: `kept` stays, otherwise a private one that goes with the run."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)  # payloads of secrets lie there in clear
        yield kept.resolve()
        return
    sweep()
    own = (state.FOLDER / f"run-{os.getpid()}").resolve()
    own.mkdir(parents=True, mode=0o700)
    try:
        yield own
    finally:
        keep_logs(own)
        shutil.rmtree(own, ignore_errors=True)


def keep_logs(run: Path) -> None:
    """A run's logs outlive it, until the next run ends: they say why something failed."""
    if (run / "logs").is_dir():
        shutil.rmtree(LOGS, ignore_errors=True)
        shutil.move(run / "logs", LOGS)


def sweep() -> None:
    """Remove data folders whose process has ended without cleaning up (killed, power cut)."""
    for old in state.FOLDER.glob("run-*"):
        pid = old.name.removeprefix("run-")
        if pid.isdigit() and not state.alive(int(pid)):
            shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def session(*, port: int, data: Path | None, settings: CloudOptions) -> Generator[Parts]:
    """A served local cloud that other commands of this folder can find. Raises `PortTaken`, `AlreadyRunning`."""
    end_on_signals()
    state.refuse_a_second()
    with folder(data) as place, contextlib.ExitStack() as at_the_end:
        cloud = Cloud(data=place, **settings)
        with running(cloud, port) as parts:
            if data is not None:
                kept = place / "resources.json"
                cloud.resources.load(kept)
                for service in parts.services:
                    if hasattr(service, "resume"):
                        service.resume()
                cloud.resources.keep(kept)
                # Once the services have closed: a job execution that they ended is kept as ended.
                at_the_end.callback(cloud.resources.save, kept)
            state.save(
                state.RunningCloud(
                    pid=os.getpid(),
                    port=int(cloud.base.rsplit(":", 1)[1]),
                    base=cloud.base,
                    project=cloud.project,
                    data=str(place),
                    credentials=str(cloud.iam.credentials_file),
                )
            )
            try:
                yield parts
            finally:
                state.clear()


def wait_for_the_end() -> None:
    """Block until Ctrl-C or SIGTERM."""
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
