"""How many requests a second the job allows itself: half as many after each refusal (429), slowly more again.

Below the retry layer: what that layer repeats is counted here too. What other tasks are refused counts as well, where
there are some (`SharedLimit`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests
from requests.adapters import BaseAdapter

from ..clock import Clock

MOST_REQUESTS = 500.0
"""A second to the DICOM stores, of all tasks. Google does not publish its quotas' values: a project's are in its
console (Healthcare API, DICOMweb operations a minute and region)."""
LEAST_REQUESTS = 0.5
RECOVERY_SECONDS = 60.0
"""From the lowest rate to the highest, when nothing is refused."""


class SharedLimit(Protocol):
    """What all tasks have agreed on."""

    def share(self) -> float:
        """Requests a second that this task may send now."""
        ...

    def halve(self) -> None:
        """Tells all of a refusal."""
        ...


@dataclass
class RateBudget:
    """Rates are requests a second. Any number of threads may ask."""

    clock: Clock = field(default_factory=Clock)
    highest: float = MOST_REQUESTS
    shared: SharedLimit | None = None
    """None where this is the only task."""
    settle_seconds: float = 1.0
    """Refusals this close together count as one: they answer requests that were already on their way."""
    _rate: float = 0.0
    _since: float = 0.0
    _refused: float | None = None
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        if self.highest <= 0:
            raise ValueError(f"a highest rate of {self.highest} a second lets nothing pass: use more than 0")
        self._rate, self._since = self.highest, self.clock.monotonic()

    @property
    def rate(self) -> float:
        """What is allowed now."""
        own = self._own()
        return own if self.shared is None else min(own, self.shared.share())

    def _own(self) -> float:
        """What this task's own refusals leave."""
        gained = (self.clock.monotonic() - self._since) * self.highest / RECOVERY_SECONDS
        return min(self.highest, self._rate + gained)

    def wait(self) -> None:
        """Returns when the next request may go."""
        rate = self.rate
        with self._lock:
            now = self.clock.monotonic()
            turn = max(now, self._next)
            self._next = turn + 1 / rate
        if turn > now:
            self.clock.sleep(turn - now)

    def slow_down(self) -> None:
        """Tells of a 429."""
        with self._lock:
            now = self.clock.monotonic()
            if self._refused is not None and now - self._refused < self.settle_seconds:
                return
            lowest = min(LEAST_REQUESTS, self.highest)
            # Of its own rate: where another task has halved all, this refusal may be of the same second.
            self._rate, self._since, self._refused = max(lowest, self._own() / 2), now, now
        if self.shared is not None:
            self.shared.halve()


@dataclass
class BudgetedAdapter(BaseAdapter):
    """A transport for `requests` that waits for its turn. Give it to `RetryingAdapter` as `inner`."""

    inner: BaseAdapter
    budget: RateBudget

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        self.budget.wait()
        response = self.inner.send(request, stream, timeout, verify, cert, proxies)
        if response.status_code == 429:
            self.budget.slow_down()
        return response

    def close(self) -> None:
        self.inner.close()
