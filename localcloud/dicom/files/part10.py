"""Read what the store needs to know of a DICOM file: identity, encoding, pixel data, the small part of its data set.

pydicom parses the elements that are kept; bulk values and sequences over a mebibyte never enter memory.
"""

from __future__ import annotations

import os
import re
import zlib
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID

from localcloud.dicom.files import frames_index
from localcloud.dicom.files.elements import PIXEL_DATA, Element, Encoding, FileWindow, MalformedDicom, walk
from localcloud.inflation import InflatedTooMuch, InflationBudget

# The store takes values as they are, as Google's does: odd ones must not print warnings at every read.
config.settings.reading_validation_mode = config.IGNORE

PREFIX_END = 132
"""Bytes of the preamble and the prefix DICM that a file begins with."""
MAX_SEQUENCE = 2**20
"""Encoded bytes of a sequence above which Google leaves it out of metadata."""
MAX_KEPT = 4 * 2**20
"""Encoded bytes of any other value that is held in memory; longer text becomes bulk data."""
MAX_INFLATED = 2**30
BULK_VR = frozenset(["OB", "OW", "UN"])
LARGE_BULK_VR = frozenset(["OD", "OF", "OL", "OV"])
LARGE = 2048
"""Bytes above which OD, OF, OL and OV become bulk data."""
NUMBER_SIZE = {"FL": 4, "FD": 8, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8, "AT": 4}
MAX_VALUES = 512
"""Values of one numeric element above which it becomes bulk data."""
FLOAT_BITS = {0x7FE00008: 32, 0x7FE00009: 64}
"""FloatPixelData and DoubleFloatPixelData, which stand in place of PixelData (PS3.3 §C.7.6.24): bits of a sample."""
PIXELS = (*FLOAT_BITS, PIXEL_DATA)
EXTENDED_OFFSET_TABLE = 0x7FE00001


@dataclass
class ParsedFile:
    """One parsed file. Offsets are those of `work`, which is the file itself unless its data set is deflated."""

    syntax: UID
    encoding: Encoding
    work: Path
    size: int
    dataset: Dataset
    """Elements that metadata shows by value, parsed."""
    bulk: list[Element] = field(default_factory=list[Element])
    """Top-level elements that metadata shows by reference, pixel data among them."""
    native: frames_index.NativePixels | None = None
    index: bytes = b""
    float_bits: int = 0
    """Of a sample of floating point pixel data; 0 for other pixel data and none."""


def is_bulk(vr: str, length: int, value: bytes = b"") -> bool:
    """Whether Google shows an element of this VR and length in bytes as BulkDataURI; `value` for numbers in text."""
    if vr in BULK_VR:
        return length > 0
    if vr in LARGE_BULK_VR:
        return length > LARGE
    if vr in ("DS", "IS"):
        return value.count(b"\\") >= MAX_VALUES
    return vr in NUMBER_SIZE and length > MAX_VALUES * NUMBER_SIZE[vr]


def check_prefix(head: bytes) -> None:
    """Raises `MalformedDicom` unless the first bytes are those of a DICOM file."""
    if not head:
        raise MalformedDicom("the part is empty (0 bytes)")
    if head[128:PREFIX_END] != b"DICM":
        raise MalformedDicom("not a DICOM file: no 'DICM' prefix at offset 128 (PS3.10)")


def read(path: Path, budget: InflationBudget) -> ParsedFile:
    """Parse the file at `path`. Raises `MalformedDicom` saying what is wrong with it."""
    size = path.stat().st_size
    fd = os.open(path, os.O_RDONLY)
    try:
        syntax, start = file_meta(FileWindow(fd, size))
        work = path
        if syntax.is_deflated:
            work = inflate(fd, start, path.with_suffix(".raw"), budget)
    finally:
        os.close(fd)
    if work is not path:
        start, size = 0, work.stat().st_size
    encoding = Encoding(implicit=syntax == "1.2.840.10008.1.2", little=syntax != "1.2.840.10008.1.2.2")
    fd = os.open(work, os.O_RDONLY)
    try:
        return body(FileWindow(fd, size), start, ParsedFile(syntax, encoding, work, size, Dataset()))
    finally:
        os.close(fd)


