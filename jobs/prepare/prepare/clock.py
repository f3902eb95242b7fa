"""Time as the job sees it, passed in so that tests neither wait nor patch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic, sleep
from time import time as now


@dataclass(frozen=True)
class Clock:
    """`time` is seconds since 1970 (what is written down), `monotonic` measures, `sleep` takes seconds."""

    time: Callable[[], float] = now
    monotonic: Callable[[], float] = monotonic
    sleep: Callable[[float], None] = sleep


def read_time(text: str) -> float:
    """Seconds since 1970 of RFC 3339. Raises ValueError."""
    return datetime.fromisoformat(text).timestamp()


def format_time(seconds: float) -> str:
    """RFC 3339, to the millisecond, of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
