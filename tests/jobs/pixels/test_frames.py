"""Against a small real server that can break its answers on purpose."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import cast

import pytest
import requests
from prepare.clock import Clock
from prepare.http.retry import RetryPolicy
from prepare.pixels.errors import CannotDecode, FramesBroken
from prepare.pixels.frames import FrameReader
from prepare.pixels.header import Pulled, parse_header, read_header
from prepare.pixels.part10 import file_meta, write_stream

from tests.jobs.pixels.slides import JPEG, colour, header
from tests.jobs.pixels.test_place import GRID

LARGEST = 100_000


def frame(instance: str, number: int) -> bytes:
    """Any frame says which it is."""
    seed = hashlib.sha256(f"{instance}/{number}".encode()).digest()
    return f"{instance}/{number} ".encode() + seed * (number % 50 * 40)


@dataclass
class Server:
    """`breaks`: how many of the next answers are cut off; `file`: what /instances/UID answers."""

    url: str
    requests: list[list[int]] = field(default_factory=list)
    breaks: int = 0
    refuses: int = 0
    file: bytes = b""
    in_flight: int = 0
    most_in_flight: int = 0
    sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    waits_for: int = 1
    """Requests that must be in flight before the first one is answered."""
    met: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            with state.lock:
                state.in_flight += 1
                state.most_in_flight = max(state.most_in_flight, state.in_flight)
                broken, state.breaks = state.breaks > 0, max(0, state.breaks - 1)
                if state.in_flight >= state.waits_for:
                    state.met.set()
            state.met.wait(10)
            self._file() if self.path.endswith("/file") else self._frames(broken)
            with state.lock:
                state.in_flight -= 1

        def _frames(self, broken: bool) -> None:
            instance, _, numbers = self.path.removeprefix("/studies/1/series/2/instances/").split("/")
            wanted = [int(number) for number in numbers.split(",")]
            state.requests.append(wanted)
            body = b"".join(b"--b\r\nA: b\r\n\r\n" + frame(instance, number) + b"\r\n" for number in wanted) + b"--b--"
            self.send_response(state.refuses or 200)
            self.send_header("Content-Type", "multipart/related; boundary=b")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) * 2 // 3] if broken else body)
            self.wfile.flush()
            if broken:
                self.close_connection = True
                self.connection.shutdown(2)
                self.wfile = BytesIO()  # what follows goes nowhere

        def _file(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", 'multipart/related; type="application/dicom"; boundary=b')
            self.end_headers()
            self.close_connection = True
            try:
                self.wfile.write(b"--b\r\nContent-Type: application/dicom\r\n\r\n" + state.file)
                for _ in range(1000):
                    self.wfile.write(bytes(1 << 16))
                    state.sent += 1 << 16
            except OSError:
                return  # the reader has seen enough

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state = Server(f"http://127.0.0.1:{http.server_port}")
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield state
        http.shutdown()


def reader(server: Server, **changes: object) -> FrameReader:
    clock = Clock(sleep=lambda _: None)
    return FrameReader(requests.Session(), server.url, clock=clock, jitter=lambda: 0.0, **changes)  # type: ignore[arg-type]


def test_frames_come_in_order_over_batches_and_instances(server: Server) -> None:
    wanted = [("a", number) for number in range(1, 331)] + [("b", number) for number in (7, 3, 9)]
    got = list(reader(server, batch_frames=20).read("1", "2", wanted, LARGEST))
    assert got == [frame(*one) for one in wanted]
    assert max(map(len, server.requests)) == 20


def test_several_requests_are_in_flight_but_no_more_than_allowed(server: Server) -> None:
    wanted = [("a", number) for number in range(1, 401)]
    server.waits_for = 3
    list(reader(server, batch_frames=5, in_flight=3).read("1", "2", wanted, LARGEST))
    assert server.most_in_flight == 3


def test_batches_hold_fewer_frames_when_frames_are_large(server: Server) -> None:
    wanted = [("a", number) for number in range(1, 31)]
    list(reader(server, batch_bytes=200_000, in_flight=1).read("1", "2", wanted, LARGEST))
    assert len(server.requests[0]) == 2
    assert len(server.requests[1]) > 20


def test_little_is_read_ahead_of_who_takes_the_frames(server: Server) -> None:
    taken = reader(server, batch_frames=10, in_flight=2).read("1", "2", (("a", at) for at in range(1, 10_000)), LARGEST)
    for _ in range(15):
        next(taken)
    taken.close()
    assert sum(map(len, server.requests)) <= 10 * 4


def test_an_answer_that_breaks_off_is_taken_up_at_the_first_missing_frame(server: Server) -> None:
    server.breaks = 2
    wanted = [("a", number) for number in range(1, 41)]
    got = list(reader(server, batch_frames=40, in_flight=1).read("1", "2", wanted, LARGEST))
    assert got == [frame(*one) for one in wanted]
    assert len(server.requests) == 3
    assert len(server.requests[2]) < len(server.requests[1]) < 40


def test_answers_that_never_become_whole_end_in_one_sentence(server: Server) -> None:
    server.breaks = 10**6
    policy = RetryPolicy(deadline_seconds=-1)
    with pytest.raises(FramesBroken, match="frames 1 to 1 of instance a: the store's answers broke off"):
        list(reader(server, policy=policy).read("1", "2", [("a", 1)], LARGEST))


def test_a_frame_larger_than_it_may_be_is_not_taken_in(server: Server) -> None:
    policy = RetryPolicy(deadline_seconds=-1)
    with pytest.raises(FramesBroken):
        list(reader(server, policy=policy).read("1", "2", [("a", 49)], 100))


def test_a_refusal_is_said_in_one_sentence(server: Server) -> None:
    server.refuses = 404
    with pytest.raises(FramesBroken, match="frames 1 to 2 of instance a: the store answered 404"):
        list(reader(server).read("1", "2", [("a", 1), ("a", 2)], LARGEST))
    assert len(server.requests) == 1


def part10_file() -> bytes:
    made = header(GRID, colour(JPEG))
    made.file_meta = file_meta(made, JPEG)
    return b"".join(write_stream(made, [b"\xff\xd8"] * GRID.tiles))


def test_a_header_is_read_without_the_pixels(server: Server) -> None:
    server.file = part10_file()
    read = read_header(requests.Session(), f"{server.url}/instances/file")
    assert read.OpticalPathSequence[0].ICCProfile == b"synthetic profile!"
    assert read.file_meta.TransferSyntaxUID == JPEG
    assert "PixelData" not in read
    assert server.sent < 50 << 20


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_header_is_the_same_however_it_arrives(size: int) -> None:
    data = part10_file()
    pulled = Pulled(data[at : at + size] for at in range(0, len(data), size))
    assert parse_header(cast(BytesIO, pulled), "x") == parse_header(BytesIO(data), "x")


@pytest.mark.parametrize("data", [b"", b"no DICOM at all" * 100, part10_file()[:150], part10_file()[:400]])
def test_what_is_no_dicom_is_said_in_one_sentence(data: bytes) -> None:
    with pytest.raises(CannotDecode, match=r"instance 2\.25\.9"):
        parse_header(BytesIO(data), "2.25.9")
