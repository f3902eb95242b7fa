"""Objects on disk: an SQLite index of generations beside immutable content files. No buckets, no HTTP."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from localcloud.objects.incoming import Incoming
from localcloud.objects.resource import Preconditions, StoredObject

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT, name TEXT, generation INTEGER, metageneration INTEGER, size INTEGER, md5 BLOB, crc32c BLOB,
    created REAL, updated REAL, deleted REAL, fields TEXT, PRIMARY KEY (bucket, name, generation)
) WITHOUT ROWID;
"""
COLUMNS = "bucket, name, generation, metageneration, size, md5, crc32c, created, updated, deleted, fields"


class ObjectStore:
    """Thread-safe. A method that changes something takes the preconditions, so that check and change are one step."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self.contents = folder / "content"
        self.uploads = folder / "uploads"
        self.contents.mkdir(parents=True, exist_ok=True)
        self.clock = clock
        self.lock = threading.RLock()
        self.index = sqlite3.connect(folder / "index.sqlite", check_same_thread=False, isolation_level=None)
        self.index.execute("PRAGMA journal_mode=WAL")
        self.index.executescript(SCHEMA)
        self.newest = self.index.execute("SELECT coalesce(max(generation), 0) FROM objects").fetchone()[0]

    def close(self) -> None:
        self.index.close()

    def path(self, item: StoredObject) -> Path:
        return self.contents / str(item.generation)

    def get(self, bucket: str, name: str, generation: int | None = None) -> StoredObject | None:
        """The live object, or that generation, live or not."""
        with self.lock:
            which = "deleted IS NULL" if generation is None else f"generation = {generation:d}"
            query = f"SELECT {COLUMNS} FROM objects WHERE bucket = ? AND name = ? AND {which}"  # noqa: S608 - an int
            row = self.index.execute(query, (bucket, name)).fetchone()
        return read(row) if row else None

    def open(self, item: StoredObject) -> BinaryIO:
        """Its content, readable to the end even when the object is replaced meanwhile; find it just before."""
        return self.path(item).open("rb")

    def put(
        self, bucket: str, name: str, content: Incoming, fields: dict[str, Any], *, when: Preconditions, keep: bool
    ) -> StoredObject:
        """Make finished `content` the live generation; with `keep` the one before stays as an old version."""
        with self.lock:
            current = self.get(bucket, name)
            when.require(current)
            now = self.clock()
            self.newest = max(self.newest + 1, int(now * 1_000_000))
            stored = StoredObject(
                bucket=bucket, name=name, generation=self.newest, size=content.size, md5=content.md5,
                crc32c=content.crc32c, created=now, updated=now, fields=fields,
            )  # fmt: skip
            os.replace(content.path, self.path(stored))
            self.index.execute("BEGIN")
            if current:
                self.retire(current, now, keep=keep)
            self.insert(stored)
            self.index.execute("COMMIT")
        if current and not keep:
            self.path(current).unlink(missing_ok=True)
        return stored

    def update(self, item: StoredObject, fields: dict[str, Any], *, when: Preconditions) -> StoredObject:
        """Other metadata for the same content."""
        with self.lock:
            current = self.get(item.bucket, item.name, item.generation)
            when.require(current)
            changed = replace(item, fields=fields, metageneration=item.metageneration + 1, updated=self.clock())
            self.insert(changed)
        return changed

    def delete(self, item: StoredObject, *, when: Preconditions, keep: bool) -> None:
        """Remove a generation for good, or with `keep` only retire the live one."""
        with self.lock:
            when.require(self.get(item.bucket, item.name, item.generation))
            self.retire(item, self.clock(), keep=keep)
        if not keep:
            self.path(item).unlink(missing_ok=True)

    def retire(self, old: StoredObject, now: float, *, keep: bool) -> None:
        if keep:
            self.insert(replace(old, deleted=now, updated=now))
        else:
            key = (old.bucket, old.name, old.generation)
            self.index.execute("DELETE FROM objects WHERE bucket = ? AND name = ? AND generation = ?", key)

    def insert(self, stored: StoredObject) -> None:
        row = tuple(getattr(stored, column.strip()) for column in COLUMNS.split(",")[:-1])
        marks = ", ".join("?" * 11)
        command = f"INSERT OR REPLACE INTO objects ({COLUMNS}) VALUES ({marks})"  # noqa: S608 - our own column names
        self.index.execute(command, (*row, json.dumps(stored.fields)))

    def walk(self, bucket: str, start: str = "", *, versions: bool = False) -> Iterator[StoredObject]:
        """Objects from the name `start` on, in the order of names; old generations too with `versions`."""
        live = "" if versions else "AND deleted IS NULL"
        page = f"bucket = ? AND (name, generation) > (?, ?) {live} ORDER BY name, generation LIMIT 500"
        query = f"SELECT {COLUMNS} FROM objects WHERE {page}"  # noqa: S608 - our own words
        last: tuple[str, int] = (start, 0)
        while True:
            with self.lock:
                rows = [read(row) for row in self.index.execute(query, (bucket, *last)).fetchall()]
            yield from rows
            if len(rows) < 500:
                return
            last = (rows[-1].name, rows[-1].generation)


def read(row: tuple[Any, ...]) -> StoredObject:
    names = [column.strip() for column in COLUMNS.split(",")]
    values = dict(zip(names, row, strict=True))
    return StoredObject(**values | {"fields": json.loads(values["fields"])})
