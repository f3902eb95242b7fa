"""Encoded frames of one instance while they wait: in the stage, about a MiB an object; the last of them in memory.

A small level therefore never leaves memory, and a large one costs few requests.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from .stage import Stage

COUNT = struct.Struct("<I")
OBJECT_BYTES = 1 << 20


@dataclass
class StagedFrames:
    """Names in the stage are `<uid>/<number>`. An object is the number of its frames, their lengths, the frames."""

    stage: Stage
    uid: str
    lengths: list[int] = field(default_factory=list[int])
    """Bytes of every frame so far."""
    _objects: int = 0
    _held: list[bytes] = field(default_factory=list[bytes])
    _held_bytes: int = 0

    def add(self, frames: list[bytes]) -> None:
        self.lengths += map(len, frames)
        self._held += frames
        self._held_bytes += sum(map(len, frames))
        if self._held_bytes >= OBJECT_BYTES:
            table = (COUNT.pack(number) for number in (len(self._held), *map(len, self._held)))
            self.stage.put(self._name(self._objects), b"".join((*table, *self._held)))
            self._objects += 1
            self._held, self._held_bytes = [], 0

    def frames(self) -> Iterator[bytes]:
        """Every frame in order; any number of times, until the stage is cleared."""
        for number in range(self._objects):
            yield from _unpack(self.stage.get(self._name(number)))
        yield from self._held

    def _name(self, number: int) -> str:
        return f"{self.uid}/{number:06d}"


def _unpack(data: bytes) -> Iterator[bytes]:
    (count,) = COUNT.unpack_from(data)
    at = COUNT.size * (count + 1)
    for (length,) in COUNT.iter_unpack(data[COUNT.size : at]):
        yield data[at : at + length]
        at += length
