"""The store's index: studies, series and instances in SQLite, so that a page of results never looks at all of them.

It knows UIDs, searchable attributes and file names; what attributes mean and what files hold is known elsewhere.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS studies(
  id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, patient_name TEXT, patient_id TEXT, accession TEXT, physician TEXT,
  date TEXT, summary TEXT NOT NULL, sample INTEGER NOT NULL,
  series_count INTEGER NOT NULL DEFAULT 0, instance_count INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS studies_patient_name ON studies(patient_name);
CREATE INDEX IF NOT EXISTS studies_patient_id ON studies(patient_id);
CREATE INDEX IF NOT EXISTS studies_accession ON studies(accession);
CREATE INDEX IF NOT EXISTS studies_physician ON studies(physician);
CREATE INDEX IF NOT EXISTS studies_date ON studies(date);
CREATE TABLE IF NOT EXISTS name_tokens(
  token TEXT, study_id INTEGER REFERENCES studies ON DELETE CASCADE, PRIMARY KEY(token, study_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS name_tokens_study ON name_tokens(study_id);
CREATE TABLE IF NOT EXISTS study_modalities(
  modality TEXT, study_id INTEGER REFERENCES studies ON DELETE CASCADE, series_count INTEGER NOT NULL,
  PRIMARY KEY(modality, study_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS study_modalities_study ON study_modalities(study_id);
CREATE TABLE IF NOT EXISTS series(
  id INTEGER PRIMARY KEY, study_id INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE, uid TEXT NOT NULL,
  modality TEXT, summary TEXT NOT NULL, sample INTEGER NOT NULL, instance_count INTEGER NOT NULL DEFAULT 0,
  UNIQUE(study_id, uid));
CREATE INDEX IF NOT EXISTS series_uid ON series(uid);
CREATE INDEX IF NOT EXISTS series_study ON series(study_id);
CREATE INDEX IF NOT EXISTS series_modality ON series(modality, study_id);
CREATE TABLE IF NOT EXISTS instances(
  id INTEGER PRIMARY KEY, series_id INTEGER NOT NULL REFERENCES series ON DELETE CASCADE, uid TEXT NOT NULL,
  sop_class TEXT, syntax TEXT NOT NULL, file TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
  index_size INTEGER NOT NULL, metadata_size INTEGER NOT NULL, image TEXT NOT NULL, bulk TEXT NOT NULL,
  summary TEXT NOT NULL, UNIQUE(series_id, uid));
CREATE TABLE IF NOT EXISTS storage_classes(
  file TEXT PRIMARY KEY REFERENCES instances(file) ON DELETE CASCADE, class TEXT NOT NULL, updated REAL NOT NULL)
  WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS instances_uid ON instances(uid);
CREATE INDEX IF NOT EXISTS instances_series ON instances(series_id);
"""


@dataclass(frozen=True)
class Searchable:
    """Study-level values that can be matched, as first stored."""

    patient_name: str
    patient_id: str
    accession: str
    physician: str
    date: str


@dataclass(frozen=True)
class InstanceRecord:
    """One stored instance."""

    study: str
    series: str
    instance: str
    sop_class: str
    syntax: str
    file: str
    """Base name of its files."""
    size: int
    index_size: int
    metadata_size: int
    image: dict[str, Any]
    """Attributes needed to read and decode a frame."""
    bulk: dict[str, list[Any]]
    """Bulk data path -> [file suffix, offset, length]."""


@dataclass(frozen=True)
class NewInstance:
    """What `Index.add` needs: the record, its searchable values, and a summary of its attributes for each level."""

    record: InstanceRecord
    searchable: Searchable
    modality: str
    names: str
    """All component groups of the patient's name."""
    summaries: tuple[str, str, str]
    """Serialized attributes shown for study, series, instance."""


RECORD_COLUMNS = (
    "studies.uid study, series.uid series, instances.uid instance, sop_class, syntax, file, size, index_size, "
    "metadata_size, image, bulk"
)
JOINED = "instances JOIN series ON series.id = series_id JOIN studies ON studies.id = series.study_id"


SELECT_RECORDS = f"SELECT {RECORD_COLUMNS} FROM {JOINED}"  # noqa: S608 - both are constants


def tokens(name: str) -> set[str]:
    """The words of a person name as fuzzy matching compares them."""
    return {word for word in re.split(r"[\s^=,]+", name.casefold()) if word}


