"""Log entries on disk: one file a log, the older half dropped when a log grows too large.

A line is a list of records: whole entries, or short ones that become entries when they are read, as a frame of a slide
has no time for a kilobyte of log. Records wait up to a second for their line; so what was logged in the last second
before a crash is lost.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

Entry = dict[str, Any]
Short = tuple[Any, ...]
LARGEST = 8 * 2**20
"""Bytes of one log on disk, in two files of half of it."""
WAIT_SECONDS = 1.0
BATCH = 1000


class Journal:
    """The records of one log."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self._path, self._half = path, largest // 2
        self._older = path.with_name(f"{path.name.removesuffix('.jsonl')}.older.jsonl")
        self._pending: list[Entry | Short] = []
        self._due = 0.0
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not (kept := path.read_bytes()).endswith(b"\n"):
            path.write_bytes(kept[: kept.rfind(b"\n") + 1])  # a crash cut the last line off

    def write(self, record: Entry | Short) -> None:
        now = time.monotonic()
        if not self._pending:
            self._due = now + WAIT_SECONDS
        self._pending.append(record)
        if now >= self._due or len(self._pending) >= BATCH:
            self.flush()

    def flush(self) -> None:
        if not self._pending:
            return
        with self._path.open("a") as file:
            file.write(json.dumps(self._pending, separators=(",", ":")) + "\n")
            size = file.tell()
        self._pending = []
        if size > self._half:
            self._path.replace(self._older)

    def records(self) -> Iterator[Entry | list[Any]]:
        """Oldest first; a short one is a list now."""
        self.flush()
        for path in (self._older, self._path):
            if path.exists():
                with path.open() as lines:
                    for line in lines:
                        yield from json.loads(line)


class Journals:
    """Every log of a cloud, by its id (`cloudaudit.googleapis.com%2Factivity`). Thread-safe."""

    def __init__(self, folder: Path, spell_out: Callable[[str, list[Any]], Entry], largest: int = LARGEST) -> None:
        """`spell_out` makes an entry of a log's id and a short record."""
        self._folder, self._spell_out, self._largest = folder, spell_out, largest
        self._lock = threading.Lock()
        self._logs: dict[str, Journal] = {}
        for log in {path.name.removesuffix(".jsonl").removesuffix(".older") for path in folder.glob("*.jsonl")}:
            self._logs[log] = Journal(folder / f"{log}.jsonl", largest)

    def write(self, entry: Entry) -> None:
        """Keep an entry in the log that its `logName` says."""
        self.note(entry["logName"].rpartition("/")[2], entry)

    def note(self, log: str, record: Entry | Short) -> None:
        with self._lock:
            journal = self._logs.get(log)
            if journal is None:
                journal = self._logs[log] = Journal(self._folder / f"{log}.jsonl", self._largest)
            journal.write(record)

    def entries(self) -> list[Entry]:
        """All of all logs, by time."""
        with self._lock:
            found = [
                record if isinstance(record, dict) else self._spell_out(log, record)
                for log, journal in self._logs.items()
                for record in journal.records()
            ]
        return sorted(found, key=lambda entry: (entry["timestamp"], entry["insertId"]))

    def close(self) -> None:
        with self._lock:
            for journal in self._logs.values():
                journal.flush()
            self._logs.clear()


def log_id(entry: Entry) -> str:
    """`cloudaudit.googleapis.com/activity` of `projects/P/logs/cloudaudit.googleapis.com%2Factivity`."""
    return unquote(entry["logName"].rpartition("/")[2])
