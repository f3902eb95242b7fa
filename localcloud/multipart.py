"""multipart/related (RFC 2046, 2387) in both directions: split a body as it arrives, and frame an answer.

It keeps no more of a body than one part header or one possible delimiter. It does not know what the parts mean.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

MAX_HEADER = 16 * 1024
"""Bytes of one part's header lines: far above what any client sends, low enough to stop a body without headers."""


class MalformedMultipart(ValueError):
    """The body is not multipart as RFC 2046 writes it; the message says where."""


@dataclass(frozen=True)
class PartStart:
    headers: dict[str, str]
    """Header names in lower case."""


@dataclass(frozen=True)
class PartEnd:
    pass


Event = PartStart | PartEnd | memoryview


@dataclass(frozen=True)
class MediaType:
    """A Content-Type: `type` in lower case, `parameters` with lower-case names and unquoted values."""

    type: str
    parameters: dict[str, str]


PARAMETER = re.compile(r';\s*([^=;\s]+)\s*=\s*("(?:\\.|[^"\\])*"|[^;]*)')


def parse_media_type(value: str) -> MediaType:
    """Read a Content-Type header; an empty one gives an empty type.

    HTTP has no continuations or charsets of parameters (RFC 2231): `boundary*0` is a parameter of that name.
    """
    parameters = {name.lower(): unquote(text.strip()) for name, text in PARAMETER.findall(value)}
    return MediaType(value.partition(";")[0].strip().lower(), parameters)


def unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if len(text) > 1 and text[0] == text[-1] == '"' else text


class Splitter:
    """Push parser of one multipart body: `feed` each chunk, take the events; `finish` at the end of the body."""

    def __init__(self, boundary: str) -> None:
        self._dashed = b"--" + boundary.encode("latin-1")
        self._newline = b"\r\n"
        self._needle = b"\r\n" + self._dashed
        self._state = self._preamble
        self._rest = b""
        self._closed = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Events of one more piece of the body. Raises `MalformedMultipart`."""
        self._rest = self._rest + chunk if self._rest else chunk
        while not self._closed and self._rest:
            before = (self._state, len(self._rest))
            yield from self._state()
            if (self._state, len(self._rest)) == before:
                return

    def finish(self) -> None:
        """Call when the body has ended. Raises `MalformedMultipart` if it ended early."""
        if not self._closed:
            raise MalformedMultipart(
                f"the multipart body ends without its closing delimiter {(self._dashed + b'--').decode('latin-1')!r}"
            )

    def _preamble(self) -> Iterator[Event]:
        data = self._rest
        at = 0 if data.startswith(self._dashed) else data.find(b"\n" + self._dashed) + 1
        if at == 0 and not data.startswith(self._dashed):
            # Keep what may be the head of the first delimiter; a preamble is for humans and is dropped.
            self._rest = data[-len(self._dashed) :]
            return
        end = data.find(b"\n", at)
        if data[at + len(self._dashed) :].startswith(b"--"):
            self._closed = True
        elif end >= 0:
            # Some clients end lines with LF alone: they do it everywhere, so the first line tells.
            if data[end - 1 : end] != b"\r":
                self._newline = b"\n"
            self._needle = self._newline + self._dashed
            self._rest, self._state = data[end + 1 :], self._headers
        elif len(data) - at > MAX_HEADER:
            raise MalformedMultipart("the first boundary line does not end")
        yield from ()

    def _headers(self) -> Iterator[Event]:
        data = self._rest
        blank = self._newline * 2
        if data.startswith(self._newline):
            end, skip = 0, len(self._newline)
        else:
            end, skip = data.find(blank), len(blank)
        if end < 0:
            if len(data) > MAX_HEADER:
                raise MalformedMultipart(f"a part's headers do not end within {MAX_HEADER} bytes")
            return
        headers: dict[str, str] = {}
        # A long header goes on in lines that begin with a space (RFC 5322 §2.2.3); Python's email package does so.
        for line in re.sub(r"\r?\n[ \t]+", " ", data[:end].decode("latin-1")).splitlines():
            name, colon, value = line.partition(":")
            if not colon:
                raise MalformedMultipart(f"part header line {line[:80]!r} has no colon")
            headers[name.strip().lower()] = value.strip()
        # The delimiter of an empty part may follow at once: leave the newline that belongs to it.
        self._rest, self._state = data[end + skip - len(self._newline) :], self._first_data
        yield PartStart(headers)

    def _first_data(self) -> Iterator[Event]:
        if len(self._rest) < len(self._needle) and self._needle.startswith(self._rest):
            return
        self._state = self._data
        if not self._rest.startswith(self._needle):
            self._rest = self._rest[len(self._newline) :]
        yield from ()

    def _data(self) -> Iterator[Event]:
        data, start = self._rest, 0
        while (at := data.find(self._needle, start)) >= 0:
            tail = data[at + len(self._needle) : at + len(self._needle) + 256]
            if tail.startswith(b"--"):
                self._closed = True
            elif line := re.match(rb"[ \t]*\r?\n", tail):
                self._rest, self._state = data[at + len(self._needle) + line.end() :], self._headers
            elif re.fullmatch(rb"-|[ \t]*\r?", tail):
                break  # the line is not complete yet
            else:
                start = at + 1  # data that looks like a delimiter up to here
                continue
            if at:
                yield memoryview(data)[:at]
            yield PartEnd()
            return
        keep = at if at >= 0 else self._possible_delimiter(data)
        if keep:
            yield memoryview(data)[:keep]
        self._rest = data[keep:]

    def _possible_delimiter(self, data: bytes) -> int:
        """Where the tail of `data` could be the beginning of a delimiter, else its length."""
        at = data.find(self._newline[:1], max(0, len(data) - len(self._needle) + 1))
        while at >= 0 and not self._needle.startswith(data[at:]):
            at = data.find(self._newline[:1], at + 1)
        return at if at >= 0 else len(data)


async def split(chunks: AsyncIterator[bytes], boundary: str) -> AsyncIterator[Event]:
    """The events of a whole body. Raises `MalformedMultipart`."""
    splitter = Splitter(boundary)
    async for chunk in chunks:
        for event in splitter.feed(chunk):
            yield event
    splitter.finish()


_process, _counter = os.urandom(12).hex(), itertools.count()


def new_boundary() -> str:
    """Random for the process and counted: asking the system for random bytes would cost as much as reading a frame."""
    return f"{_process}{next(_counter):x}"


def part_head(boundary: str, content_type: str, length: int, location: str = "") -> bytes:
    """What stands before a part's bytes; `PART_TAIL` follows them, `closing` ends the body."""
    where = f"Content-Location: {location}\r\n" if location else ""
    return f"--{boundary}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{where}\r\n".encode("latin-1")


PART_TAIL = b"\r\n"


def closing(boundary: str) -> bytes:
    return f"--{boundary}--\r\n".encode("latin-1")
