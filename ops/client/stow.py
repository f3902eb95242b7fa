"""One file into a store by STOW-RS: streamed from disk, one instance a request, and what the store answered."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import requests

from ops.client.refusal import OpsRefused

TIMEOUT = (10.0, 1800.0)
"""Seconds to connect, and for the answer: a store may take 30 minutes over a large instance."""
BLOCK = 1 << 20
"""Bytes read and sent at a time."""
FAILED, REFERENCED, REASON, DETAIL = "00081198", "00081199", "00081197", "00091097"
DUPLICATE = 272
"""FailureReason 0110H; Google gives it to duplicates and, sadly, to other failures too."""
REASONS = {
    0x0110: "processing failure",
    0x0124: "not authorised",
    0xA700: "the store is out of resources",
    0xA900: "the file does not match its SOP class",
    0xC000: "the store cannot understand the file",
    0x0117: "invalid SOPInstanceUID",
}


class StoreClosed(OpsRefused):
    """The store takes nothing from us: whoever sends may stop."""


class Sendable(Protocol):
    """A DICOM file on disk; `bytes` is its size."""

    @property
    def path(self) -> Path: ...
    @property
    def bytes(self) -> int: ...
    @property
    def study(self) -> str: ...
    @property
    def instance(self) -> str: ...


@dataclass(frozen=True)
class StoreAnswer:
    """What became of one instance. `there`: one with its UID was there already, the same or another."""

    kind: Literal["stored", "there", "refused"]
    reason: str = ""
    """Of a refusal, a sentence."""


class Unsendable(Exception):
    """The file could not be read to its end. No OSError, which the transport would take for its own and repeat."""


class MultipartFile:
    """A multipart body of one file, read from disk as the connection takes it.

    Iterating starts over, so that a repeated request (a retry, a fresh token) sends the whole file again.
    """

    def __init__(self, file: Sendable, progress: Callable[[int], None]) -> None:
        self.boundary = uuid.uuid4().hex
        self._head = f"--{self.boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        self._tail = f"\r\n--{self.boundary}--\r\n".encode()
        self._file = file
        self._progress = progress
        self._sent = 0

    def __len__(self) -> int:
        return len(self._head) + self._file.bytes + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        self._progress(-self._sent)
        self._sent = 0
        yield self._head
        try:
            with self._file.path.open("rb") as file:
                while block := file.read(min(BLOCK, self._file.bytes - self._sent)):
                    yield block
                    self._sent += len(block)
                    self._progress(len(block))
        except OSError as error:
            raise Unsendable(error.strerror or type(error).__name__) from None
        if self._sent != self._file.bytes:
            raise Unsendable("it became shorter meanwhile")
        yield self._tail


def store(session: requests.Session, root: str, file: Sendable, progress: Callable[[int], None]) -> StoreAnswer:
    """Sends one file. Raises `StoreClosed` on 401 and 403."""
    part = MultipartFile(file, progress)
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={part.boundary}',
        "Accept": "application/dicom+json",
    }
    try:
        response = session.post(f"{root}/studies/{file.study}", data=part, headers=headers, timeout=TIMEOUT)
    except requests.RequestException as error:
        return _refuse(f"the store could not be reached ({type(error).__name__}); run again")
    except Unsendable as reason:
        return _refuse(f"cannot be read: {reason}")
    if response.status_code in (401, 403):
        raise StoreClosed(refusal(response, root, "store", "healthcare.dicomStores.dicomWebWrite"))
    return read_answer(file.instance, response)


def refusal(response: requests.Response, where: str, verb: str, permission: str) -> str:
    if response.status_code == 401:
        return f"the credentials are not accepted (401) by {where}: sign in again, or check --token-command"
    return f"no permission to {verb} in {where} (or it does not exist): it takes {permission}"


def read_answer(instance: str, response: requests.Response) -> StoreAnswer:
    """Success is the instance in ReferencedSOPSequence, whatever the status says."""
    body = _json(response)
    instances = [_first(item, "00081155") for item in _items(body, REFERENCED)]
    if response.ok and instance in instances:
        return StoreAnswer("stored")
    for item in _items(body, FAILED):
        detail = str(_first(item, DETAIL) or "")
        code = _first(item, REASON)
        if "already exists" in detail or (code == DUPLICATE and "differ" in detail):
            return StoreAnswer("there")
        reason = detail or (REASONS.get(code, "") if isinstance(code, int) else "")
        return _refuse(f"the store refused it: {reason or 'no reason given'} (FailureReason {code})")
    if response.status_code == 409 and not body:
        return StoreAnswer("there")
    return _refuse(f"the store answered {response.status_code} without naming the instance as stored")


def _refuse(reason: str) -> StoreAnswer:
    return StoreAnswer("refused", reason)


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    if isinstance(body, list) and body:
        body = body[0]
    return body if isinstance(body, dict) else {}


def _items(body: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    return list(body.get(tag, {}).get("Value", []))


def _first(item: dict[str, Any], tag: str) -> Any:
    return next(iter(item.get(tag, {}).get("Value", [])), None)
