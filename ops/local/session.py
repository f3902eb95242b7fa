"""One foreground run of the local cloud: its folders, which are its own, and its state file."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Literal, TypedDict

from localcloud.assemble import Parts
from localcloud.awkward import EVERY_POINT, WITHOUT_WAITING, AwkwardPoint
from localcloud.cloud import Cloud
from localcloud.server import running
from ops.local import state
from ops.local.ending import end_on_signals
from ops.local.ownership import make_private, own, refuse_foreign

LOGS = state.FOLDER / "logs"
"""Where the logs of the run that ended last are."""


class CloudOptions(TypedDict, total=False):
    """What a command may choose of the cloud; its fields of the same names say what they mean."""

    project: str
    new_project: bool
    duplicates: Literal["reject_all", "accept_identical"]
    request_seconds: float
    awkward: frozenset[AwkwardPoint]
    delays: float
    sleep: Callable[[float], None]


def as_project(*, new: bool) -> CloudOptions:
    """A `new` one is like Google in every point, though its delays are seconds; otherwise nothing is waited for."""
    if new:
        return {"new_project": True, "awkward": EVERY_POINT, "delays": 0.05}
    return {"awkward": WITHOUT_WAITING, "sleep": lambda _: None}


@contextlib.contextmanager
def data_folder(kept: Path | None) -> Generator[Path]:
    """The run's data folder, nobody else's meanwhile: `kept` stays, otherwise a private one that goes with the run.

    Raises `AlreadyRunning` when another local cloud uses `kept`, `NotOurs`.
    """
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        refuse_foreign(kept)
        with own(kept, f"another local cloud uses the data folder {kept.resolve()}"):
            make_private(kept)
            yield kept.resolve()
        return
    sweep()
    folder = (state.FOLDER / f"run-{os.getpid()}").resolve()
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        keep_logs(folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def private_files() -> Generator[None]:
    """Whatever is made meanwhile is its owner's alone: payloads of secrets and names of patients lie there in clear."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


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
    state.FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        private_files(),
        own(state.FOLDER, "a local cloud already runs from this folder"),
        data_folder(data) as place,
        contextlib.ExitStack() as at_the_end,
    ):
        cloud = Cloud(data=place, **settings)
        with running(cloud, port) as parts:
            if data is not None:
                kept = place / "resources.json"
                cloud.resources.load(kept)
                cloud.operations.fail_unfinished()
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
