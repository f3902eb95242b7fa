"""One attempt of one task as a process group: started with a clean environment, its output logged, ended for sure."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL, as on Cloud Run."""


class TimedOut(Exception):
    """The attempt was still running when its time was over."""


async def attempt(
    command: list[str], env: Mapping[str, str], folder: Path, log: Callable[[str], None], timeout: float
) -> int:
    """Run the command in `folder`; returns its exit code (negative: the signal that ended it).

    Raises `TimedOut` after `timeout` seconds, OSError when it cannot be started. No process of it is left in any case.
    """
    # A pipe of our own: asyncio's would let wait() return only when every grandchild has closed it too.
    source, sink = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=dict(env), start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=sink, stderr=sink,
        )  # fmt: skip
    except BaseException:
        os.close(source)
        raise
    finally:
        os.close(sink)
    lines = asyncio.create_task(copy_lines(source, log))
    try:
        async with asyncio.timeout(timeout):
            return await process.wait()
    except TimeoutError as over:
        await terminate(process)
        raise TimedOut from over
    except asyncio.CancelledError:
        await terminate(process)
        raise
    finally:
        # Also on cancellation; and children that outlive their parent would hold the pipe open.
        kill_group(process.pid)
        await process.wait()
        await lines


async def terminate(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), GRACE)


def kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


async def copy_lines(source: int, log: Callable[[str], None]) -> None:
    """Each line of a pipe to the log as it comes, until nobody writes any more; a line without end is cut at 64 KiB."""
    stream = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(source, "rb"))
    rest = b""
    while chunk := await stream.read(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) >= 65536:
            lines, rest = [*lines, rest], b""
        for line in lines:
            log(line.decode(errors="replace").rstrip("\r"))
    if rest:
        log(rest.decode(errors="replace"))


def clean_environment(home: Path) -> dict[str, str]:
    """What a task sees of the machine: where programs are, this interpreter first, and an empty home."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {
        "PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
