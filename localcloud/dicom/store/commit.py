"""Make staged instances part of the store: all that can be, in one transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Literal

from localcloud.dicom.store.archive import Archive
from localcloud.dicom.store.duplicates import same_content
from localcloud.dicom.store.index import NewInstance, Record
from localcloud.dicom.store.ingest import PROCESSING_FAILURE, Refused, Staged
from localcloud.dicom.store.spool import disk_full

Duplicates = Literal["reject_all", "accept_identical"]


@dataclass
class Outcome:
    stored: list[NewInstance] = field(default_factory=list[NewInstance])
    same: list[Record] = field(default_factory=list[Record])
    """Already there with the same content, and accepted as such."""
    refused: list[Refused] = field(default_factory=list[Refused])


def commit(archive: Archive, staged: list[Staged], duplicates: Duplicates) -> Outcome:
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


def insert(archive: Archive, staged: list[Staged], duplicates: Duplicates) -> Outcome:
    outcome = Outcome()
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


def refuse(record: Record, why: str) -> Refused:
    message = f"instance {record.instance} {why}"
    return Refused(PROCESSING_FAILURE, message, record.sop_class, record.instance, record.study)
