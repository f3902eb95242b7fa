"""`multipart/related`, both ways. What a server sends is read strictly: a missing end or a wrong length is an error."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message


class Malformed(AssertionError):
    """The body is not the multipart message that its header promises."""


@dataclass(frozen=True)
class Part:
    headers: dict[str, str]
    """Keys in lower case."""
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def parameters(content_type: str) -> dict[str, str]:
    """`{"": media type, parameter: value…}` in lower case keys; quoted values may hold anything."""
    message = Message()
    message["Content-Type"] = content_type
    parsed = message.get_params(failobj=[])
    return {
        "" if index == 0 else key.lower(): key if index == 0 else value for index, (key, value) in enumerate(parsed)
    }


def split(content_type: str, body: bytes) -> list[Part]:
    """The parts in order."""
    given = parameters(content_type)
    if given.get("", "").lower() != "multipart/related":
        raise Malformed(f"content type {content_type!r} is not multipart/related")
    if not given.get("boundary"):
        raise Malformed(f"content type {content_type!r} names no boundary")
    delimiter = b"--" + given["boundary"].encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + delimiter)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise Malformed("the body does not end with its boundary: it was cut short")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, separator, body = piece.lstrip(b" \t").partition(b"\r\n\r\n")
    if not separator:
        raise Malformed("a part has no end of its headers")
    lines = head.decode("latin-1").strip().split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "content-length" in headers and int(headers["content-length"]) != len(body):
        raise Malformed(f"a part says it has {headers['content-length']} bytes and has {len(body)}")
    return Part(headers, body)


def join(media_type: str, bodies: Sequence[bytes]) -> tuple[str, bytes]:
    """(Content-Type, body); the boundary follows from the content, so equal content gives equal bytes."""
    boundary = hashlib.sha256(b"".join(hashlib.sha256(body).digest() for body in bodies)).hexdigest()[:32]
    out: list[bytes] = []
    for body in bodies:
        out += [f"--{boundary}\r\nContent-Type: {media_type}\r\n\r\n".encode(), body, b"\r\n"]
    out.append(f"--{boundary}--\r\n".encode())
    return f'multipart/related; type="{media_type}"; boundary={boundary}', b"".join(out)
