"""Write a body to disk while it arrives.

Pieces go to the page cache at once, on the event loop: a piece is at most what one read of the socket gave, and
handing batches of them to a thread doubles the processor time of the whole request. Only the flush, which waits for
the disk, is for a thread.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from localcloud.errors import ApiError


class Spool:
    """One file being written. `flush` makes it durable; `close` promises nothing."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def write(self, data: memoryview | bytes) -> None:
        """Raises `OSError`, as `flush` does."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def flush(self) -> None:
        """Wait for the disk."""
        os.fsync(self._fd)

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


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
