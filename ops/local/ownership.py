"""A folder that one process at a time owns, and files in it that only its user may read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Generator
from pathlib import Path

LOCK = ".lock"
"""The file in a folder that its owner holds locked. It stays; the lock goes with the process, killed or not."""
OURS = {LOCK, "resources.json"}
"""A folder that holds one of them was a data folder before."""


class AlreadyRunning(Exception):
    """Another local cloud owns the folder; two would write each other's files."""


class NotOurs(ValueError):
    """The folder is no data folder."""


@contextlib.contextmanager
def own(folder: Path, refusal: str) -> Generator[None]:
    """Be the folder's only owner for the length of a `with`; nothing in it changes before. Raises `AlreadyRunning`."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            process = os.pread(descriptor, 20, 0).decode() or "unknown"
            raise AlreadyRunning(
                f"{refusal} (process {process}); nothing was changed: use that one, or end it with Ctrl-C where it runs"
            ) from error
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def make_private(folder: Path) -> None:
    """Take everybody else's rights from a data folder and from what earlier runs left in it."""
    for path in (folder, *folder.rglob("*")):
        mode = path.lstat().st_mode
        if mode & 0o077 and not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) & 0o700)


def refuse_foreign(folder: Path) -> None:
    """Raises `NotOurs` for a folder that holds things, but none of a local cloud: its rights are not ours to change."""
    names = sorted(path.name for path in folder.iterdir())
    if names and not OURS & {*names}:
        raise NotOurs(
            f"{folder} holds other things ({', '.join(names[:3])}): name an empty or a new folder for the data"
        )
