"""A DICOM store as its users see it: the standard's requests, Google's long-running deletes. Judges nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from smoke_tests import multipart
from smoke_tests.credentials import Credentials
from smoke_tests.http import Http, HttpAnswer, until

DICOM_JSON = "application/dicom+json"
AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'
FRAMES = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
"""What the viewer's engine sends for each tile."""
GONE = (403, 404)
"""Google does not tell "does not exist" from "not allowed"."""
Attributes = dict[str, Any]
"""One object of the DICOM JSON model."""


class DicomwebRefused(AssertionError):
    """The store answered something else than the request calls for."""


def parse_list(answer: HttpAnswer) -> list[Attributes]:
    """The objects of a JSON answer; 204 is an empty list."""
    if answer.status == 204:
        return []
    if answer.status != 200 or "json" not in answer.content_type:
        raise DicomwebRefused(str(answer))
    try:
        rows = json.loads(answer.body)
    except ValueError:
        raise DicomwebRefused(f"{answer.method} {answer.url} answered 200 with a body that is not JSON") from None
    if not isinstance(rows, list):
        raise DicomwebRefused(f"{answer} (a list was due)")
    return rows


def value(attributes: Attributes, tag: str) -> Any:
    """First value of an attribute, None without one. `tag` as in `0020000D`."""
    values = attributes.get(tag, {}).get("Value") or [None]
    return values[0]


@dataclass(frozen=True)
class DicomWeb:
    """One store, spoken to as one identity (None: without a token)."""

    http: Http
    root: str
    credentials: Credentials
    principal: str | None

    def send(self, method: str, path: str, *, accept: str = DICOM_JSON, **more: Any) -> HttpAnswer:
        headers = {"Accept": accept, **self.credentials.headers(self.principal), **more.pop("headers", {})}
        url = path if path.startswith("http") else f"{self.root}/{path}"
        return self.http.send(method, url, headers=headers, **more)

    def stow(self, files: Sequence[bytes]) -> HttpAnswer:
        content_type, body = multipart.join("application/dicom", files)
        return self.send("POST", "studies", headers={"Content-Type": content_type}, body=body)

    def search(self, path: str, **query: str) -> list[Attributes]:
        return parse_list(self.send("GET", path, params=query))

    def metadata(self, path: str) -> list[Attributes]:
        return parse_list(self.send("GET", f"{path}/metadata"))

    def parts(self, path: str, accept: str) -> list[multipart.Part]:
        """The parts of a multipart answer; `DicomwebRefused` unless it is 200."""
        answer = self.send("GET", path, accept=accept)
        if answer.status != 200:
            raise DicomwebRefused(str(answer))
        return multipart.split(answer.headers.get("Content-Type", ""), answer.body)

    def bulk(self, uri: str) -> bytes:
        """What a BulkDataURI leads to."""
        answer = self.send("GET", uri, accept='multipart/related; type="application/octet-stream"')
        if answer.status != 200:
            raise DicomwebRefused(str(answer))
        if answer.content_type != "multipart/related":
            return answer.body
        return multipart.split(answer.headers.get("Content-Type", ""), answer.body)[0].body

    def finish_delete(self, answer: HttpAnswer, seconds: float) -> None:
        """Follow the answer to a DELETE of a study to the end of its operation, whose error is an error here."""
        if answer.status not in (200, 202, 204):
            raise DicomwebRefused(str(answer))
        if not answer.body.strip():
            return
        operation = _operation(answer)
        name = str(operation.get("name", ""))
        if name and not operation.get("done"):
            url = f"{self._api_root()}{name}"
            operation = until(lambda: self._wait_for_operation(url), f"operation {name} on {self.root}", seconds)
        if error := operation.get("error"):
            raise DicomwebRefused(f"operation {name} ended with an error: {error.get('message', error)}")

    def _wait_for_operation(self, url: str) -> dict[str, Any] | None:
        answer = self.send("GET", url, accept="application/json")
        if answer.status != 200:
            raise DicomwebRefused(str(answer))
        operation = _operation(answer)
        return operation if operation.get("done") else None

    def _api_root(self) -> str:
        """`https://healthcare.googleapis.com/v1/` of a store under it."""
        match = re.match(r"(.+/v\d\w*/)projects/", self.root)
        if not match:
            parts = urlsplit(self.root)
            return f"{parts.scheme}://{parts.netloc}/"
        return match[1]

    def eventually(self, question: Callable[[], bool], what: str, seconds: float) -> None:
        until(lambda: True if question() else None, what, seconds)


def _operation(answer: HttpAnswer) -> dict[str, Any]:
    try:
        operation = json.loads(answer.body)
    except ValueError:
        raise DicomwebRefused(f"{answer} (a long-running operation was due)") from None
    if not isinstance(operation, dict):
        raise DicomwebRefused(f"{answer} (a long-running operation was due)")
    return operation
