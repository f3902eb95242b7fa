"""Log entries on disk: one file a log, the older half dropped when a log grows too large.

A line is a batch of records: whole entries, or short ones that become entries when they are read, as a frame of a slide
has no time for a kilobyte of log. Records are written by a thread, half a second after the first of a batch at the
latest; reading and closing write what waits. So a crash loses half a second, and nothing else does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

from localcloud.logs.batches import Entry, Short, decode, encode

LARGEST = 8 * 2**20
"""Bytes of one log on disk, in two files of half of it."""
WAIT_SECONDS = 0.5
BATCH = 2000
"""Records that wait at most, so that a burst stays out of memory."""


class Journal:
    """The records of one log. Thread-safe."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self._path, self._half = path, largest // 2
        self._older = path.with_name(f"{path.name.removesuffix('.jsonl')}.older.jsonl")
        self._pending: list[Entry | Short] = []
        self._at_once = False
        self._adding, self._writing = threading.Lock(), threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not (kept := path.read_bytes()).endswith(b"\n"):
            path.write_bytes(kept[: kept.rfind(b"\n") + 1])  # a crash cut the last line off

    def write(self, record: Entry | Short) -> None:
        """Keep a record, which is written soon."""
        with self._adding:
            pending = self._pending
            pending.append(record)
            waiting = len(pending)
        if self._at_once or waiting >= BATCH:
            self.flush()
        elif waiting == 1:
            self._write_later()

    def _write_later(self) -> None:
        timer = threading.Timer(WAIT_SECONDS, self.flush)
        timer.daemon = True  # nothing may wait for it; who ends in order closes, which writes
        timer.start()

    def flush(self) -> None:
        """Write what waits; when it returns, everything noted before is on its file, in order."""
        with self._writing:
            with self._adding:
                batch, self._pending = self._pending, []
            if not batch:
                return
            try:
                size = self._append(f"{encode(batch)}\n")
            except BaseException:
                with self._adding:
                    self._pending[:0] = batch
                raise
            if size > self._half:
                self._path.replace(self._older)

    def close(self) -> None:
        """Write what waits, and at once whatever a request that is still at work may note."""
        self._at_once = True
        self.flush()

    def _append(self, line: str) -> int:
        with self._path.open("a") as file:
            file.write(line)
            return file.tell()

    def records(self) -> Iterator[Entry | Short]:
        """Oldest batch first."""
        self.flush()
        with self._writing:
            lines = [
                line
                for path in (self._older, self._path)
                if path.exists()
                for line in path.read_text().splitlines(keepends=True)
            ]
        for line in lines:
            yield from decode(line)


class Journals:
    """Every log of a cloud, by its id (`cloudaudit.googleapis.com%2Factivity`). Thread-safe."""

    def __init__(self, folder: Path, spell_out: Callable[[str, Short], Entry], largest: int = LARGEST) -> None:
        """`spell_out` makes an entry of a log's id and a short record."""
        self._folder, self._spell_out, self._largest = folder, spell_out, largest
        self._opening = threading.Lock()
        self._logs: dict[str, Journal] = {}
        for log in {path.name.removesuffix(".jsonl").removesuffix(".older") for path in folder.glob("*.jsonl")}:
            self._logs[log] = Journal(folder / f"{log}.jsonl", largest)

    def write(self, entry: Entry) -> None:
        """Keep an entry in the log that its `logName` says."""
        self.note(entry["logName"].rpartition("/")[2], entry)

    def note(self, log: str, record: Entry | Short) -> None:
        (self._logs.get(log) or self._open(log)).write(record)

    def _open(self, log: str) -> Journal:
        with self._opening:
            if log not in self._logs:
                self._logs[log] = Journal(self._folder / f"{log}.jsonl", self._largest)
            return self._logs[log]

    def entries(self) -> list[Entry]:
        """All of all logs, by time, whatever was noted before among them."""
        entries = [
            record if isinstance(record, dict) else self._spell_out(log, record)
            for log, journal in list(self._logs.items())
            for record in journal.records()
        ]
        return sorted(entries, key=lambda entry: (entry["timestamp"], entry["insertId"]))

    def close(self) -> None:
        """Write everything; what is noted later, by a request that is still at work, is written at once."""
        for journal in self._logs.values():
            journal.close()


def log_id(entry: Entry) -> str:
    """`cloudaudit.googleapis.com/activity` of `projects/P/logs/cloudaudit.googleapis.com%2Factivity`."""
    return unquote(entry["logName"].rpartition("/")[2])
