"""Sweeps away the studies of smoke runs that were killed. Looks twice before each delete; touches nothing else.

A study goes only when its PatientID begins with SMOKE-, its run began long enough ago, and every instance in it names
the synthetic patient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from smoke_tests.dicomweb import Attributes, DicomWeb, value
from smoke_tests.slide.identity import NAME, PREFIX, RUN_ID, began
from smoke_tests.tracker import PROBLEMS, remove

PAGE = 100
STUDY, PATIENT_ID, PATIENT_NAME, STUDY_DATE, STUDY_TIME = "0020000D", "00100020", "00100010", "00080020", "00080030"


@dataclass
class Sweep:
    """What a sweep did: study UIDs removed, left for their age, and one sentence for each problem."""

    removed: list[str] = field(default_factory=list[str])
    young: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])


def sweep(store: DicomWeb, *, older_than: timedelta, now: datetime, seconds: float = 600) -> Sweep:
    done = Sweep()
    # Listed to the end first: deleting while paging would shift the pages.
    for study in list(smoke_studies(store)):
        uid = str(value(study, STUDY))
        if now - started_at(study) < older_than:
            done.young.append(uid)
            continue
        try:
            if stranger := someone_else(store, uid):
                done.problems.append(f"study {uid} was not deleted: {stranger}")
                continue
            remove(store, uid, seconds)
            done.removed.append(uid)
        except PROBLEMS as problem:
            done.problems.append(f"study {uid} could not be deleted: {problem}")
    return done


def smoke_studies(store: DicomWeb) -> Iterator[Attributes]:
    """All studies whose PatientID says smoke; stores match PatientID exactly or not at all, so all pages are read."""
    offset = 0
    while page := store.search("studies", limit=str(PAGE), offset=str(offset)):
        yield from (study for study in page if str(value(study, PATIENT_ID) or "").startswith(PREFIX["smoke"]))
        offset += len(page)


def started_at(study: Attributes) -> datetime:
    """When the run began: from the run id in PatientID, else from the study's date; now-like when it has neither."""
    run_id = str(value(study, PATIENT_ID)).removeprefix(PREFIX["smoke"])
    if RUN_ID.fullmatch(run_id):
        return began(run_id)
    date, time = str(value(study, STUDY_DATE) or ""), str(value(study, STUDY_TIME) or "000000")[:6]
    try:
        return datetime.strptime(date + time.ljust(6, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


def someone_else(store: DicomWeb, study: str) -> str:
    """Why a study is not wholly ours; empty when it is. Read from the instances, not from the search's summary."""
    instances = store.metadata(f"studies/{study}")
    if not instances:
        return "it has no instances to look at"
    for instance in instances:
        name = (value(instance, PATIENT_NAME) or {}).get("Alphabetic", "")
        identifier = str(value(instance, PATIENT_ID) or "")
        if name != NAME["smoke"] or not identifier.startswith(PREFIX["smoke"]):
            return "an instance in it is not of the synthetic patient"
    return ""
