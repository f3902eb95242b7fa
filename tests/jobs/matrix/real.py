"""The slides of the matrix as DICOM files: the same metadata, and real pixels in the coding of their first bytes.

The picture is a function of the place on the slide, the same for every slide and level, so that whoever looks at a
slide knows each pixel without its files.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, cast

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from prepare.codestream import header, identify
from prepare.metadata import WHOLE_SLIDE
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from smoke_tests.slide.dataset import icc_profile
from smoke_tests.slide.pyramid import rle
from tests.decoding import jpegs
from tests.jobs.fakes import Store
from tests.jobs.matrix.slides import STUDY

Samples = NDArray[Any]
Json = dict[str, Any]
Encode = Callable[..., bytes]

ROOT = "1.2.999"
SYNTAXES = {
    "jpeg-baseline": "4.50", "jpeg-unmarked": "4.50", "jpeg-extended": "4.51", "jpeg-lossless": "4.70",
    "jpeg-ls": "4.80", "jpeg2000": "4.90", "htj2k": "4.201", "jpeg-xl-of-jpeg": "4.111", "rle": "5", "unknown": "4.50",
}  # fmt: skip
"""Under 1.2.840.10008.1.2."""
OMITTED = 1 << 20
"""Bytes of a sequence that the store leaves out of metadata; its frames are in reverse order."""
GLASS = [{"00080100": {"vr": "SH", "Value": ["111744"]}, "00080102": {"vr": "SH", "Value": ["DCM"]},
          "00080104": {"vr": "LO", "Value": ["Brightfield illumination"]}}]  # fmt: skip
ORIGIN = [{"0040072A": {"vr": "DS", "Value": [20.0]}, "0040073A": {"vr": "DS", "Value": [40.0]}}]

_ls = cast("Encode", imagecodecs.jpegls_encode)
_j2k = cast("Encode", imagecodecs.jpeg2k_encode)
_ht = cast("Encode", imagecodecs.htj2k_encode)
_jxl = cast("Encode", imagecodecs.jpegxl_encode_jpeg)


def picture(x: Samples, y: Samples) -> Samples:
    """RGB, 0 to 255, at fractions of the slide's width and height: red grows to the right, green downwards."""
    x, y = np.broadcast_arrays(x[None, :], y[:, None])
    blue = 128 + 60 * np.cos(2 * np.pi * 3 * x) * np.cos(2 * np.pi * 2 * y)
    return np.stack((50 + 150 * x, 50 + 150 * y, blue), axis=-1)


def uid(number: int, fake: str) -> str:
    """The UID of slide `number` for the matrix's one; they sort alike."""
    return f"{ROOT}.{number}{fake.removeprefix('1.2')}"


def files(store: Store, number: int) -> Iterator[bytes]:
    """Every instance of the study."""
    for series in store.studies[STUDY].values():
        for item in series:
            yield written(item, store.frames[item["00080018"]["Value"][0]], number)


