"""The one way out to the network: counts what it does, retries by one table, keeps tokens out of every message."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import requests
from requests.adapters import HTTPAdapter

Found = TypeVar("Found")
SECRETS = (
    re.compile(r"(?i)(bearer\s+)[\w.~+/=-]+"),
    re.compile(r"(ya29\.)[\w.-]+"),
    re.compile(r"(eyJ)[\w-]+\.[\w-]+\.[\w-]*"),
    re.compile(r"(?i)((?:access_token|id_token)=)[^&\s\"']+"),
)


def redact(text: str) -> str:
    """The text without access tokens."""
    for secret in SECRETS:
        text = secret.sub(r"\1…", text)
    return text


@dataclass(frozen=True)
class Retry:
    """Which answers mean "later", and how long that may go on. Every retry is counted in the report."""

    statuses: frozenset[int] = frozenset({429, 503})
    tries: int = 5
    first_seconds: float = 0.5
    longest_seconds: float = 10.0
    deadline_seconds: float = 60.0

    def wait(self, failures: int) -> float:
        """Seconds before the next try after so many failures, with jitter."""
        return min(self.first_seconds * 2 ** (failures - 1), self.longest_seconds) * random.uniform(0.5, 1.0)  # noqa: S311


@dataclass
class RequestLedger:
    """What one check cost."""

    requests: int = 0
    bytes: int = 0
    retries: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, requests: int = 0, bytes: int = 0, retries: int = 0) -> None:
        with self.lock:
            self.requests += requests
            self.bytes += bytes
            self.retries += retries


@dataclass(frozen=True)
class HttpAnswer:
    """One response, read to its end."""

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def content_type(self) -> str:
        """Media type without parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def __str__(self) -> str:
        """For failure messages: what was asked, what came, the beginning of a textual body."""
        shown = ""
        if self.content_type.endswith(("json", "xml")) or self.content_type.startswith("text/"):
            shown = f": {self.text[:400]}"
        return redact(f"{self.method} {self.url} answered {self.status} {self.content_type or 'no type'}{shown}")


class Unreachable(Exception):
    """No answer came: connection refused, reset, or too slow."""


class NotAllowed(AssertionError):
    """A check wanted to send a method that this run may not send; nothing was sent."""


READ_ONLY = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""


class Http:
    """Requests on pooled connections; safe to use from several threads."""

    def __init__(
        self,
        *,
        retry: Retry = Retry(),
        timeout: float = 60.0,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        agent: str = "dicom-platform-smoke",
        methods: Collection[str] | None = None,
    ) -> None:
        """`methods`: the only ones that leave this machine; None allows any."""
        self.methods = methods
        self.retry, self.timeout, self.pause, self.clock = retry, timeout, pause, clock
        self.ledger = RequestLedger()
        self.session = requests.Session()
        self.session.headers["User-Agent"] = agent
        self.session.trust_env = False  # no proxy, no .netrc: the token sent is the one the check means
        adapter = HTTPAdapter(pool_connections=8, pool_maxsize=32)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        """The final answer, whatever its status; `Unreachable` when there is none."""
        give_up = self.clock() + self.retry.deadline_seconds
        for failures in range(1, self.retry.tries + 1):
            answer = self._once(method, url, headers or {}, params, body)
            if answer.status not in self.retry.statuses or failures == self.retry.tries:
                return answer
            wait = self.retry.wait(failures)
            if self.clock() + wait > give_up:
                return answer
            self.ledger.add(retries=1)
            self.pause(wait)
        raise AssertionError("a retry table allows at least one try")

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], params: Mapping[str, str] | None, body: bytes | None
    ) -> HttpAnswer:
        if self.methods is not None and method not in self.methods:
            allowed = ", ".join(sorted(self.methods))
            raise NotAllowed(f"{method} {url} was not sent: this run may only send {allowed}")
        began = self.clock()
        # requests would ask for compression; identity keeps the counted bytes those on the wire.
        every = {"Accept-Encoding": "identity", **headers}
        try:
            got = self.session.request(
                method, url, headers=every, params=params, data=body, timeout=self.timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise Unreachable(redact(f"{method} {url} got no answer: {error}")) from None
        self.ledger.add(requests=1, bytes=len(body or b"") + len(got.content))
        return HttpAnswer(method, got.url, got.status_code, got.headers, got.content, self.clock() - began)

    def close(self) -> None:
        self.session.close()


class WaitTimedOut(AssertionError):
    """Something awaited did not come about in time."""


def until(
    attempt: Callable[[], Found | None],
    what: str,
    seconds: float,
    *,
    every: float = 0.1,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """First result that is not None; asks at once, then with growing pauses; else `WaitTimedOut`, naming `what`."""
    began = clock()
    while (result := attempt()) is None:
        if clock() - began + every > seconds:
            raise WaitTimedOut(f"{what} did not come about within {seconds:g} s")
        pause(every)
        every = min(every * 1.6, 2.0)
    return result
