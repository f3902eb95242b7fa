"""Every attribute of an instance before its pixel data, read from its stream, which is then dropped.

The store's metadata leaves out what is long (positions of a large sparse slide) or binary (ICC profiles); this has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, cast

import requests
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from .errors import CannotDecode
from .frames import TIMEOUT
from .multipart import boundary_of

ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'
LARGEST = 512 << 20
"""Bytes before the pixel data: positions of a million tiles fit."""
NEEDED = (
    "SOPClassUID",
    "SOPInstanceUID",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "BitsAllocated",
    "PhotometricInterpretation",
)
"""Without these nothing can be said of the pixels of a whole-slide image."""
PART_HEADERS = 16_384


def read_header(session: requests.Session, url: str) -> Dataset:
    """The data set of the instance at `url` (…/instances/UID) without pixels, with file_meta.

    Raises CannotDecode when it is no DICOM, and what `requests` raises for a refusal.
    """
    with session.get(url, headers={"Accept": ACCEPT}, stream=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        stream = Pulled(response.iter_content(65_536))
        if boundary_of(response.headers.get("Content-Type", "")) is not None:
            stream.skip_headers()
        return parse_header(cast(BinaryIO, stream), url.rsplit("/", 1)[-1])


def parse_header(stream: BinaryIO, instance: str) -> Dataset:
    """The same from any binary stream that begins with the preamble. Raises CannotDecode for what is no image, too."""
    header = parse_object(stream, instance)
    missing = [keyword for keyword in NEEDED if header.get(keyword) in (None, "")]
    if missing:
        raise CannotDecode(f"instance {instance} has no {', '.join(missing)}: send it again from its source")
    return header


def parse_object(stream: BinaryIO, instance: str) -> Dataset:
    """The attributes before the pixel data, if any, of whatever object. pydicom raises many kinds for hostile bytes."""
    try:
        header = dcmread(stream, stop_before_pixels=True)
    except (InvalidDicomError, ValueError, KeyError, EOFError, TypeError, OverflowError, RecursionError):
        raise CannotDecode(f"instance {instance} does not begin as a DICOM file: send it to the store again") from None
    if "TransferSyntaxUID" not in header.file_meta:
        raise CannotDecode(f"instance {instance} does not say its transfer syntax: send it to the store again")
    return header


class Pulled:
    """A seekable view of what has arrived of a stream, which pulls more when more is read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._seen = BytesIO()
        self._size = 0
        self._start = 0

    def skip_headers(self) -> None:
        """Lets the stream begin after the headers of the first part."""
        while (end := self._seen.getvalue().find(b"\r\n\r\n")) < 0:
            if self._size > PART_HEADERS or not self._pull():
                raise CannotDecode("the store's answer has no part: run again")
        self._start = end + 4
        self._seen.seek(self._start)

    def read(self, size: int = -1) -> bytes:
        at = self._seen.tell()
        while size < 0 or self._size - at < size:
            if not self._pull():
                break
        self._seen.seek(at)
        return self._seen.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        at = self._start + offset if whence == 0 else self._seen.tell() + offset
        while self._size < at and self._pull():
            pass
        return self._seen.seek(min(at, self._size)) - self._start

    def tell(self) -> int:
        return self._seen.tell() - self._start

    def close(self) -> None:
        self._seen.close()

    def _pull(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        at = self._seen.tell()
        self._seen.seek(self._size)
        self._seen.write(chunk)
        self._seen.seek(at)
        self._size += len(chunk)
        if self._size > LARGEST:
            raise CannotDecode(f"more than {LARGEST >> 20} MiB before the pixel data")
        return True