def written(item: Json, first: bytes, number: int) -> bytes:
    made = Dataset.from_json(_renamed(item, number))
    if "ImageComments" in made:  # long texts are for UT; LT would be stored as unknown, and so as bulk data
        made.TextValue = made.ImageComments
        del made.ImageComments
    made.StudyInstanceUID = uid(number, STUDY)
    made.StudyDate, made.StudyTime = "20260102", "101500"
    made.PatientName = "Synthetic^Matrix"
    made.PatientID = made.get("PatientID") or f"MATRIX-{number}"
    coding = "raw"
    if made.SOPClassUID == WHOLE_SLIDE:
        coding = identify(first, 0)
        _pixels(made, coding, first)
    made.file_meta = FileMetaDataset()
    ending = SYNTAXES.get(coding)
    made.file_meta.TransferSyntaxUID = UID(f"1.2.840.10008.1.2.{ending}" if ending else "1.2.840.10008.1.2.1")
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    out = io.BytesIO()
    made.save_as(out, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return out.getvalue()


def _renamed(value: Any, number: int) -> Any:
    """With UIDs of this slide, and with whole sequences where the fakes have only their beginnings."""
    if isinstance(value, list):
        return [_renamed(one, number) for one in value]
    if isinstance(value, str):
        own = value.startswith("1.2.") and not value.startswith("1.2.840.10008")
        return uid(number, value) if own else value
    if not isinstance(value, dict):
        return round(value, 10) if isinstance(value, float) else value
    made = {key: _renamed(one, number) for key, one in cast("Json", value).items()}
    if "00220016" in made:
        made["00220016"] = {"vr": "SQ", "Value": GLASS}
    if "00480008" in made:
        made["00480008"] = {"vr": "SQ", "Value": [{**(value["00480008"].get("Value") or [{}])[0], **ORIGIN[0]}]}
    if "00282000" in made:
        made["00282000"] = {"vr": "OB", "InlineBinary": _profile(value["00282000"]["InlineBinary"])}
    return made


def _profile(fake: str) -> str:
    """sRGB; another one differs in the year it was made."""
    profile = bytearray(icc_profile())
    profile[25] -= fake != "QUJD"
    return base64.b64encode(profile).decode()


def _pixels(made: Dataset, coding: str, first: bytes) -> None:
    told = header(first, coding)
    plain = told is not None and told.transformed is False
    bits = told.bits if told and told.bits > 8 else made.BitsAllocated
    made.BitsStored, made.HighBit, made.PixelRepresentation = bits, bits - 1, 0
    if made.SamplesPerPixel > 1:
        made.PlanarConfiguration = 0
    if (
        coding not in ("jpeg-baseline", "jpeg-unmarked", "jpeg-xl-of-jpeg", "unknown")
        and made.SamplesPerPixel == 3
        and not plain
    ):
        made.PhotometricInterpretation = "YBR_RCT" if coding == "htj2k" else "RGB"
    edge = (told.rows, told.columns) if told else (made.Rows, made.Columns)
    count = int(made.get("NumberOfFrames", 1))
    places = list(_places(made, count))
    if made.get("DimensionOrganizationType") != "TILED_FULL" and "PerFrameFunctionalGroupsSequence" not in made:
        places.reverse()
        made.PerFrameFunctionalGroupsSequence = [_long_position(made, place) for place in places]
    frames = [_frame(made, coding, bits, edge, *place) for place in places]
    made.add_new("PixelData", "OB", encapsulate(frames, has_bot=True))
    made["PixelData"].is_undefined_length = True


def _places(made: Dataset, count: int) -> Iterator[tuple[int, int]]:
    """Row and column in tiles of each frame: as its position says, else row by row."""
    if sequence := made.get("PerFrameFunctionalGroupsSequence"):
        for one in sequence:
            where = one.PlanePositionSlideSequence[0]
            row, column = where.RowPositionInTotalImagePixelMatrix, where.ColumnPositionInTotalImagePixelMatrix
            yield row // made.Rows, column // made.Columns
        return
    across, down = -(-made.TotalPixelMatrixColumns // made.Columns), -(-made.TotalPixelMatrixRows // made.Rows)
    start = int(made.get("ConcatenationFrameOffsetNumber", 0))
    for at in range(start, start + count):
        yield at % (across * down) // across, at % across


def _long_position(made: Dataset, place: tuple[int, int]) -> Dataset:
    """Where a tile lies, so long that the store leaves the sequence out."""
    where, content, frame = Dataset(), Dataset(), Dataset()
    where.RowPositionInTotalImagePixelMatrix = place[0] * made.Rows + 1
    where.ColumnPositionInTotalImagePixelMatrix = place[1] * made.Columns + 1
    content.TextValue = "x" * (OMITTED // int(made.NumberOfFrames) + 1)
    frame.PlanePositionSlideSequence, frame.FrameContentSequence = [where], [content]
    return frame


@cache
def _encoded(coding: str, samples: int, bits: int, size: tuple[int, int], box: tuple[float, ...]) -> bytes:
    left, top, right, bottom = box
    rows, columns = size
    x = left + (np.arange(columns, dtype=np.float32) + 0.5) / columns * (right - left)
    y = top + (np.arange(rows, dtype=np.float32) + 0.5) / rows * (bottom - top)
    colour = picture(x, y)
    if samples == 1:
        pixels = (colour.mean(axis=-1) / 255 * (2**bits - 1)).clip(0, 2**bits - 1)
    else:
        pixels = colour.clip(0, 255) * (257 if bits > 8 else 1)
    data = _coded(coding, np.rint(pixels).astype(np.uint8 if bits == 8 else np.uint16), bits)
    return data + b"\0" * (len(data) % 2)


def _frame(made: Dataset, coding: str, bits: int, size: tuple[int, int], row: int, column: int) -> bytes:
    if coding == "unknown":
        return b"not an image"
    wide, high = made.Columns / made.TotalPixelMatrixColumns, made.Rows / made.TotalPixelMatrixRows
    box = (column * wide, row * high, (column + 1) * wide, (row + 1) * high)
    return _encoded(coding, min(made.SamplesPerPixel, 3), bits, size, box)


def _coded(coding: str, pixels: Samples, bits: int) -> bytes:
    if coding == "jpeg-xl-of-jpeg":
        return _jxl(jpegs.jpeg(pixels))
    if coding == "jpeg-lossless":
        return jpegs.jpeg(pixels, lossless=True, predictor=1)
    if coding == "jpeg-extended":
        return jpegs.jpeg(pixels, bitspersample=12)
    if coding == "jpeg-ls":
        return _ls(pixels)
    if coding == "jpeg2000":
        return _j2k(pixels, codecformat="j2k", reversible=True, mct=False, bitspersample=bits)
    if coding == "htj2k":
        return _ht(pixels, reversible=True)
    return rle(pixels) if coding == "rle" else jpegs.jpeg(pixels)


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data))
