"""Write a body to disk while it arrives: the next megabytes are received while the last ones are written."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

from localcloud.errors import ApiError

BATCH = 2 * 2**20
"""Bytes handed to a writing thread at once; twice this is what one upload holds in memory."""


class Spool:
    """One file being written. `close` makes it durable; a file that is not closed is for the caller to discard."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._buffer = bytearray()
        self._writing: asyncio.Future[None] | None = None

    async def write(self, data: memoryview | bytes) -> None:
        self._buffer += data
        if len(self._buffer) >= BATCH:
            await self._hand_over()

    async def close(self) -> None:
        """Write what is left and flush it to the disk. Raises `OSError`, as `write` does."""
        await self._hand_over()
        await self._settled()
        await asyncio.to_thread(os.fsync, self._fd)
        os.close(self._fd)
        self._fd = -1

    async def abandon(self) -> None:
        """Let go of the file without keeping any promise about it."""
        if self._writing:
            await asyncio.gather(self._writing, return_exceptions=True)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    async def _hand_over(self) -> None:
        await self._settled()
        data, self._buffer = self._buffer, bytearray()
        self._writing = asyncio.ensure_future(asyncio.to_thread(self._write, data))

    async def _settled(self) -> None:
        if self._writing:
            await asyncio.shield(self._writing)
            self._writing = None

    def _write(self, data: bytearray) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]


def disk_full() -> ApiError:
    return ApiError(
        507,
        "the disk of the DICOM store is full: nothing of this request was stored; free space and send it again.",
        status="RESOURCE_EXHAUSTED",
    )


def disk_error(error: OSError) -> ApiError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full()
    return ApiError(500, f"the DICOM store cannot write: {error.strerror}; nothing of this request was stored.")
