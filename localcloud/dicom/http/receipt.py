"""The answer to a store request: a data set that names what was stored and what was not and why (PS3.18 §10.5.3)."""

from __future__ import annotations

from localcloud.dicom.files.jsonmodel import Attributes
from localcloud.dicom.store.commit import StoreOutcome
from localcloud.dicom.store.index import InstanceRecord
from localcloud.dicom.store.ingest import InstanceRefused

RETRIEVE_URL, FAILED, REFERENCED = "00081190", "00081198", "00081199"
FAILURE_REASON = "00081197"
CREATOR, DETAIL = "00090010", "00091097"
"""Google's private FailureDetail, in the block of the private creator GOOGLE."""


def receipt(outcome: StoreOutcome, root: str, study: str) -> Attributes:
    """`root` is the store's URL that ends in /dicomWeb; `study` the UID in the request's path, if any."""
    stored = [instance.record for instance in outcome.stored] + outcome.same
    known = [study, *(r.study for r in stored), *(refusal.study for refusal in outcome.refused)]
    study = next(filter(None, known), "")
    answer: Attributes = {}
    if study:
        answer[RETRIEVE_URL] = url(f"{root}/studies/{study}")
    if outcome.refused:
        answer[FAILED] = {"vr": "SQ", "Value": [describe_failed(refusal) for refusal in outcome.refused]}
    if stored:
        answer[REFERENCED] = {"vr": "SQ", "Value": [describe_stored(r, root) for r in stored]}
    return answer


def describe_stored(r: InstanceRecord, root: str) -> Attributes:
    address = f"{root}/studies/{r.study}/series/{r.series}/instances/{r.instance}"
    return {**reference(r.sop_class, r.instance), RETRIEVE_URL: url(address)}


def describe_failed(one: InstanceRefused) -> Attributes:
    return {
        **reference(one.sop_class, one.instance),
        FAILURE_REASON: {"vr": "US", "Value": [one.reason]},
        CREATOR: {"vr": "LO", "Value": ["GOOGLE"]},
        DETAIL: {"vr": "LT", "Value": [one.message]},
    }


def reference(sop_class: str, instance: str) -> Attributes:
    pairs = (("00081150", sop_class), ("00081155", instance))
    return {tag: {"vr": "UI", "Value": [uid]} for tag, uid in pairs if uid}


def url(address: str) -> Attributes:
    return {"vr": "UR", "Value": [address]}
