"""Records of a log as one line of text, and back. What many of them share is written once.

A slide is read frame by frame: thousands of records that differ in their time and in the end of a path. Written out
they are half a kilobyte each, and writing them costs more than the rest of logging.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

Entry = dict[str, Any]
Short = tuple[float, int, str, tuple[Any, ...]]
"""Seconds since the epoch, number, resource, and the rest, which many have in common and JSON can hold."""


def encode(records: Iterable[Entry | Short]) -> str:
    """One line, without its end."""
    whole: list[Entry] = []
    rows: list[tuple[int, int, int, str]] = []
    shared: dict[tuple[str, tuple[Any, ...]], int] = {}
    for record in records:
        if isinstance(record, dict):
            whole.append(record)
            continue
        seconds, number, resource, rest = record
        cut = resource.rfind("/") + 1
        place = shared.setdefault((resource[:cut], rest), len(shared))
        rows.append((round(seconds * 1e6), number, place, resource[cut:]))
    return json.dumps({"entries": whole, "shared": list(shared), "rows": rows}, separators=(",", ":"))


def decode(line: str) -> Iterator[Entry | Short]:
    """Whole entries first, then the short ones, each kind in its order."""
    batch = json.loads(line)
    yield from batch["entries"]
    shared = [(start, tuple(rest)) for start, rest in batch["shared"]]
    for micros, number, place, end in batch["rows"]:
        start, rest = shared[place]
        yield micros / 1e6, number, start + end, rest
