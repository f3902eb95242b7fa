"""DICOM files (PS3.10) written as a stream: the data set, then frames as they come.

With the lengths of all frames known before, an encapsulated file has an offset table: the basic one, or from 4 GiB on
the extended one. Without them the basic table stays empty, which is legal: readers then walk the items. Frames that
only pass through take that second way, so that nothing is kept; frames that we encode wait in a stage, and their
lengths are known. Every length is even: an odd frame gets its padding byte here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO

import numpy as np
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID

ITEM = b"\xfe\xff\x00\xe0"
END = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
PIXEL_DATA = b"\xe0\x7f\x10\x00"
UNDEFINED = b"\xff\xff\xff\xff"
LARGEST_OFFSET = 2**32 - 2
LARGEST_NATIVE = 2**32 - 2
"""Bytes: the longest element of defined length."""
IMPLEMENTATION = "2.25.216107190812467531409736018273645091"


def file_meta(dataset: Dataset, syntax: str) -> FileMetaDataset:
    """Names our own implementation, so that bytes do not depend on the library's version."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(syntax)
    meta.ImplementationClassUID = UID(IMPLEMENTATION)
    meta.ImplementationVersionName = "PREPARE"
    return meta


def size_of(dataset: Dataset, lengths: Sequence[int]) -> int:
    """Bytes of the file that `write_stream` writes for frames of these lengths."""
    return len(_head(dataset, lengths)) + sum(_even(length) for length in lengths) + _extra(dataset, len(lengths))


def write_stream(dataset: Dataset, frames: Iterable[bytes], lengths: Sequence[int] | None = None) -> Iterator[bytes]:
    """The bytes of the file. `dataset` is explicit little endian, with file_meta and NumberOfFrames, without pixels.

    Raises ValueError when a frame has another length than was said, or when their number is another.
    """
    encapsulated = UID(dataset.file_meta.TransferSyntaxUID).is_encapsulated
    expected = int(dataset.NumberOfFrames)
    yield _head(dataset, lengths)
    count = 0
    for count, frame in enumerate(frames, 1):
        if count > expected or (lengths is not None and len(frame) != lengths[count - 1]):
            raise ValueError(f"frame {count} of {expected} has {len(frame)} bytes, which were not announced")
        padding = b"\0" * (len(frame) % 2) if encapsulated else b""
        yield (ITEM + struct.pack("<I", _even(len(frame))) if encapsulated else b"") + frame + padding
    if count != expected:
        raise ValueError(f"{count} frames came where {expected} were announced")
    if encapsulated:
        yield END
    elif _native_length(dataset) % 2:
        yield b"\0"


def _head(dataset: Dataset, lengths: Sequence[int] | None) -> bytes:
    """Everything before the first frame."""
    out = BytesIO()
    encapsulated = UID(dataset.file_meta.TransferSyntaxUID).is_encapsulated
    table, copy = b"", dataset
    if encapsulated and lengths is not None:
        padded = np.array([0, *(_even(length) + 8 for length in lengths)], np.uint64)
        offsets = np.cumsum(padded)[:-1]
        if lengths and int(offsets[-1]) > LARGEST_OFFSET:
            copy = Dataset()
            copy.update(dataset)
            copy.file_meta = dataset.file_meta
            copy.ExtendedOffsetTable = offsets.astype("<u8").tobytes()
            copy.ExtendedOffsetTableLengths = np.array([_even(length) for length in lengths], "<u8").tobytes()
        else:
            table = offsets.astype("<u4").tobytes()
    dcmwrite(out, copy, enforce_file_format=True)
    implicit = UID(dataset.file_meta.TransferSyntaxUID).is_implicit_VR
    wide = int(dataset.BitsAllocated) > 8 and not encapsulated
    out.write(PIXEL_DATA + (b"" if implicit else (b"OW" if wide else b"OB") + b"\0\0"))
    if encapsulated:
        out.write(UNDEFINED + ITEM + struct.pack("<I", len(table)) + table)
    else:
        length = _native_length(dataset)
        if length > LARGEST_NATIVE:
            raise ValueError(f"{length} bytes of uncompressed pixels do not fit into one instance: encode them")
        out.write(struct.pack("<I", _even(length)))
    return out.getvalue()


def _extra(dataset: Dataset, frames: int) -> int:
    """Bytes that are neither head nor frames: items' tags and lengths, the end."""
    if UID(dataset.file_meta.TransferSyntaxUID).is_encapsulated:
        return 8 * frames + len(END)
    return 0


def _native_length(dataset: Dataset) -> int:
    samples = int(dataset.Rows) * int(dataset.Columns) * int(dataset.SamplesPerPixel) * int(dataset.NumberOfFrames)
    return samples * (int(dataset.BitsAllocated) // 8)


def _even(length: int) -> int:
    return length + length % 2
