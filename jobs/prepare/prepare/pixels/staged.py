"""Encoded frames of one instance while they wait in the stage."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from .stage import Stage

COUNT = struct.Struct("<I")


@dataclass
class Staged:
    """The encoded frames of one instance in the stage, a row of tiles an object: lengths first, then the frames."""

    stage: Stage
    uid: str
    lengths: list[int] = field(default_factory=list[int])
    rows: int = 0

    def add(self, frames: list[bytes]) -> None:
        table = b"".join(COUNT.pack(number) for number in (len(frames), *map(len, frames)))
        self.stage.put(f"{self.uid}/{self.rows:06d}", table + b"".join(frames))
        self.lengths += map(len, frames)
        self.rows += 1

    def frames(self) -> Iterator[bytes]:
        for row in range(self.rows):
            data = self.stage.get(f"{self.uid}/{row:06d}")
            (count,) = COUNT.unpack_from(data)
            at = COUNT.size * (count + 1)
            for number in range(count):
                (length,) = COUNT.unpack_from(data, COUNT.size * (number + 1))
                yield data[at : at + length]
                at += length
