"""Splits a multipart body (RFC 2046) as it arrives, in linear time and with one part in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.message import Message

HEADERS = 16_384
"""Bytes that the headers of a part may have."""


class Truncated(Exception):
    """The body ended before its closing delimiter, or a part is larger than it may be."""


def boundary_of(content_type: str) -> bytes | None:
    """The boundary that a Content-Type names, None when the body is not multipart."""
    message = Message()
    message["Content-Type"] = content_type
    boundary = message.get_param("boundary") if message.get_content_maintype() == "multipart" else None
    return boundary.encode("ascii") if isinstance(boundary, str) else None


def parts(chunks: Iterable[bytes], boundary: bytes, largest: int) -> Iterator[bytes]:
    """The content of each part, without its headers. Raises Truncated; `largest` is the most bytes of a part."""
    delimiter = b"\r\n--" + boundary
    buffer = bytearray(b"\r\n")  # so that the first delimiter looks like the others
    arriving = iter(chunks)

    def until(mark: bytes, limit: int) -> int:
        """Where `mark` begins in the buffer, which is filled until it is there."""
        searched = 0
        while True:
            at = buffer.find(mark, searched)
            if 0 <= at <= limit:
                return at
            searched = max(0, len(buffer) - len(mark) + 1)
            if at > limit or len(buffer) > limit + len(mark):
                raise Truncated(f"a part is larger than {limit} bytes")
            more(1)

    def more(least: int) -> None:
        wanted = len(buffer) + least
        while len(buffer) < wanted:
            chunk = next(arriving, None)
            if chunk is None:
                raise Truncated("the body ended early")
            buffer.extend(chunk)

    preamble = until(delimiter, HEADERS)
    del buffer[: preamble + len(delimiter)]
    while True:
        if len(buffer) < 2:
            more(2 - len(buffer))
        if buffer.startswith(b"--"):
            return
        headers = until(b"\r\n\r\n", HEADERS)
        del buffer[: headers + 4]
        end = until(delimiter, largest)
        part = bytes(memoryview(buffer)[:end])
        del buffer[: end + len(delimiter)]
        yield part
