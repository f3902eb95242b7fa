"""A client that costs little, so that the server is what is measured: one socket, prepared requests."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from pathlib import Path

STEP = 2**20


class Connection:
    """One keep-alive HTTP/1.1 connection."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        self._buffer = bytearray(STEP)

    def close(self) -> None:
        self._socket.close()

    def request(self, method: str, path: str, headers: str = "", length: int | None = None) -> bytes:
        body = f"Content-Length: {length}\r\n" if length is not None else ""
        return f"{method} {path} HTTP/1.1\r\n{self._head}{headers}{body}\r\n".encode()

    def send(self, data: bytes | Iterable[bytes] | Path) -> None:
        if isinstance(data, Path):
            with data.open("rb") as file:
                self._socket.sendfile(file)
        elif isinstance(data, bytes):
            self._socket.sendall(data)
        else:
            for chunk in data:
                self._socket.sendall(chunk)

    def answer(self) -> tuple[int, bytes, int]:
        """(status, the first bytes of the body, length of the body)."""
        view, filled = memoryview(self._buffer), 0
        while (end := self._buffer.find(b"\r\n\r\n", 0, filled)) < 0:
            got = self._socket.recv_into(view[filled:])
            if not got:
                raise ConnectionError("the server closed the connection")
            filled += got
        head = bytes(self._buffer[:end]).lower()
        status, length = int(head[9:12]), 0
        for line in head.split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        first, left = bytes(self._buffer[end + 4 : filled]), length - (filled - end - 4)
        keep = bytearray(first)
        while left > 0:
            got = self._socket.recv_into(view[: min(left, STEP)])
            if not got:
                raise ConnectionError("the server closed the connection inside a body")
            if len(keep) < STEP:
                keep += view[:got]
            left -= got
        return status, bytes(keep), length

    def rate(self, requests: list[bytes]) -> tuple[float, list[float]]:
        """(requests a second, seconds of each), one after the other."""
        seconds: list[float] = []
        start = time.perf_counter()
        for request in requests:
            began = time.perf_counter()
            self._socket.sendall(request)
            status, body, _ = self.answer()
            if status not in (200, 204):
                raise RuntimeError(f"{request.split(b' HTTP', 1)[0].decode()}: {status} {body[:300]!r}")
            seconds.append(time.perf_counter() - began)
        return len(requests) / (time.perf_counter() - start), seconds
