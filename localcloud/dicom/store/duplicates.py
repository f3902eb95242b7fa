"""Whether two files are the same instance: equal data sets but for what storing and forwarding rewrites."""

from __future__ import annotations

import sqlite3

import pydicom

from localcloud.dicom.store.archive import Archive
from localcloud.dicom.store.index import SELECT_RECORDS, Record, record

VOLATILE = (0x00081190, 0x00080056)
"""RetrieveURL and InstanceAvailability: set by whoever last sent the file. Group 2 is left out as a whole."""
STEP = 2**20


def same_content(archive: Archive, new: Record, db: sqlite3.Connection) -> bool:
    """Compare a staged instance with the stored one of the same UIDs: identical bytes, or equal data set and pixels."""
    row = db.execute(
        f"{SELECT_RECORDS} WHERE studies.uid = ? AND series.uid = ? AND instances.uid = ?",
        (new.study, new.series, new.instance),
    ).fetchone()
    old = record(row)
    if old.syntax != new.syntax:
        return False
    if old.size == new.size and equal_bytes(archive, old, new):
        return True
    return equal_datasets(archive, old, new)


def equal_bytes(archive: Archive, old: Record, new: Record) -> bool:
    with archive.path(old.file).open("rb") as a, archive.path(new.file).open("rb") as b:
        while one := a.read(STEP):
            if one != b.read(STEP):
                return False
        return not b.read(1)


def equal_datasets(archive: Archive, old: Record, new: Record) -> bool:
    one, other = (pydicom.dcmread(archive.path(r.file), defer_size=STEP) for r in (old, new))
    for dataset in (one, other):
        for tag in VOLATILE:
            if tag in dataset:
                del dataset[tag]
    return one == other
