"""WADO-RS of one instance: its file as stored, in pieces, without holding it.

Owns taking the one part out of a multipart answer and noticing that it was cut short.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from email.message import Message
from typing import Any

import requests
import urllib3

from ..errors import SeriesFailed
from ..http.retry import Traffic
from ..model.metadata import Row
from .store import DicomStore

PIECE = 256 * 1024
"""Bytes read at a time. Larger ones are not faster, and each instance in flight holds two or three."""
HEAD = 16 * 1024
"""Bytes within which the header lines of a part must end."""
EPILOGUE = 64
"""Bytes that may follow the closing delimiter: a line end, usually."""
HEADERS = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*', "Accept-Encoding": "identity"}
"""As stored: without the syntax a store would decompress. Not zipped: pixels are compressed already."""


class TruncatedAnswer(requests.ConnectionError):
    """The answer ended early. A connection error, so that the retry layer repeats what it was the body of."""


class StoredFile:
    """The file of one instance in a store. Each iteration is one GET, the first one is opened by `open`."""

    def __init__(self, store: DicomStore, study: str, row: Row, traffic: Traffic | None = None) -> None:
        self._store, self._study, self._row = store, study, row
        self._traffic = traffic or Traffic()
        self._waiting: tuple[requests.Response, tuple[bytes, bytes]] | None = None
        self.length: int | None = None

    def open(self) -> StoredFile:
        """Sends the GET and reads the part's length from its header, where the server tells it. Raises Gone, …"""
        self._waiting = self._begin()
        return self

    def __iter__(self) -> Iterator[bytes | memoryview]:
        response, begun = self._waiting or self._begin()
        self._waiting = None
        with response:
            yield from self._file(response, *begun)

    def close(self) -> None:
        if self._waiting is not None:
            self._waiting[0].close()
            self._waiting = None

    def _begin(self) -> tuple[requests.Response, tuple[bytes, bytes]]:
        response = self._get()
        try:
            return response, self._head(response)
        except Exception:
            response.close()
            raise

    def _get(self) -> requests.Response:
        row = self._row
        path = f"studies/{self._study}/series/{row.series}/instances/{row.instance}"
        return self._store.stream(path, HEADERS, f"instance {row.instance}")

    def _head(self, response: requests.Response) -> tuple[bytes, bytes]:
        """(delimiter that ends the part, or empty for a body that is the file; first bytes of the file)."""
        kind = Message()
        kind["Content-Type"] = response.headers.get("Content-Type", "")
        if kind.get_content_type() == "application/dicom":
            length = response.headers.get("Content-Length", "")
            self.length = int(length) if length.isdigit() else None
            return b"", b""
        boundary = kind.get_param("boundary")
        if kind.get_content_type() != "multipart/related" or not isinstance(boundary, str):
            raise SeriesFailed(
                f"instance {self._row.instance}: {self._store.name} answered with something that is no DICOM file"
            )
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            piece = self._read(response)
            if not piece or len(data) > HEAD:
                raise TruncatedAnswer(f"instance {self._row.instance}: the answer has no part")
            data += piece
        for line in data[:end].split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                self.length = int(value)
        return b"\r\n--" + boundary.encode("latin-1") + b"--", data[end + 4 :]

    def _file(self, response: requests.Response, delimiter: bytes, first: bytes) -> Generator[bytes | memoryview]:
        """The file's bytes; what may be the closing delimiter is held back until the end shows that it is."""
        hold = len(delimiter) + EPILOGUE if delimiter else 0
        data, sent = first, 0
        while True:
            ready = max(0, len(data) - hold)
            if ready:
                sent += ready
                yield memoryview(data)[:ready]
            piece = self._read(response)
            data = data[ready:] + piece
            if not piece:
                break
        at = data.rfind(delimiter) if delimiter else len(data)
        if at < 0:
            raise TruncatedAnswer(f"instance {self._row.instance}: the answer ended early")
        if self.length is not None and sent + at != self.length:
            raise TruncatedAnswer(f"instance {self._row.instance}: the answer has another length than it says")
        if at:
            yield data[:at]

    def _read(self, response: requests.Response) -> bytes:
        raw: Any = response.raw
        try:
            piece: bytes = raw.read(PIECE, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise TruncatedAnswer(f"instance {self._row.instance}: {type(error).__name__}") from None
        self._traffic.add(received=len(piece))
        return piece
