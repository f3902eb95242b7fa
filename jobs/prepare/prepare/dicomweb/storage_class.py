"""Moves a study's pixels to another storage class: `studies.setBlobStorageSettings` of the Healthcare API, v1.

One request a study. It answers with an operation of the dataset, which a second request looks at; what is in the class
already keeps the time since when it is there, so a request that is sent again changes nothing.
"""

from __future__ import annotations

import requests

from ..errors import SeriesFailed
from .store import TIMEOUT, DicomStore


def set_storage_class(store: DicomStore, study: str, storage_class: str) -> str:
    """Name of the operation that moves it. Raises Gone, CannotRun, SeriesFailed."""
    body = {"blobStorageSettings": {"blobStorageClass": storage_class.upper()}}
    what = f"study {study}"
    try:
        answer = store.session.post(f"{store.root}/studies/{study}:setBlobStorageSettings", json=body, timeout=TIMEOUT)
        if not answer.ok:
            raise store.refusal(what, answer.status_code, f"move {what} to another storage class", "dicomWebWrite")
        return str(answer.json().get("name", ""))
    except (requests.RequestException, ValueError, AttributeError) as error:
        raise SeriesFailed(
            f"{what}: its move to {storage_class} was not answered ({type(error).__name__}); run again"
        ) from None


def is_done(store: DicomStore, operation: str) -> bool | None:
    """Whether an operation has ended well; None for one that Google has forgotten.

    Raises SeriesFailed where it has ended with an error or with instances that it left, or cannot be looked at.
    """
    what = "the move of a study to another storage class"
    try:
        answer = store.session.get(f"{store.root[: store.root.find('projects/')]}{operation}", timeout=TIMEOUT)
        if answer.status_code == 404:
            return None
        if answer.status_code == 403:
            raise SeriesFailed(f"{what}: the job's service account needs healthcare.operations.get on the dataset")
        answer.raise_for_status()
        content = answer.json()
        code = content.get("error", {}).get("code")
        left = int(content.get("metadata", {}).get("counter", {}).get("failure") or 0)
    except (requests.RequestException, ValueError, TypeError, AttributeError) as error:
        raise SeriesFailed(f"{what}: its operation could not be looked at ({type(error).__name__})") from None
    if code is not None:
        raise SeriesFailed(f"{what}: its operation ended with an error of the store's (google.rpc.Code {code})")
    if left and content.get("done"):
        raise SeriesFailed(f"{what}: its operation left {left} instances where they were")
    return bool(content.get("done"))
