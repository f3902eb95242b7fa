"""Take instances out of the index and keep what it says of their series and studies true."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from localcloud.dicom.store.index import Index, InstanceRecord


def remove(index: Index, records: Sequence[InstanceRecord]) -> None:
    """Delete the rows of `records`, all of one study, and series and studies that are left empty."""
    with index.transaction() as db:
        for r in records:
            db.execute("DELETE FROM instances WHERE file = ?", (r.file,))
        study = db.execute("SELECT id FROM studies WHERE uid = ?", (records[0].study,)).fetchone()["id"]
        for uid in {r.series for r in records}:
            recount_series(db, study, uid)
        recount_study(db, study)


def recount_series(db: sqlite3.Connection, study: int, uid: str) -> None:
    series = db.execute("SELECT id FROM series WHERE study_id = ? AND uid = ?", (study, uid)).fetchone()["id"]
    count, sample = db.execute("SELECT count(*), min(id) FROM instances WHERE series_id = ?", (series,)).fetchone()
    if count == 0:
        db.execute("DELETE FROM series WHERE id = ?", (series,))
        return
    db.execute("UPDATE series SET instance_count = ?, sample = ? WHERE id = ?", (count, sample, series))


def recount_study(db: sqlite3.Connection, study: int) -> None:
    series, instances = db.execute(
        "SELECT count(*), coalesce(sum(instance_count), 0) FROM series WHERE study_id = ?", (study,)
    ).fetchone()
    if instances == 0:
        db.execute("DELETE FROM studies WHERE id = ?", (study,))
        return
    db.execute(
        "UPDATE studies SET series_count = ?, instance_count = ?, "
        "sample = (SELECT min(series.sample) FROM series WHERE study_id = studies.id) WHERE id = ?",
        (series, instances, study),
    )
    db.execute("DELETE FROM study_modalities WHERE study_id = ?", (study,))
    db.execute(
        "INSERT INTO study_modalities "
        "SELECT modality, study_id, count(*) FROM series WHERE study_id = ? GROUP BY modality",
        (study,),
    )
