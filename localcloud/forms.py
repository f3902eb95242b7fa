"""Google's JSON forms of values: `google-datetime` (RFC 3339, UTC), `google-duration` (`"600s"`), `byte` (base64)."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime

from localcloud.errors import ApiError


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as `2026-01-31T12:00:00.123456Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def epoch(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 text; `ApiError` 400 naming the text otherwise."""
    # Python's parser takes at most microseconds; Google's clients may send nanoseconds.
    head, dot, tail = text.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    try:
        when = datetime.fromisoformat(f"{head}{dot}{tail[: min(digits, 6)]}{tail[digits:]}")
    except ValueError as problem:
        raise ApiError(400, f"'{text}' is not a time; write RFC 3339, such as 2026-01-31T12:00:00Z.") from problem
    return when.replace(tzinfo=when.tzinfo or UTC).timestamp()


def duration(text: str | None, default: float = 0.0) -> float:
    """Seconds of a `google-duration`; `default` when absent, `ApiError` 400 when it is not one."""
    if not text:
        return default
    if not re.fullmatch(r"-?\d+(\.\d{1,9})?s", text):
        raise ApiError(400, f"'{text}' is not a duration; write seconds with an s, such as 600s.")
    return float(text[:-1])


def from_base64(text: str) -> bytes:
    """Bytes of a checked `byte` value; like Google we take the alphabet for URLs too."""
    return base64.b64decode(text.replace("-", "+").replace("_", "/"))
