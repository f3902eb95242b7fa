"""The one retry layer: every request of the job goes through it, and what it does is data.

It sits below authentication (google-auth refreshes a refused token once, above it) and above the socket. A body that
breaks off is retried like a refused connection, because unless the caller streams, the body is read in here.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, TypeVar

import requests
from requests.adapters import BaseAdapter
from requests.exceptions import ChunkedEncodingError, ConnectionError, ContentDecodingError, Timeout

from ..clock import Clock

T = TypeVar("T")

RETRIED_STATUSES: Mapping[int, str] = {
    408: "the server waited too long for the request",
    429: "too many requests: the budget is halved, too",
    500: "the server failed",
    502: "a proxy got no valid answer from the server",
    503: "the server is overloaded or being replaced",
    504: "a proxy got no answer in time",
}
"""The one table of answers that are tried again, and why. A broken connection or a body that breaks off is, too;
every other status is an answer."""


@dataclass(frozen=True)
class RetryPolicy:
    """How long and how often is tried again. Full jitter: a wait is random between 0 and its bound."""

    statuses: frozenset[int] = frozenset(RETRIED_STATUSES)
    first_seconds: float = 1.0
    """Bound of the first wait; it doubles."""
    longest_seconds: float = 32.0
    deadline_seconds: float = 300.0
    """From the first attempt: no further attempt starts later than this."""

    def wait(self, attempt: int, jitter: float, retry_after: float) -> float:
        """Seconds before attempt `attempt` + 1 (from 0); `jitter` in [0, 1); a server's Retry-After is obeyed."""
        return max(retry_after, jitter * min(self.longest_seconds, self.first_seconds * 2**attempt))


class Attempts:
    """The attempts at one thing, from now on."""

    def __init__(self, policy: RetryPolicy, clock: Clock, jitter: Callable[[], float]) -> None:
        self._policy, self._clock, self._jitter = policy, clock, jitter
        self._start = clock.monotonic()
        self._number = 0
        self._seconds = 0.0

    def may_go_on(self, retry_after: float = 0.0) -> bool:
        """Whether another attempt would begin before the deadline."""
        self._seconds = self._policy.wait(self._number, self._jitter(), retry_after)
        return self._clock.monotonic() - self._start + self._seconds <= self._policy.deadline_seconds

    def wait(self) -> None:
        """Waits as long as `may_go_on` found."""
        self._clock.sleep(self._seconds)
        self._number += 1


@dataclass
class Traffic:
    """What has been sent and received; read by the report. Several threads count."""

    requests: int = 0
    bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, requests: int = 0, received: int = 0) -> None:
        with self._lock:
            self.requests += requests
            self.bytes += received


@dataclass
class RetryingAdapter(BaseAdapter):
    """A transport for `requests` that repeats what `policy` says, on `inner`."""

    inner: BaseAdapter
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    clock: Clock = field(default_factory=Clock)
    jitter: Callable[[], float] = random.random
    traffic: Traffic = field(default_factory=Traffic)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        attempts = Attempts(self.policy, self.clock, self.jitter)
        while True:
            problem: requests.RequestException | None = None
            response: requests.Response | None = None
            self.traffic.add(requests=1)
            try:
                response = self.inner.send(
                    request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=proxies
                )
                if not stream:
                    self.traffic.add(received=len(response.content))
                    if is_cut_short(response):
                        problem = ChunkedEncodingError("a multipart answer ended early")
            except (ConnectionError, Timeout, ChunkedEncodingError, ContentDecodingError) as error:
                problem = error
            answer = response if problem is None else None
            if answer is not None and answer.status_code not in self.policy.statuses:
                return answer
            if not attempts.may_go_on(
                retry_after_seconds(answer.headers.get("Retry-After") if answer is not None else None)
            ):
                if answer is not None:
                    return answer
                raise problem or ConnectionError("no answer", request=request)
            if response is not None:
                response.close()
            attempts.wait()

    def close(self) -> None:
        self.inner.close()


@dataclass(frozen=True)
class Repeater:
    """Repeats something that broke off outside of the adapter: the body of an answer that is read piece by piece."""

    policy: RetryPolicy = field(default_factory=RetryPolicy)
    clock: Clock = field(default_factory=Clock)
    jitter: Callable[[], float] = random.random

    def __call__(self, action: Callable[[], T]) -> T:
        """The result of `action`, which is repeated on a ConnectionError until the deadline; then that is raised."""
        attempts = Attempts(self.policy, self.clock, self.jitter)
        while True:
            try:
                return action()
            except ConnectionError:
                if not attempts.may_go_on():
                    raise
            attempts.wait()


def is_cut_short(response: requests.Response) -> bool:
    """Whether a multipart answer lacks its closing delimiter, though HTTP says that all of it arrived."""
    kind = Message()
    kind["Content-Type"] = response.headers.get("Content-Type", "")
    boundary = kind.get_param("boundary")
    if kind.get_content_maintype() != "multipart" or not isinstance(boundary, str):
        return False
    return f"--{boundary}--".encode("latin-1") not in response.content[-len(boundary) - 256 :]


def retry_after_seconds(header: str | None) -> float:
    """Seconds that a Retry-After header asks for; 0 for none (its date form is not used by the APIs we call)."""
    return float(header) if header and header.isdigit() else 0.0