def file_meta(source: FileWindow) -> tuple[UID, int]:
    """Transfer syntax and the offset of the data set."""
    check_prefix(source.read(0, PREFIX_END))
    at, syntax = PREFIX_END, ""
    while int.from_bytes(source.read(at, 2), "little") == 2:
        element = next(walk(source, at, Encoding(implicit=False, little=True)))
        if element.tag == 0x00020010:
            syntax = source.read(element.value, element.length).rstrip(b"\0 ").decode("latin-1")
        at = element.end
    if not re.fullmatch(r"[0-9.]{1,64}", syntax):
        raise MalformedDicom(f"file meta information has no valid TransferSyntaxUID (0002,0010): {syntax!r}")
    return UID(syntax), at


def inflate(fd: int, start: int, target: Path, budget: InflationBudget) -> Path:
    """Write the inflated data set of a deflated file beside it, in constant memory. Raises `MalformedDicom`."""
    inflater, written = zlib.decompressobj(-zlib.MAX_WBITS), 0
    try:
        with target.open("wb") as out:
            while not inflater.eof:
                chunk = inflater.unconsumed_tail or os.pread(fd, 2**18, start)
                if not inflater.unconsumed_tail:
                    start += len(chunk)
                    budget.add_compressed(len(chunk))
                piece = inflater.decompress(chunk, 2**20)
                budget.add_inflated(len(piece))
                written += out.write(piece)
                if not chunk and not piece:
                    raise MalformedDicom("truncated: the deflated data set does not end")
                if written > MAX_INFLATED:
                    raise MalformedDicom(f"the deflated data set is larger than {MAX_INFLATED} bytes when inflated")
    except (zlib.error, MalformedDicom, InflatedTooMuch) as error:
        target.unlink()
        raise MalformedDicom(f"the deflated data set cannot be inflated: {error}") from error
    return target


def body(source: FileWindow, start: int, file: ParsedFile) -> ParsedFile:
    kept = bytearray()
    pixels: Element | None = None
    extended = b""
    for element in walk(source, start, file.encoding):
        if element.tag in PIXELS:
            pixels = element
        if element.tag == EXTENDED_OFFSET_TABLE:
            extended = source.read(element.value, element.length)
        if element.vr == "SQ" or (element.undefined and element.tag not in PIXELS):
            if element.end - element.start <= MAX_SEQUENCE:
                kept += source.read(element.start, element.end - element.start)
        elif is_by_reference(source, element):
            file.bulk.append(element)
        else:
            kept += source.read(element.start, element.end - element.start)
    file.dataset = parse(bytes(kept), file.encoding)
    if pixels:
        locate_frames(source, file, pixels, extended)
    return file


def is_by_reference(source: FileWindow, element: Element) -> bool:
    if element.length > MAX_KEPT or element.undefined:
        return True
    value = source.read(element.value, element.length) if element.vr in ("DS", "IS") else b""
    return is_bulk(element.vr, element.length, value)


def parse(data: bytes, encoding: Encoding) -> Dataset:
    try:
        dataset = read_dataset(BytesIO(data), encoding.implicit, encoding.little)
        for element in dataset.iterall():
            del element  # makes pydicom parse the values now, where a failure can still be told
    except MalformedDicom:
        raise
    except Exception as error:  # pydicom raises many kinds for malformed values
        raise MalformedDicom(f"the data set cannot be parsed: {error}") from error
    return dataset


def locate_frames(source: FileWindow, file: ParsedFile, pixels: Element, extended: bytes) -> None:
    dataset = file.dataset
    frames = number(dataset, "NumberOfFrames") or 1
    if pixels.undefined:
        file.index = frames_index.index_encapsulated(source, pixels.value, frames, extended, file.encoding)
        return
    file.float_bits = FLOAT_BITS.get(pixels.tag, 0)
    bits = (
        number(dataset, "Rows")
        * number(dataset, "Columns")
        * (number(dataset, "SamplesPerPixel") or 1)
        * (file.float_bits or number(dataset, "BitsAllocated"))
    )
    if str(dataset.get("PhotometricInterpretation", "")) == "YBR_FULL_422":
        bits = bits * 2 // 3
    if bits:
        file.native = frames_index.NativePixels(pixels.value, pixels.length, bits)


def number(dataset: Dataset, keyword: str) -> int:
    """The first value as an integer; 0 when absent or not a number."""
    try:
        return int(dataset.get(keyword) or 0)
    except (TypeError, ValueError):
        return 0
