"""Little endian from whatever is stored: single frames, and whole files in constant memory."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian

from localcloud.dicom.files.syntaxes import IMPLICIT_LITTLE, NATIVE, decodable
from localcloud.dicom.store.archive import Opened
from localcloud.errors import ApiError

MAX_FILE = 2**30
"""Bytes of a file that Google transcodes; larger ones are only given as stored."""
MAX_FRAME = 150 * 2**20
"""Bytes of a frame's samples, likewise; whether Google counts them or the stored bytes, its limits do not say."""
MAX_VALUE = 0xFFFFFFFE
"""Bytes of one native element: its length has 32 bits and 0xFFFFFFFF means undefined."""


def check(opened: Opened) -> None:
    """Raises `ApiError` 406 when the instance is only to be had as stored."""
    r = opened.record
    advice = f"ask for transfer-syntax=* or {r.syntax} (as stored)."
    if r.size > MAX_FILE:
        raise ApiError(406, f"instance {r.instance} is larger than 1 GB and is not transcoded: {advice}")
    if frame_bytes(r.image) > MAX_FRAME:
        raise ApiError(406, f"instance {r.instance} has frames of more than 150 MB, which are not transcoded: {advice}")
    if not decodable(r.syntax):
        name = UID(r.syntax).name
        raise ApiError(406, f"instance {r.instance} is stored as {name}, which is not transcoded here: {advice}")


def frame_bytes(image: Mapping[str, Any]) -> int:
    """Bytes of the samples that one frame decodes to, as its attributes describe it; 0 for what is no image."""
    pixels = (image.get("Rows") or 0) * (image.get("Columns") or 0)
    return pixels * image.get("SamplesPerPixel", 1) * image.get("BitsAllocated", 8) // 8


def one_frame(opened: Opened) -> Dataset:
    """A data set that describes a single frame, its pixel data still to be given."""
    dataset = Dataset()
    for keyword, value in opened.record.image.items():
        if keyword[0].isupper():
            setattr(dataset, keyword, value)
    dataset.NumberOfFrames = 1
    dataset.file_meta = FileMetaDataset()
    return dataset


def pixels_of(opened: Opened, stored: bytes) -> np.ndarray[Any, Any]:
    """One encapsulated frame decoded; colours in YBR as RGB. Raises `ApiError` 406."""
    syntax = UID(opened.record.syntax)
    dataset = one_frame(opened)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([stored], has_bot=False)
    dataset["PixelData"].is_undefined_length = True
    try:
        return dataset.pixel_array
    except Exception as error:  # each decoder library raises its own kinds
        raise ApiError(
            406, f"instance {opened.record.instance}: a frame stored as {syntax.name} cannot be decoded: {error}"
        ) from error


def native_array(opened: Opened, number: int) -> np.ndarray[Any, Any]:
    """One native frame as an array; colours in YBR as RGB. Raises `ApiError` 404, 406."""
    data = explicit_little(opened, number)
    dataset = one_frame(opened)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    try:
        return dataset.pixel_array
    except Exception as error:  # pydicom raises many kinds for descriptions that do not fit the data
        raise ApiError(406, f"instance {opened.record.instance}: a frame cannot be rendered: {error}") from error


def explicit_little(opened: Opened, number: int) -> bytes:
    """Frame `number`, from 1, as native little endian samples. Raises `ApiError` 404, 406."""
    stored = opened.frame(number)
    if opened.native:
        image = opened.record.image
        if image["little"] or image.get("BitsAllocated", 8) <= 8:
            return stored
        return (
            np.frombuffer(stored, f">u{image['BitsAllocated'] // 8}")
            .astype(f"<u{image['BitsAllocated'] // 8}")
            .tobytes()
        )
    array = pixels_of(opened, stored)
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


@dataclass
class Transcoded:
    """A whole Part 10 file: `length` bytes that `chunks` gives piece by piece."""

    length: int
    chunks: Iterator[bytes]


def whole_file(opened: Opened, syntax: str) -> Transcoded:
    """Transcode an instance into explicit or implicit VR little endian; the first frame is decoded before this returns.

    Raises `ApiError` 406.
    """
    check(opened)
    path, image = opened.work.name, opened.record.image
    dataset = (
        pydicom.dcmread(path, stop_before_pixels=True, force=True) if not image.get("inflated") else inflate(opened)
    )
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in dataset:
            del dataset[keyword]
    frames = opened.frames
    first = explicit_little(opened, 1) if frames else b""
    if frames and opened.record.syntax not in NATIVE:
        if len(first) * frames > MAX_VALUE:
            raise ApiError(
                406, f"instance {opened.record.instance} has more than 4 GB of samples and is not transcoded."
            )
        if image.get("SamplesPerPixel", 1) > 1:
            dataset.PhotometricInterpretation = "RGB"
            dataset.PlanarConfiguration = 0
    head = header(dataset, syntax)
    if not frames:
        return Transcoded(len(head), iter([head]))
    if opened.native:
        return native_file(opened, head, syntax)
    length = len(first) * frames
    head += pixel_header(image, length, syntax)
    return Transcoded(len(head) + length + length % 2, decode(opened, head, first, frames))


def inflate(opened: Opened) -> Dataset:
    original = opened.work.name.removesuffix(".raw") + ".dcm"
    return pydicom.dcmread(original, stop_before_pixels=True)


def native_file(opened: Opened, head: bytes, syntax: str) -> Transcoded:
    assert opened.native
    length, width = opened.native.length, max(1, opened.record.image.get("BitsAllocated", 8) // 8)
    head += pixel_header(opened.record.image, length, syntax)
    swap = width if not opened.record.image["little"] else 1
    return Transcoded(len(head) + length + length % 2, native_chunks(opened, head, swap))


def native_chunks(opened: Opened, head: bytes, width: int) -> Iterator[bytes]:
    assert opened.native
    yield head
    fd = opened.work.fileno()
    step, at, end = 2**20, opened.native.offset, opened.native.offset + opened.native.length
    while at < end:
        chunk = os.pread(fd, min(step, end - at), at)
        at += len(chunk)
        yield np.frombuffer(chunk, f">u{width}").byteswap().tobytes() if width > 1 else chunk
    if opened.native.length % 2:
        yield b"\0"


def decode(opened: Opened, head: bytes, first: bytes, frames: int) -> Iterator[bytes]:
    yield head
    yield first
    for number in range(2, frames + 1):
        yield explicit_little(opened, number)
    if len(first) * frames % 2:
        yield b"\0"


def header(dataset: Dataset, syntax: str) -> bytes:
    """A Part 10 file up to, not including, its pixel data."""
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    out = BytesIO()
    dcmwrite(out, dataset, implicit_vr=syntax == IMPLICIT_LITTLE, little_endian=True, enforce_file_format=True)
    return out.getvalue()


def pixel_header(image: dict[str, Any], length: int, syntax: str) -> bytes:
    bits = image.get("BitsAllocated", 8)
    element, vr = 0x0010, b"OB" if bits <= 8 else b"OW"
    if image.get("float"):
        element, vr = (0x0008, b"OF") if bits == 32 else (0x0009, b"OD")
    if syntax == IMPLICIT_LITTLE:
        return struct.pack("<HHL", 0x7FE0, element, length + length % 2)
    return struct.pack("<HH2sHL", 0x7FE0, element, vr, 0, length + length % 2)
