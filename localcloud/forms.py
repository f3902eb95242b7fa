"""JSON as Google's APIs take it, and its forms of values:

`google-datetime` (RFC 3339, UTC), `google-duration` (`"600s"`), `byte` (base64)."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

from localcloud.errors import ApiError

MAX_DEPTH = 100
"""Nesting of JSON that Google's parser follows."""


def parse_json(raw: bytes | str) -> Any:
    """The value of a JSON text; None for an empty one. Raises `ApiError` 400 for what Google's parser does not take."""
    try:
        value = json.loads(raw, parse_constant=_refuse_constant) if raw.strip() else None
        _check(value)
    except RecursionError as error:
        raise ApiError(400, f"Invalid JSON payload received. It is nested deeper than {MAX_DEPTH}.") from error
    except ValueError as error:
        raise ApiError(400, f"Invalid JSON payload received. {error}") from error
    return value


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number.")


def _check(value: Any) -> None:
    """Raises `ValueError` for what could be read here but not be written again; does not recurse itself."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += [*item, *item.values()]
            elif isinstance(item, list):
                below += item
            elif isinstance(item, str) and not item.isascii():
                item.encode()  # raises UnicodeEncodeError for half a surrogate pair
        if not below:
            return
        level = below
    raise ValueError(f"It is nested deeper than {MAX_DEPTH}.")


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
