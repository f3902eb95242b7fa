"""A proxy that spoils what passes through it: one HTTP exchange at a time, chosen by a seed.

It forwards to `127.0.0.1:upstream` and knows just enough of HTTP/1.1 to find the ends of requests and answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

STATUSES = ("429", "500", "502", "503", "504")
CUTS = ("reset before", "reset in answer", "reset after", "slow", "truncated")
FAULTS = (*STATUSES, *CUTS)
SLOW_SECONDS = 0.02


@dataclass
class Faults:
    """Which exchanges are spoilt, and how many there were. `wants` sees the request line."""

    kind: str = ""
    share: float = 0.0
    seed: int = 0
    wants: Callable[[str], bool] = lambda line: True
    most: int | None = None
    seen: list[str] = field(default_factory=list[str])
    """Request lines, spoilt ones included."""
    spoilt: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def next(self, line: str) -> str:
        self.seen.append(line)
        chosen = self._random.random() < self.share and self.wants(line)
        if not chosen or (self.most is not None and self.spoilt >= self.most):
            return ""
        self.spoilt += 1
        return self.kind


class Cut(Exception):
    """This connection is to be reset."""


class Proxy:
    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self.faults = Faults()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except Cut:
            # A reset, not a tidy end: unsent data and the connection are dropped at once.
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        line = head.split(b"\r\n", 1)[0].decode()
        fault = self.faults.next(line)
        if fault == "reset before":
            raise Cut
        body = await _body(reader, head)
        if fault in STATUSES:
            writer.write(f"HTTP/1.1 {fault} spoilt\r\nContent-Length: 6\r\n\r\nspoilt".encode())
            await writer.drain()
            return True
        answer_head, answer = await self._forward(head, body)
        if fault == "reset after":
            raise Cut
        if fault == "truncated" and b"multipart/" in answer_head.lower():
            answer = _plain(answer_head, answer)
            answer = answer[: len(answer) // 2]
            length = b"Content-Length: %d" % len(answer)
            answer_head = re.sub(rb"(?i)content-length: *\d+|transfer-encoding: *chunked", length, answer_head)
        half = len(answer) // 2
        writer.write(answer_head + answer[:half])
        await writer.drain()
        if fault == "reset in answer":
            raise Cut
        if fault == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        writer.write(answer[half:])
        await writer.drain()
        return True

    async def _forward(self, head: bytes, body: bytes) -> tuple[bytes, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream, limit=2**26)
        try:
            writer.write(head + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            return answer, await _body(reader, answer)
        finally:
            writer.close()


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if length := re.search(rb"(?i)\r\ncontent-length: *(\d+)", head):
        return await reader.readexactly(int(length[1]))
    if not re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        return b""
    body = b""
    while True:
        size = await reader.readuntil(b"\r\n")
        body += size + await reader.readexactly(int(size, 16) + 2)
        if int(size, 16) == 0:
            return body


def _plain(head: bytes, body: bytes) -> bytes:
    """The body without the framing of its chunks: what is truncated is complete for HTTP, which else waits for more."""
    if not re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        return body
    plain, at = b"", 0
    while size := int(body[at : (line := body.index(b"\r\n", at))], 16):
        plain += body[line + 2 : line + 2 + size]
        at = line + 4 + size
    return plain


@contextlib.contextmanager
def spoiling(upstream: int) -> Iterator[Proxy]:
    """A running proxy."""
    proxy = Proxy(upstream)
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def run() -> None:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=2**26)
        proxy.port = server.sockets[0].getsockname()[1]
        ready.set()

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(run())
        loop.run_forever()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
