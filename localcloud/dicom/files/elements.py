"""Walk the top-level data elements of a DICOM file on disk without loading it.

Only headers are read, so a gigabyte of pixel data costs a few system calls, and a file that ends inside an element is
noticed whatever the element is. What the values mean is left to pydicom.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.datadict import dictionary_VR

UNDEFINED = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
LONG_VR = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
VR = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)
WINDOW = 64 * 1024
MAX_DEPTH = 64
"""Nesting of undefined-length sequences; real objects stay below ten."""


class MalformedDicom(ValueError):
    """The bytes are not a complete DICOM file; the message says what is wrong and at which offset."""


@dataclass(frozen=True)
class Encoding:
    implicit: bool
    little: bool

    def unpack(self, form: str, data: bytes) -> tuple[int, ...]:
        return struct.unpack(("<" if self.little else ">") + form, data)


@dataclass(frozen=True)
class Element:
    """One element: header at `start`, value in [value, end); for undefined length `end` is behind the delimiter."""

    tag: int
    vr: str
    start: int
    value: int
    end: int
    undefined: bool

    @property
    def length(self) -> int:
        return self.end - self.value


class FileWindow:
    """A file read by small windows at any offset."""

    def __init__(self, fd: int, size: int) -> None:
        self.fd, self.size = fd, size
        self._window, self._at = b"", 0

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes; fewer at the end of the file."""
        at = offset - self._at
        if at < 0 or at + length > len(self._window):
            if length > WINDOW:
                return os.pread(self.fd, length, offset)
            self._window, self._at = os.pread(self.fd, WINDOW, offset), offset
            at = 0
        return self._window[at : at + length]

    def exactly(self, offset: int, length: int, what: str) -> bytes:
        data = self.read(offset, length)
        if len(data) < length:
            raise MalformedDicom(
                f"truncated: {what} at offset {offset} needs {length} bytes, the file ends at {self.size}"
            )
        return data


def name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def implicit_vr(tag: int) -> str:
    """The dictionary's VR; ambiguous ones ("US or SS") by their first, UN when unknown."""
    try:
        return dictionary_VR(tag).split(" ")[0]
    except KeyError:
        return "UL" if tag & 0xFFFF == 0 else "UN"


def header(source: FileWindow, at: int, encoding: Encoding) -> tuple[int, str, int, int]:
    """(tag, VR, value offset, length) of the element at `at`; items and delimiters have VR ''."""
    head = source.exactly(at, 8, "an element header")
    group, element = encoding.unpack("HH", head[:4])
    tag = group << 16 | element
    if group == 0xFFFE:
        return tag, "", at + 8, encoding.unpack("L", head[4:])[0]
    if encoding.implicit:
        return tag, implicit_vr(tag), at + 8, encoding.unpack("L", head[4:])[0]
    vr = head[4:6]
    if vr not in VR:
        raise MalformedDicom(f"element {name(tag)} at offset {at} has no valid VR ({vr!r})")
    if vr in LONG_VR:
        return (
            tag,
            vr.decode(),
            at + 12,
            encoding.unpack("L", source.exactly(at + 8, 4, f"the length of {name(tag)}"))[0],
        )
    return tag, vr.decode(), at + 8, encoding.unpack("H", head[6:])[0]


def walk(source: FileWindow, at: int, encoding: Encoding) -> Iterator[Element]:
    """The top-level elements from `at` to the end of the file. Raises `MalformedDicom` where it is cut or malformed."""
    last = -1
    while at < source.size:
        if source.size - at < 8 and not any(source.read(at, 8)):
            return  # a few zero bytes of padding
        tag, vr, value, length = header(source, at, encoding)
        if not vr:
            raise MalformedDicom(f"unexpected item or delimiter {name(tag)} at offset {at}")
        if tag <= last:
            raise MalformedDicom(f"element {name(tag)} at offset {at} is out of order: elements must ascend")
        last = tag
        if length == UNDEFINED:
            end = (
                skip_fragments(source, value, encoding)
                if vr in ("OB", "OW")
                else skip_items(source, value, encoding, vr)
            )
        else:
            end = value + length
            if end > source.size:
                raise MalformedDicom(
                    f"truncated: element {name(tag)} at offset {at} says {length} bytes, the file ends at {source.size}"
                )
        yield Element(tag, vr, at, value, end, length == UNDEFINED)
        at = end


def skip_items(source: FileWindow, at: int, encoding: Encoding, vr: str, depth: int = 0) -> int:
    """Offset behind a sequence of undefined length that begins at `at`."""
    if depth > MAX_DEPTH:
        raise MalformedDicom(f"sequences are nested deeper than {MAX_DEPTH} at offset {at}")
    if vr == "UN":
        encoding = Encoding(implicit=True, little=True)  # PS3.5 §6.2.2: such a value is an implicit VR sequence
    while True:
        tag, _, value, length = header(source, at, encoding)
        if tag == SEQUENCE_END:
            return value
        if tag != ITEM:
            raise MalformedDicom(f"expected a sequence item at offset {at}, found {name(tag)}")
        at = value + length if length != UNDEFINED else skip_elements(source, value, encoding, depth)
        if at > source.size:
            raise MalformedDicom(
                f"truncated: a sequence item at offset {value} says {length} bytes, the file ends at {source.size}"
            )


def skip_elements(source: FileWindow, at: int, encoding: Encoding, depth: int) -> int:
    """Offset behind an item of undefined length whose elements begin at `at`."""
    while True:
        tag, vr, value, length = header(source, at, encoding)
        if tag == ITEM_END:
            return value
        at = value + length if length != UNDEFINED else skip_items(source, value, encoding, vr, depth + 1)


def fragments(source: FileWindow, at: int, encoding: Encoding) -> Iterator[tuple[int, int]]:
    """(value offset, length) of each item of encapsulated pixel data that begins at `at`, the offset table first."""
    while True:
        tag, _, value, length = header(source, at, encoding)
        if tag == SEQUENCE_END:
            return
        if tag != ITEM or length == UNDEFINED:
            raise MalformedDicom(f"expected a pixel data fragment at offset {at}, found {name(tag)}")
        at = value + length
        if at > source.size:
            raise MalformedDicom(
                f"truncated: a fragment of pixel data at {value} says {length} bytes, the file ends at {source.size}"
            )
        yield value, length


def skip_fragments(source: FileWindow, at: int, encoding: Encoding) -> int:
    end = at
    for value, length in fragments(source, at, encoding):
        end = value + length
    return end + 8
