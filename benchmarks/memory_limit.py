"""A control group with a hard limit on memory, files on tmpfs included: what a container has.

Made below this process's own group, with version 1 or 2 of Linux's control groups; making one takes root.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PATIENCE = 10.0


class NoGroup(Exception):
    """No control group can be made here, in words."""


@dataclass(frozen=True)
class MemoryLimit:
    folder: Path
    peak_file: str

    def enter(self) -> None:
        """Moves the calling process in; give it to `preexec_fn`."""
        (self.folder / "cgroup.procs").write_text("0")

    @property
    def peak(self) -> int:
        """Bytes."""
        return int((self.folder / self.peak_file).read_text())


@contextlib.contextmanager
def memory_limit(limit: int) -> Generator[MemoryLimit]:
    """A group of at most `limit` bytes. Raises NoGroup."""
    lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    controllers = {names: path for _, names, path in lines}
    for names, base, limit_file, peak_file in (
        ("memory", ROOT / "memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
        ("", ROOT, "memory.max", "memory.peak"),
    ):
        if names not in controllers or not base.is_dir():
            continue
        folder = base / controllers[names].lstrip("/") / f"limit-{os.getpid()}"
        try:
            folder.mkdir()
            (folder / limit_file).write_text(str(limit))
        except OSError as error:
            with contextlib.suppress(OSError):
                folder.rmdir()
            raise NoGroup(f"{folder}: {error.strerror}") from None
        try:
            yield MemoryLimit(folder, peak_file)
        finally:
            _remove(folder)
        return
    raise NoGroup("this system has no control groups for memory")


def _remove(folder: Path) -> None:
    """A group goes once its last process is gone, which the kernel notes a moment later."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            folder.rmdir()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
