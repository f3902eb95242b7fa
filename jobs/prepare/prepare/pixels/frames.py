"""Frames of instances through DICOMweb, as they are stored: in batches, several requests in flight, in order.

Memory is the batches in flight. A batch that breaks off is asked for again from the first frame that is missing.
Statuses are the retry layer's business; one that remains is FramesBroken, in a sentence.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.exceptions import ChunkedEncodingError, ConnectionError, ContentDecodingError, Timeout
from urllib3.exceptions import HTTPError

from ..clock import Clock
from ..http.retry import RetryPolicy
from .errors import FramesBroken
from .multipart import Truncated, boundary_of, parts

ACCEPT = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
TIMEOUT = (10.0, 600.0)
CHUNK = 1 << 18
"""Bytes taken at a time: what a broken answer may lose."""
HEADERS = {"Accept": ACCEPT, "Accept-Encoding": "identity"}
"""Not zipped: pixels are compressed already."""
NO_SUCH_FRAME = (400, 404, 416)
"""What a store says to a number beyond its frames; no later run changes that. Google says 403 where one may not read,
never 404."""
BROKEN = (ConnectionError, Timeout, ChunkedEncodingError, ContentDecodingError, HTTPError, Truncated)

Fetch = Callable[[Iterable[tuple[str, int]], int], Iterator[bytes]]
"""(wanted, largest) -> frames in the order wanted: (SOPInstanceUID, frame number from 1), bytes a frame may have."""


@dataclass
class FrameReader:
    """Reads from the store at `root` (…/dicomWeb). Any number of passes at once share the requests in flight."""

    session: requests.Session
    root: str
    clock: Clock = field(default_factory=Clock)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    in_flight: int = 8
    batch_frames: int = 100
    batch_bytes: int = 4 << 20
    """What a batch is expected to have; the figure follows the frames seen."""
    jitter: Callable[[], float] = random.random
    _pool: ThreadPoolExecutor | None = field(default=None, init=False, repr=False)

    def of(self, study: str, series: str) -> Fetch:
        """What reads frames of this series."""
        return lambda wanted, largest: self.read(study, series, wanted, largest)

    def read(self, study: str, series: str, wanted: Iterable[tuple[str, int]], largest: int) -> Generator[bytes]:
        """Frames in the order wanted. `largest` is the most bytes a frame may have (uncompressed size and a margin)."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.in_flight, thread_name_prefix="frames")
        base = f"{self.root}/studies/{study}/series/{series}/instances"
        running: deque[Future[list[bytes]]] = deque()
        expected = largest
        todo = iter(wanted)
        held: tuple[str, int] | None = None
        try:
            while True:
                while len(running) < self.in_flight:
                    size = min(self.batch_frames, max(1, self.batch_bytes // max(expected, 1)))
                    instance, numbers, held = _batch(todo, held, size)
                    if not numbers:
                        break
                    running.append(self._pool.submit(self._fetch, base, instance, numbers, largest))
                if not running:
                    return
                got = running.popleft().result()
                expected = max(map(len, got))
                yield from got
        finally:
            for future in running:
                future.cancel()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _fetch(self, base: str, instance: str, numbers: list[int], largest: int) -> list[bytes]:
        got: list[bytes] = []
        start = self.clock.monotonic()
        attempt = 0
        while len(got) < len(numbers):
            before = len(got)
            try:
                for frame in self._request(base, instance, numbers[before:], largest):
                    got.append(frame)
                    if len(got) > len(numbers):
                        raise Truncated("more parts than frames")
                if len(got) < len(numbers):
                    raise Truncated("fewer parts than frames")
            except BROKEN:
                got = got[: len(numbers)] if len(got) <= len(numbers) else got[:before]
                attempt = 0 if len(got) > before else attempt + 1
                wait = self.policy.wait(attempt, self.jitter(), 0)
                if self.clock.monotonic() - start + wait > self.policy.deadline_seconds:
                    raise FramesBroken(
                        f"frames {numbers[len(got)]} to {numbers[-1]} of instance {instance}: the store's answers "
                        f"broke off for {self.policy.deadline_seconds:.0f} s; run again"
                    ) from None
                self.clock.sleep(wait)
        return got

    def _request(self, base: str, instance: str, numbers: list[int], largest: int) -> Iterator[bytes]:
        url = f"{base}/{instance}/frames/{','.join(map(str, numbers))}"
        with self.session.get(url, headers=HEADERS, stream=True, timeout=TIMEOUT) as response:
            if response.status_code in NO_SUCH_FRAME:
                raise FramesBroken(
                    f"frames {numbers[0]} to {numbers[-1]} of instance {instance}: the store answered "
                    f"{response.status_code}, and the image says that it has them; send it again from its source"
                )
            if not response.ok:
                raise FramesBroken(
                    f"frames {numbers[0]} to {numbers[-1]} of instance {instance}: the store answered "
                    f"{response.status_code}; run again"
                )
            chunks = _chunks(response)
            boundary = boundary_of(response.headers.get("Content-Type", ""))
            if boundary is not None:
                yield from parts(chunks, boundary, largest)
            elif len(numbers) == 1:
                yield _whole(chunks, largest)
            else:
                raise Truncated("one body where several frames were asked for")


def _batch(
    todo: Iterator[tuple[str, int]], held: tuple[str, int] | None, size: int
) -> tuple[str, list[int], tuple[str, int] | None]:
    """Up to `size` frames of one instance; and the first one of the next instance when that was met."""
    instance, numbers = "", list[int]()
    while len(numbers) < size:
        first = held or next(todo, None)
        held = None
        if first is None:
            break
        if numbers and first[0] != instance:
            return instance, numbers, first
        instance = first[0]
        numbers.append(first[1])
    return instance, numbers, None


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes, past what requests and urllib3 do to decode it, which takes a copy more."""
    raw: Any = response.raw
    while chunk := raw.read(CHUNK, decode_content=False):
        yield chunk


def _whole(chunks: Iterator[bytes], largest: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > largest:
            raise Truncated(f"a frame is larger than {largest} bytes")
    return bytes(body)
