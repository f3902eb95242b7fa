"""Log entries on disk: one file a log, one entry a line, the older half dropped when a log grows too large.

Lines are buffered for a second, so what was logged in the last second before a crash is lost.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import unquote

Entry = dict[str, Any]
LARGEST = 16 * 2**20
"""Bytes of one log on disk, in two files of half of it."""
BUFFER = 2**16
FLUSH_SECONDS = 1.0


class Journal:
    """The entries of one log."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self._path, self._half = path, largest // 2
        self._older = path.with_suffix(".older.jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open()

    def _open(self) -> None:
        if self._path.exists() and not (kept := self._path.read_bytes()).endswith(b"\n"):
            self._path.write_bytes(kept[: kept.rfind(b"\n") + 1])  # a crash cut the last line off
        self._file: TextIO = self._path.open("a", buffering=BUFFER)
        self._size = self._path.stat().st_size
        self._flushed = time.monotonic()

    def write(self, entry: Entry) -> None:
        line = json.dumps(entry, separators=(",", ":")) + "\n"
        self._file.write(line)
        self._size += len(line)
        now = time.monotonic()
        if now - self._flushed > FLUSH_SECONDS:
            self._file.flush()
            self._flushed = now
        if self._size > self._half:
            self.close()
            self._path.replace(self._older)
            self._open()

    def entries(self) -> Iterator[Entry]:
        """Oldest first."""
        self._file.flush()
        for path in (self._older, self._path):
            if path.exists():
                with path.open() as lines:
                    yield from map(json.loads, lines)

    def close(self) -> None:
        self._file.close()


class Journals:
    """Every log of a cloud, by its id (`cloudaudit.googleapis.com/activity`). Thread-safe."""

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        self._folder, self._largest = folder, largest
        self._lock = threading.Lock()
        self._logs: dict[str, Journal] = {}
        for path in folder.glob("*.jsonl"):
            if not path.name.endswith(".older.jsonl"):
                self._logs[path.stem] = Journal(path, largest)

    def write(self, entry: Entry) -> None:
        """Keep an entry in the log that its `logName` says."""
        name = entry["logName"].rpartition("/")[2]
        with self._lock:
            if name not in self._logs:
                self._logs[name] = Journal(self._folder / f"{name}.jsonl", self._largest)
            self._logs[name].write(entry)

    def entries(self) -> list[Entry]:
        """All of all logs, by time."""
        with self._lock:
            found = [entry for journal in self._logs.values() for entry in journal.entries()]
        return sorted(found, key=lambda entry: (entry["timestamp"], entry["insertId"]))

    def close(self) -> None:
        with self._lock:
            for journal in self._logs.values():
                journal.close()
            self._logs.clear()


def log_id(entry: Entry) -> str:
    """`cloudaudit.googleapis.com/activity` of `projects/P/logs/cloudaudit.googleapis.com%2Factivity`."""
    return unquote(entry["logName"].rpartition("/")[2])
