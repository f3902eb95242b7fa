"""Every attribute of an instance before its pixel data, read from its stream, which is then dropped.

The store's metadata leaves out what is long (positions of a large sparse slide) or binary (ICC profiles); this has it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, cast

import requests
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset

from .errors import CannotDecode, readable
from .frames import TIMEOUT
from .multipart import boundary_of

ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'
LARGEST = 128 << 20
"""Bytes before the pixel data: positions of a million tiles fit."""
MOST_ITEMS = 200_000
"""Items of sequences, of which pydicom makes an object each (1.3 KiB: half of the 512 MiB that a task may take)."""
ITEM = b"\xfe\xff\x00\xe0"
INFLATED = 64 << 20
"""Bytes of a deflated object: an annotation of five million points fits."""
PIXELS = 0x7FE00008
"""Pixel data in any form."""
PREAMBLE, GROUP_LENGTH = 132, 12
"""Bytes of the preamble, and of the first element, which says how long the others of group 2 are."""
DEFLATED = "1.2.840.10008.1.2.1.99"
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
    """The attributes before the pixel data, if any, of whatever object. Raises CannotDecode."""
    try:
        with readable(f"instance {instance}"):
            stream.seek(PREAMBLE)
            meta = read_dataset(stream, False, True, stop_when=lambda tag, *_: tag.group > 2)
            if meta.get("TransferSyntaxUID") == DEFLATED:
                header = _inflate(stream, meta)
            else:
                stream.seek(0)
                header = dcmread(stream, stop_before_pixels=True)
    except InvalidDicomError:
        raise CannotDecode(f"instance {instance} does not begin as a DICOM file: send it to the store again") from None
    if "TransferSyntaxUID" not in header.file_meta:
        raise CannotDecode(f"instance {instance} does not say its transfer syntax: send it to the store again")
    return header


def _inflate(stream: BinaryIO, meta: Dataset) -> Dataset:
    """A data set that is deflated as a whole, from behind its first element; pydicom would inflate any amount."""
    stream.seek(PREAMBLE + GROUP_LENGTH + int(meta.FileMetaInformationGroupLength))
    data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(stream.read(), INFLATED + 1)
    if len(data) > INFLATED:
        raise CannotDecode(
            f"a deflated instance has more than {INFLATED >> 20} MiB: send it in another transfer syntax"
        )
    check_extent(len(data), data.count(ITEM))
    header = read_dataset(BytesIO(data), False, True, stop_when=lambda tag, *_: tag >= PIXELS)
    header.file_meta = FileMetaDataset(meta)
    return header


def check_extent(size: int, items: int) -> None:
    """Raises CannotDecode for more than any slide has before its pixels: memory is not for whoever writes lengths."""
    if size > LARGEST:
        raise CannotDecode(f"an instance has more than {LARGEST >> 20} MiB before its pixel data: it is not read")
    if items > MOST_ITEMS:
        raise CannotDecode(
            f"an instance has more than {MOST_ITEMS:,} items before its pixel data, which are too many to be read: "
            "have it written as TILED_FULL"
        )


class Pulled:
    """A seekable view of what has arrived of a stream, which pulls more when more is read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._seen = BytesIO()
        self._size = self._items = 0
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
        self._items += chunk.count(ITEM)
        check_extent(self._size, self._items)
        return True
