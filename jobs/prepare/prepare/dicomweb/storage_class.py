"""Moves a study's pixels to another storage class: `studies.setBlobStorageSettings` of the Healthcare API, v1.

One request a study. It answers with an operation of the dataset; what is in the class already keeps the time since
when it is there, so a request that is sent again changes nothing.
"""

from __future__ import annotations

import requests

from ..errors import CannotRun, Gone, SeriesFailed
from .store import TIMEOUT, DicomStore


def set_storage_class(store: DicomStore, study: str, storage_class: str) -> str:
    """Name of the operation that moves it. Raises Gone, CannotRun, SeriesFailed."""
    body = {"blobStorageSettings": {"blobStorageClass": storage_class.upper()}}
    url = f"{store.root}/studies/{study}:setBlobStorageSettings"
    try:
        answer = store.session.post(url, json=body, timeout=TIMEOUT)
        if answer.status_code == 403 and store.may_read():
            raise CannotRun(
                f"no permission to move study {study} of {store.name} to another storage class: the job's service "
                "account needs healthcare.dicomStores.dicomWebWrite on it"
            )
        if answer.status_code in (403, 404):
            raise Gone(f"study {study} is not in {store.name}, or no longer")
        if not answer.ok:
            raise SeriesFailed(
                f"study {study}: {store.name} answered {answer.status_code} to its move to {storage_class}; it is "
                "tried again tomorrow"
            )
        return str(answer.json().get("name", ""))
    except (requests.RequestException, ValueError, AttributeError) as error:
        raise SeriesFailed(
            f"study {study}: its move to {storage_class} was not answered ({type(error).__name__}); it is tried "
            "again tomorrow"
        ) from None
