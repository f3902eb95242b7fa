"""Make staged instances part of the store: all that can be, in one transaction.

Two files are the same instance when their data sets are equal but for what storing and forwarding rewrites.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Literal

import pydicom

from localcloud.dicom.store.archive import Archive
from localcloud.dicom.store.index import SELECT_RECORDS, InstanceRecord, NewInstance, record
from localcloud.dicom.store.ingest import PROCESSING_FAILURE, InstanceRefused, StagedInstance
from localcloud.dicom.store.spool import disk_full

VOLATILE = (0x00081190, 0x00080056)
"""RetrieveURL and InstanceAvailability: set by whoever last sent the file. Group 2 is left out as a whole."""
STEP = 2**20
Duplicates = Literal["reject_all", "accept_identical"]


@dataclass
class StoreOutcome:
    stored: list[NewInstance] = field(default_factory=list[NewInstance])
    same: list[InstanceRecord] = field(default_factory=list[InstanceRecord])
    """Already there with the same content, and accepted as such."""
    refused: list[InstanceRefused] = field(default_factory=list[InstanceRefused])


def commit(archive: Archive, staged: list[StagedInstance], duplicates: Duplicates) -> StoreOutcome:
    """What is refused has left the disk when this returns; what is stored survives a crash."""
    try:
        outcome = insert(archive, staged, duplicates)
    except BaseException as error:
        for one in staged:
            archive.discard(one.record.file)
        if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
            raise disk_full() from error
        raise
    kept = {one.record.file for one in outcome.stored}
    for one in staged:
        if one.record.file not in kept:
            archive.discard(one.record.file)
    return outcome


def insert(archive: Archive, staged: list[StagedInstance], duplicates: Duplicates) -> StoreOutcome:
    outcome = StoreOutcome()
    with archive.index.transaction() as db:
        for one in staged:
            r = one.record
            if archive.is_deleting(r.study, r.series):
                outcome.refused.append(refuse(r, "is in a study that is being deleted: store it when that is done"))
            elif archive.index.add(db, one.new):
                outcome.stored.append(one.new)
            elif duplicates == "accept_identical" and same_content(archive, r, db):
                outcome.same.append(r)
            else:
                outcome.refused.append(refuse(r, f"already exists in study {r.study}, series {r.series}"))
    return outcome


def refuse(record: InstanceRecord, why: str) -> InstanceRefused:
    message = f"instance {record.instance} {why}"
    return InstanceRefused(PROCESSING_FAILURE, message, record.sop_class, record.instance, record.study)


def same_content(archive: Archive, new: InstanceRecord, db: sqlite3.Connection) -> bool:
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


def equal_bytes(archive: Archive, old: InstanceRecord, new: InstanceRecord) -> bool:
    with archive.path(old.file).open("rb") as a, archive.path(new.file).open("rb") as b:
        while one := a.read(STEP):
            if one != b.read(STEP):
                return False
        return not b.read(1)


def equal_datasets(archive: Archive, old: InstanceRecord, new: InstanceRecord) -> bool:
    one, other = (pydicom.dcmread(archive.path(r.file), defer_size=STEP) for r in (old, new))
    for dataset in (one, other):
        for tag in VOLATILE:
            if tag in dataset:
                del dataset[tag]
    return one == other
