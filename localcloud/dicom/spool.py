"""Write a body to disk while it arrives: the next megabytes are received while the last ones are written."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

from localcloud.errors import ApiError

BATCH = 2*1024*1024
"""Bytes handed to a writing thread at once; twice this is what one upload holds in memory."""
FLUSH = 1 << 60
"""Bytes after which the disk is asked to start, so that the last flush of a big file is short."""


class Spool:
    """One file being written. `close` makes it durable; a file that is not closed is for the caller to discard."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._buffer = bytearray()
        self._writing: asyncio.Future[None] | None = None
        self._unflushed = 0

    async def write(self, data: memoryview | bytes) -> None:
        self._buffer += data
        if len(self._buffer) >= BATCH:
            await self._hand_over()

    async def close(self) -> None:
        """Write what is left and flush it to the disk. Raises `ApiError` 507 when the disk is full."""
        await self._hand_over()
        await self._settled()
        try:
            await asyncio.to_thread(os.fsync, self._fd)
        except OSError as error:
            raise disk_error(error) from error
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
            try:
                await asyncio.shield(self._writing)
            except OSError as error:
                raise disk_error(error) from error
            self._writing = None

    def _write(self, data: bytearray) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        self._unflushed += len(data)
        if self._unflushed >= FLUSH:
            os.fdatasync(self._fd) if hasattr(os, "fdatasync") else os.fsync(self._fd)
            self._unflushed = 0


def disk_error(error: OSError) -> ApiError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ApiError(
            507,
            "the disk of the DICOM store is full: nothing of this request was stored; free space and send it again.",
        )
    return ApiError(500, f"the DICOM store cannot write: {error.strerror}; nothing of this request was stored.")
