"""QIDO-RS results: a page of rows from the index, each with the attributes of its level."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from localcloud.dicom.files.jsonmodel import Attributes, dump, with_root
from localcloud.dicom.store.archive import Archive
from localcloud.dicom.store.index import JOINED, RECORD_COLUMNS, tokens
from localcloud.dicom.store.query import Query, date_range
from localcloud.dicom.store.summaries import INSTANCE, SERIES, SERIES_ALL, STUDY, STUDY_ALL

EQUAL = {
    "StudyInstanceUID": "studies.uid",
    "PatientName": "studies.patient_name",
    "PatientID": "studies.patient_id",
    "AccessionNumber": "studies.accession",
    "ReferringPhysicianName": "studies.physician",
    "SeriesInstanceUID": "series.uid",
    "Modality": "series.modality",
    "SOPInstanceUID": "instances.uid",
    "ModalitiesInStudy": "study_modalities.modality",
}
SELECT = {
    "study": "SELECT studies.*, (SELECT group_concat(modality, '\\') FROM study_modalities AS present "
    "WHERE present.study_id = studies.id) modalities FROM studies",
    "series": "SELECT series.*, studies.uid study_uid, studies.summary study_summary FROM series "
    "JOIN studies ON studies.id = series.study_id",
    "instance": "SELECT instances.*, series.uid series_uid, series.summary series_summary, studies.uid study_uid, "
    "studies.summary study_summary FROM instances JOIN series ON series.id = instances.series_id "
    "JOIN studies ON studies.id = series.study_id",
}
TRANSFER_SYNTAX = "00020010"
"""Of group 2, which no data set has; Google's pathology client (EZ-WSI) asks for it, and opens nothing without it."""
SAMPLE = f"SELECT {RECORD_COLUMNS}, instances.summary instance_summary FROM {JOINED} WHERE instances.id = ?"  # noqa: S608
ORDER = {
    "study": "studies.id",
    "series": "series.study_id, series.id",
    "instance": "series.study_id, series.id, instances.id",
}


def statement(query: Query) -> tuple[str, list[Any]]:
    """The SQL of one page."""
    sql, conditions, values = SELECT[query.level], list[str](), list[Any]()
    order = ORDER[query.level]
    for keyword, value in query.match.items():
        if keyword == "StudyDate":
            conditions.append("studies.date BETWEEN ? AND ?")
            values += date_range(value)
        elif keyword == "PatientName" and query.fuzzy:
            words = sorted(tokens(value))
            matching = " OR ".join("token >= ? AND token < ?" for _ in words) or "1"
            conditions.append(f"studies.id IN (SELECT study_id FROM name_tokens WHERE {matching})")  # noqa: S608 - no value
            values += [end for word in words for end in (word, word + "\U0010ffff")]
        else:
            if keyword == "ModalitiesInStudy":
                sql += " JOIN study_modalities ON study_modalities.study_id = studies.id"
                order = "study_modalities.study_id"
            conditions.append(f"{EQUAL[keyword]} = ?")
            values.append(value)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"{sql}{where} ORDER BY {order} LIMIT ? OFFSET ?", [*values, query.limit, query.offset]


def page(archive: Archive, query: Query, root: str, in_study: bool, in_series: bool) -> list[bytes]:
    """Each result as serialized attributes, bulk data and retrieve URLs below `root` (`…/dicomWeb`)."""
    rows = archive.index.query(*statement(query))
    return [serialized for row in rows for serialized in result(archive, query, row, root, in_study, in_series)]


def result(
    archive: Archive, query: Query, row: sqlite3.Row, root: str, in_study: bool, in_series: bool
) -> Iterator[bytes]:
    builders = {"study": study_result, "series": series_result, "instance": instance_result}
    shown, url, sample = builders[query.level](archive, query, row, root)
    if query.level != "study" and not in_study:
        add(shown, json.loads(row["study_summary"]), STUDY)
    if query.level == "instance" and not in_series:
        add(shown, json.loads(row["series_summary"]), SERIES)
    shown["00080056"] = {"vr": "CS", "Value": ["ONLINE"]}
    shown["00081190"] = {"vr": "UR", "Value": [url]}
    yield with_root(dump(dict(sorted(shown.items()))), sample)


def add(shown: Attributes, source: Attributes, tags: tuple[str, ...] | set[str]) -> None:
    for tag in tags:
        if tag in source and tag not in shown:
            shown[tag] = source[tag]


def whole_number(value: int) -> Attributes:
    return {"vr": "IS", "Value": [value]}


def study_result(archive: Archive, query: Query, row: sqlite3.Row, root: str) -> tuple[Attributes, str, str]:
    shown: Attributes = {}
    add(shown, json.loads(row["summary"]), STUDY_ALL if query.everything else STUDY)
    named = sorted(filter(None, (row["modalities"] or "").split("\\")))
    shown["00080061"] = {"vr": "CS", "Value": named} if named else {"vr": "CS"}
    shown["00201206"] = whole_number(row["series_count"])
    shown["00201208"] = whole_number(row["instance_count"])
    sample = include(archive, query, row["sample"], shown, root)
    return shown, f"{root}/studies/{row['uid']}", sample


def series_result(archive: Archive, query: Query, row: sqlite3.Row, root: str) -> tuple[Attributes, str, str]:
    shown: Attributes = {}
    add(shown, json.loads(row["summary"]), SERIES_ALL if query.everything else SERIES)
    shown["00201209"] = whole_number(row["instance_count"])
    sample = include(archive, query, row["sample"], shown, root)
    return shown, f"{root}/studies/{row['study_uid']}/series/{row['uid']}", sample


def instance_result(archive: Archive, query: Query, row: sqlite3.Row, root: str) -> tuple[Attributes, str, str]:
    shown: Attributes = {}
    add(shown, json.loads(row["summary"]), INSTANCE)
    include(archive, query, row["id"], shown, root, everything=query.everything)
    url = f"{root}/studies/{row['study_uid']}/series/{row['series_uid']}/instances/{row['uid']}"
    return shown, url, url


def include(
    archive: Archive, query: Query, sample: int, shown: Attributes, root: str, *, everything: bool = False
) -> str:
    """Add what `includefield` asks for from the instance with row id `sample`; returns that instance's URL."""
    missing = query.include - shown.keys()
    if not missing and not everything:
        return ""
    row = archive.index.query(SAMPLE, (sample,))[0]
    if TRANSFER_SYNTAX in missing:
        shown[TRANSFER_SYNTAX] = {"vr": "UI", "Value": [row["syntax"]]}
    summary = json.loads(row["instance_summary"])
    if everything or any(tag in summary and summary[tag] is None for tag in missing):
        with archive.path(row["file"], "aux").open("rb") as aux:
            aux.seek(row["index_size"])
            summary = json.loads(aux.read(row["metadata_size"]))
    add(shown, summary, set(summary) if everything else missing)
    return f"{root}/studies/{row['study']}/series/{row['series']}/instances/{row['instance']}"
