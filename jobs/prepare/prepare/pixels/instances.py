"""New instances: what identifies them, what their bytes are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from pydicom import Dataset

from .part10 import size_of, write_stream

NAMESPACE = UUID("6f1b7d52-3a53-5c0e-9a5e-2b1f7c3d9e10")
"""Of every UID that this job makes."""
MARK = 0xD1C05EED
"""The first 32 bits of their UUIDs; the other 96 are as good as random."""


@dataclass(frozen=True)
class Making:
    """All that bytes and UIDs of new instances depend on, besides their source."""

    version: str
    quality: int = 95
    """JPEG quality of levels made of lossy colour sources, 1 to 100."""

    @property
    def parameters(self) -> str:
        return f"jpeg-{self.quality}-444"


def new_uid(version: str, source: str, role: str, level: int = 0, parameters: str = "") -> str:
    """A UID that the same inputs always give: `2.25.` and a name-based UUID, which begins with our mark, in decimal."""
    name = uuid5(NAMESPACE, f"{version}|{source}|{role}|{level}|{parameters}").int
    return f"2.25.{MARK << 96 | name & (1 << 96) - 1}"


def is_ours(uid: str) -> bool:
    """Whether `new_uid` made it: so that what this job adds to a store is told from what others put there."""
    number = uid.removeprefix("2.25.")
    return number != uid and number.isdigit() and int(number) >> 96 == MARK


@dataclass(frozen=True)
class EncodedInstance:
    """One instance to store. `frames` gives a fresh pass over its encoded frames, in order, at each call."""

    dataset: Dataset
    frames: Callable[[], Iterator[bytes]]
    lengths: Sequence[int] | None
    """Bytes of each frame where they are known before: then the file has an offset table and a known size."""
    role: str
    """`level-2`, `full`, …: for logs and reports."""

    @property
    def uid(self) -> str:
        return str(self.dataset.SOPInstanceUID)

    @property
    def size(self) -> int | None:
        """Bytes of the file, None when not known before it is written."""
        return None if self.lengths is None else size_of(self.dataset, self.lengths)

    def stream(self) -> Iterator[bytes]:
        """The Part 10 file, the same bytes at each call, a frame or so at a time."""
        return write_stream(self.dataset, self.frames(), self.lengths)
