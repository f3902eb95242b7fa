"""Objects that refer to images (SR, SEG, ANN, PM, PR), following images that get a successor: rule R17.

A copy under a UID of its own, in which every reference to a changed instance names its successor. Everything before
the pixel data is held and written anew; pixel data passes in pieces. Nothing of what the object says is looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, cast

from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import UID

from .errors import SeriesFailed
from .pixels.attributes import Tool, made_by
from .pixels.header import parse_header
from .pixels.instances import new_uid
from .stow import Source

LARGEST = 256 << 20
"""Bytes before the pixel data that are held to write them anew; an annotation of ten million points has fewer."""


@dataclass(frozen=True)
class Successor:
    """What viewers see in an instance's place. `frames`: old frame number (from 1) to new; None where they are kept."""

    uid: str
    frames: Mapping[int, int] | None = None


class Arriving:
    """A file that is read from the front, as far as asked, and kept so far: what pydicom needs of a stream."""

    def __init__(self, pieces: Iterator[bytes | memoryview], what: str) -> None:
        self._pieces, self._what = pieces, what
        self._kept = bytearray()
        self._at = 0

    def read(self, count: int = -1) -> bytes:
        while count < 0 or len(self._kept) < self._at + count:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._kept += piece
            if len(self._kept) > LARGEST:
                raise SeriesFailed(f"{self._what} has more than {LARGEST >> 20} MiB before its pixel data: too large")
        end = len(self._kept) if count < 0 else self._at + count
        out = bytes(self._kept[self._at : end])
        self._at += len(out)
        return out

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """From the front, or from where it is; the end is not known."""
        self._at = offset + (self._at if whence == 1 else 0)
        return self._at

    def rest(self) -> Iterator[bytes | memoryview]:
        """All that has not been read yet."""
        yield bytes(self._kept[self._at :])
        yield from self._pieces


@dataclass(frozen=True)
class Following:
    """The copy of one object. Read as often as needed, the same bytes each time, each time out of `source`."""

    instance: str
    source: Source
    successors: Mapping[str, Successor]
    version: str
    refers_to: tuple[str, ...]
    """The changed instances that make it another object: with their successors they make its UID."""

    @property
    def uid(self) -> str:
        pairs = sorted((old, self.successors[old].uid) for old in self.refers_to)
        return new_uid(self.version, self.instance, "references", 0, hashlib.sha256(repr(pairs).encode()).hexdigest())

    @property
    def file(self) -> Source:
        return self

    @property
    def length(self) -> int | None:
        return None

    def __iter__(self) -> Iterator[bytes | memoryview]:
        arriving = Arriving(iter(self.source), f"instance {self.instance}")
        dataset = parse_header(cast(BinaryIO, arriving), self.instance)
        map_references(dataset, self.successors, self.instance)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(self.uid)
        made_by(dataset, Tool(self.version), "References follow to the instances that the viewer shows")
        head = BytesIO()
        dataset.save_as(head, enforce_file_format=True)
        yield head.getvalue()
        yield from arriving.rest()


def map_references(dataset: Dataset, successors: Mapping[str, Successor], instance: str) -> None:
    """Changes every ReferencedSOPInstanceUID, at any depth. Raises SeriesFailed for a frame without a successor."""
    stack = [dataset]
    while stack:
        one = stack.pop()
        successor = successors.get(str(one.get("ReferencedSOPInstanceUID", "")))
        if successor is not None:
            one.ReferencedSOPInstanceUID = successor.uid
            if successor.frames is not None and one.get("ReferencedFrameNumber"):
                one.ReferencedFrameNumber = _frames(one, successor.frames, instance)
        for element in one:
            if element.VR == "SQ":
                stack += element.value


def _frames(one: Dataset, frames: Mapping[int, int], instance: str) -> list[int]:
    value = one["ReferencedFrameNumber"].value
    old = [int(number) for number in (value if isinstance(value, MultiValue) else [value])]
    if missing := [number for number in old if number not in frames]:
        raise SeriesFailed(
            f"instance {instance} refers to frame {missing[0]} of an image that does not have it (R17): correct the "
            "reference at its source"
        )
    return [frames[number] for number in old]
