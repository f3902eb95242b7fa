"""STOW-RS: one instance a request, streamed, and what the store said about it.

Success is the instance's UID in ReferencedSOPSequence, whatever the status says. What a refusal means is the caller's
business: stores give one reason both to duplicates and to other failures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, cast

import requests

from ..errors import CannotRun, SeriesFailed
from .store import TIMEOUT, DicomStore

BOUNDARY = "prepare.3f1d7a5c9b2e4860"
"""Any string will do: a body holds one file, and stores that search for it find 24 improbable bytes."""
FAILED, REFERENCED, REASON, INSTANCE = "00081198", "00081199", "00081197", "00081155"


class FileSource(Protocol):
    """A DICOM file that can be read any number of times, in pieces."""

    def __iter__(self) -> Iterator[bytes | memoryview]: ...

    @property
    def length(self) -> int | None:
        """Bytes of the file; None when not known before it is read."""
        ...


@dataclass(frozen=True)
class Body:
    """A multipart body of one file. Iterating starts over, so that a repeated request sends the whole file again."""

    source: FileSource

    def __iter__(self) -> Iterator[bytes | memoryview]:
        yield f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        yield from self.source
        yield f"\r\n--{BOUNDARY}--\r\n".encode()


class SizedBody(Body):
    """The same, when its length is known: sent with Content-Length instead of in chunks."""

    def __len__(self) -> int:
        head = len(f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n")
        return head + (self.source.length or 0) + len(f"\r\n--{BOUNDARY}--\r\n")


def store(target: DicomStore, study: str, instance: str, source: FileSource) -> int | None:
    """Sends one instance. None when it is stored, else the store's FailureReason (0 for none).

    Raises CannotRun without permission, SeriesFailed when the store could not take it now.
    """
    body = Body(source) if source.length is None else SizedBody(source)
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
        "Accept": "application/dicom+json",
    }
    try:
        response = target.session.post(
            f"{target.root}/studies/{study}", data=cast(Any, body), headers=headers, timeout=TIMEOUT
        )
    except requests.RequestException as error:
        raise SeriesFailed(
            f"instance {instance}: {target.name} did not take it ({type(error).__name__}); run again"
        ) from None
    if response.status_code == 401:
        raise CannotRun(f"{target.name} does not accept the credentials of this job (401)")
    if response.status_code in (403, 404):
        raise CannotRun(
            f"no permission to store in {target.name} (or it does not exist): the job's service account needs "
            "healthcare.dicomStores.dicomWebWrite on it"
        )
    return _verdict(target, instance, response)


def _verdict(target: DicomStore, instance: str, response: requests.Response) -> int | None:
    """A 200 that lists the instance as failed is a failure; a 409 that lists it as stored is a success."""
    answer = _answer(response)
    for item in _items(answer, FAILED):
        if _first(item, INSTANCE) in (instance, None):
            reason = _first(item, REASON)
            return reason if isinstance(reason, int) else 0
    if any(_first(item, INSTANCE) == instance for item in _items(answer, REFERENCED)):
        return None
    if response.status_code == 409:
        return 0
    raise SeriesFailed(
        f"instance {instance}: {target.name} answered {response.status_code} without naming it as stored; run again"
    )


def _answer(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    if isinstance(body, list) and body:
        body = body[0]
    return body if isinstance(body, dict) else {}


def _items(answer: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    element = answer.get(tag)
    value = element.get("Value") if isinstance(element, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _first(item: dict[str, Any], tag: str) -> Any:
    value = item.get(tag, {}).get("Value", [])
    return value[0] if value else None
