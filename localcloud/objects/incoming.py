"""A body on its way to disk: written as it comes, hashed on the way, durable before it counts. Knows no buckets."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import google_crc32c

from localcloud.errors import ApiError


class Incoming:
    """A temporary file in `folder` with its running size, MD5 and CRC32C."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / uuid.uuid4().hex
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crc32c = google_crc32c.Checksum()
        self._file = self.path.open("wb")

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._md5.update(chunk)
        self._crc32c.update(chunk)
        self.size += len(chunk)

    async def drain(self, chunks: AsyncIterator[bytes]) -> None:
        async for chunk in chunks:
            self.write(chunk)

    async def finish(self) -> None:
        """After this the content survives a power cut."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """The same, for who may wait."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Close and remove; nothing happens when the file has been taken over."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    @property
    def md5(self) -> bytes:
        return self._md5.digest()

    @property
    def crc32c(self) -> bytes:
        return self._crc32c.digest()

    def verify(self, announced: Mapping[str, Any], name: str) -> None:
        """Compare with the `md5Hash` and `crc32c` the client announced, if any; `ApiError` 400 when they differ."""
        for key, digest in (("md5Hash", self.md5), ("crc32c", self.crc32c)):
            computed = base64.b64encode(digest).decode()
            if announced.get(key) not in (None, computed):
                raise ApiError(
                    400,
                    f"The {key} announced for {name} is {announced[key]}, but what arrived has {computed}.",
                )
