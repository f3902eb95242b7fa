"""Moves a study's pixels to another storage class: `studies.setBlobStorageSettings` of the Healthcare API, v1.

One request a study. It answers with an operation of the dataset; what is in the class already keeps the time since
when it is there, so a request that is sent again changes nothing.
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