class Index:
    """Thread-safe: one connection writes, each thread reads with its own (WAL: readers never wait)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write_lock = threading.Lock()
        self._readers = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._writer = self._connect()
        self._writer.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {SCHEMA}")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=30)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys=ON")
        self._open.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._open:
            connection.close()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        reader = getattr(self._readers, "connection", None)
        if reader is None:
            reader = self._readers.connection = self._connect()
        return reader.execute(sql, parameters).fetchall()

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """Everything or nothing, on the disk when it returns."""
        with self._write_lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def records(self, study: str, series: str = "", instance: str = "") -> list[InstanceRecord]:
        """The instances of a study, series or instance in the order they were stored."""
        where, values = "studies.uid = ?", [study]
        if series:
            where, values = where + " AND series.uid = ?", [*values, series]
        if instance:
            where, values = where + " AND instances.uid = ?", [*values, instance]
        rows = self.query(f"{SELECT_RECORDS} WHERE {where} ORDER BY series.id, instances.id", values)
        return [record(row) for row in rows]

    def storage_class(self, record: InstanceRecord) -> tuple[str, float | None]:
        """The class an instance is in, and since when (seconds since the epoch); nothing was set: STANDARD."""
        rows = self.query("SELECT class, updated FROM storage_classes WHERE file = ?", (record.file,))
        return (rows[0]["class"], rows[0]["updated"]) if rows else ("STANDARD", None)

    def set_storage_class(self, records: Sequence[InstanceRecord], wanted: str, now: float) -> None:
        """Move instances; one that is in the class already keeps its time, one that is gone is left out."""
        with self.transaction() as db:
            db.executemany(
                "INSERT INTO storage_classes SELECT file, ?, ? FROM instances WHERE file = ? "
                "ON CONFLICT DO UPDATE SET class = excluded.class, updated = excluded.updated "
                "WHERE class != excluded.class",
                [(wanted, now, record.file) for record in records],
            )

    def every(self) -> list[InstanceRecord]:
        """All instances, in the order they were stored."""
        return [record(row) for row in self.query(f"{SELECT_RECORDS} ORDER BY instances.id")]

    def files(self) -> set[str]:
        return {row["file"] for row in self.query("SELECT file FROM instances")}

    def add(self, db: sqlite3.Connection, new: NewInstance) -> bool:
        """Insert within `transaction`; False when the same UIDs are there already."""
        study = self._study(db, new)
        series = self._series(db, study, new)
        r = new.record
        values = (
            *(series, r.instance, r.sop_class, r.syntax, r.file, r.size, r.index_size, r.metadata_size),
            *(json.dumps(r.image), json.dumps(r.bulk), new.summaries[2]),
        )
        try:
            row = db.execute("INSERT INTO instances VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values).lastrowid
        except sqlite3.IntegrityError:
            return False
        db.execute("UPDATE series SET instance_count = instance_count + 1 WHERE id = ?", (series,))
        db.execute("UPDATE series SET sample = ? WHERE id = ? AND sample = 0", (row, series))
        db.execute("UPDATE studies SET instance_count = instance_count + 1 WHERE id = ?", (study,))
        db.execute("UPDATE studies SET sample = ? WHERE id = ? AND sample = 0", (row, study))
        return True

    def _study(self, db: sqlite3.Connection, new: NewInstance) -> int:
        known = db.execute("SELECT id FROM studies WHERE uid = ?", (new.record.study,)).fetchone()
        if known:
            return known["id"]
        values = [getattr(new.searchable, field.name) for field in fields(Searchable)]
        row = db.execute(
            "INSERT INTO studies(uid, patient_name, patient_id, accession, physician, date, summary, sample) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            (new.record.study, *values, new.summaries[0]),
        ).lastrowid
        words = tokens(new.names)
        db.executemany("INSERT INTO name_tokens VALUES (?, ?)", [(word, row) for word in words])
        return row or 0

    def _series(self, db: sqlite3.Connection, study: int, new: NewInstance) -> int:
        key = (study, new.record.series)
        known = db.execute("SELECT id FROM series WHERE study_id = ? AND uid = ?", key).fetchone()
        if known:
            return known["id"]
        row = db.execute(
            "INSERT INTO series(study_id, uid, modality, summary, sample) VALUES (?, ?, ?, ?, 0)",
            (*key, new.modality, new.summaries[1]),
        ).lastrowid
        db.execute("UPDATE studies SET series_count = series_count + 1 WHERE id = ?", (study,))
        db.execute(
            "INSERT INTO study_modalities VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET series_count = series_count + 1",
            (new.modality, study),
        )
        return row or 0


def record(row: sqlite3.Row) -> InstanceRecord:
    values = {key: row[key] for key in row.keys()}  # noqa: SIM118 - a Row iterates over its values
    return InstanceRecord(**{**values, "image": json.loads(values["image"]), "bulk": json.loads(values["bulk"])})
