"""Whether two DICOM files are the same instance: equal data set, equal frames, whoever wrote them.

What stores rewrite is left out (implementation and source in group 2, RetrieveURL, InstanceAvailability), and whole
files are never compared. Both are walked frame by frame, so neither is held in memory.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.uid import DeflatedExplicitVRLittleEndian

from ops.client.dicomweb import UnreadableFile

BLOCK = 1 << 20
VOLATILE = ("RetrieveURL", "InstanceAvailability")


def difference(one: Path, other: Path) -> str:
    """The respect in which two files are different instances; empty when they are the same. Raises UnreadableFile."""
    try:
        return _difference(one, other)
    except OSError:
        raise
    except Exception as error:  # pydicom raises almost anything on damaged data, and may quote it
        raise UnreadableFile(f"its content cannot be read ({type(error).__name__})") from None


def _difference(one: Path, other: Path) -> str:
    with one.open("rb") as first, other.open("rb") as second:
        datasets = (_dataset(first), _dataset(second))
        syntaxes = [dataset.file_meta.TransferSyntaxUID for dataset in datasets]
        if syntaxes[0] != syntaxes[1]:
            return "the transfer syntax differs"
        if datasets[0] != datasets[1]:
            return "the attributes differ"
        files = (first, second)
        pixels = [list(_frame_digests(file, dataset)) for file, dataset in zip(files, datasets, strict=True)]
    if len(pixels[0]) != len(pixels[1]):
        return "the number of frames differs"
    unequal = [number for number, pair in enumerate(zip(*pixels, strict=True), 1) if pair[0] != pair[1]]
    return f"frame {unequal[0]} differs" if unequal else ""


def _dataset(file: BinaryIO) -> Dataset:
    """Everything before the pixel data; leaves `file` at the pixel data element."""
    dataset = dcmread(file, stop_before_pixels=True)
    for keyword in VOLATILE:
        if keyword in dataset:
            delattr(dataset, keyword)
    return dataset


def _frame_digests(file: BinaryIO, dataset: Dataset) -> Iterator[bytes]:
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax == DeflatedExplicitVRLittleEndian:  # the stream has no place for frames: all pixels are one
        file.seek(0)
        yield hashlib.sha256(dcmread(file).get("PixelData", b"")).digest()
        return
    endian = "<" if syntax.is_little_endian else ">"
    header = file.read(8)
    if len(header) < 8:
        return  # no pixel data
    if syntax.is_implicit_VR or not header[4:6].isalpha():
        (length,) = struct.unpack(endian + "I", header[4:])
    else:
        (length,) = struct.unpack(endian + "I", file.read(4))
    frames = int(dataset.get("NumberOfFrames") or 1)
    if length == 0xFFFFFFFF:
        offsets = None
        if "ExtendedOffsetTable" in dataset and "ExtendedOffsetTableLengths" in dataset:
            offsets = (cast(bytes, dataset.ExtendedOffsetTable), cast(bytes, dataset.ExtendedOffsetTableLengths))
        for frame in generate_frames(file, number_of_frames=frames, extended_offsets=offsets):
            yield hashlib.sha256(frame).digest()
        return
    size = length // frames or length
    for start in range(0, length, size or 1):
        yield _sha256(file, min(size, length - start))


def _sha256(file: BinaryIO, count: int) -> bytes:
    digest = hashlib.sha256()
    while count > 0 and (block := file.read(min(BLOCK, count))):
        digest.update(block)
        count -= len(block)
    return digest.digest()
