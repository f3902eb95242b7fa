"""Encoded frames to samples and back. Which coding new frames get is decided in `coding`.

Samples are rows x columns for one sample a pixel, else rows x columns x samples, in native byte order and in the
colours that `decoded` names. A frame that announces another size than its attributes is refused before it is decoded.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, cast

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from ..model.codestream import Header, header, identify
from . import rle
from .errors import CannotDecode
from .grid import PixelFormat

Samples = NDArray[Any]

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_LS_ANY = (JPEG_LS, "1.2.840.10008.1.2.4.81")
JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.90"
JPEG_2000 = "1.2.840.10008.1.2.4.91"
JPEG_XL_JPEG = "1.2.840.10008.1.2.4.111"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", BIG_ENDIAN)
RLE = "1.2.840.10008.1.2.5"

JPEG_LS_WORST = 4
"""A code is at most four times as long as its sample (T.87 A.2.1: LIMIT). The library makes room for compressible
pixels only, and fails on noise."""

_jpeg8 = cast("Callable[..., bytes]", imagecodecs.jpeg8_encode)
_jpeg_in_xl = cast("Callable[..., bytes]", imagecodecs.jpegxl_decode_jpeg)
_jpegs = (JPEG_BASELINE, JPEG_EXTENDED, *JPEG_LOSSLESS)
_decoders: Mapping[str, Callable[..., Samples]] = {
    **dict.fromkeys(JPEG_LS_ANY, imagecodecs.jpegls_decode),
    JPEG_2000_LOSSLESS: imagecodecs.jpeg2k_decode,
    JPEG_2000: imagecodecs.jpeg2k_decode,
    "1.2.840.10008.1.2.4.201": imagecodecs.htj2k_decode,
    "1.2.840.10008.1.2.4.202": imagecodecs.htj2k_decode,
    "1.2.840.10008.1.2.4.203": imagecodecs.htj2k_decode,
    "1.2.840.10008.1.2.4.110": imagecodecs.jpegxl_decode,
    JPEG_XL_JPEG: imagecodecs.jpegxl_decode,
    "1.2.840.10008.1.2.4.112": imagecodecs.jpegxl_decode,
}
"""Decoders that need the frame only. Each refuses an `out` of another shape than the frame announces."""


def photometric_when_decoded(form: PixelFormat) -> str:
    """The photometric interpretation of what `decode` gives."""
    return "RGB" if form.colour else form.photometric


def check(form: PixelFormat) -> None:
    """Raises CannotDecode for a pixel format that we do not read, in words."""
    known = form.syntax in _decoders or form.syntax in (*NATIVE, RLE, *_jpegs)
    fits = form.bits in (8, 16) and form.samples in (1, 3) and form.rows > 0 and form.columns > 0
    photometric = ("MONOCHROME1", "MONOCHROME2") if form.samples == 1 else ("RGB", "YBR_FULL", "YBR_ICT", "YBR_RCT")
    jpeg = form.syntax in (*_jpegs, JPEG_XL_JPEG)
    if not known:
        raise CannotDecode(f"frames in transfer syntax {form.syntax} are not read: convert the slide at its source")
    fits = fits and (form.bits == 8 or form.photometric != "YBR_FULL")
    if not fits or (form.photometric not in photometric and not (jpeg and form.photometric.startswith("YBR"))):
        raise CannotDecode(
            f"{form.samples} samples of {form.bits} bits as {form.photometric or 'nothing'} are no slide that is read: "
            "1 or 3 samples of 8 or 16 bits, MONOCHROME, RGB or YBR"
        )


def decode(frame: bytes, form: PixelFormat) -> Samples:
    """Samples of one frame. Raises CannotDecode."""
    shape = (form.rows, form.columns, 3) if form.colour else (form.rows, form.columns)
    try:
        _check_size(frame, form)
        if form.syntax in NATIVE:
            pixels = _native(frame, form, shape)
        elif form.syntax == RLE:
            pixels = rle.decode(frame, form)
        elif form.syntax in _jpegs:
            pixels = _jpeg(frame, form, shape)
        else:
            out = np.empty(shape, form.dtype.str.replace("i", "u"))
            pixels = _decoders[form.syntax](frame, out=out)
        pixels = rgb_of(pixels) if _keeps_ybr(form) else pixels
    except (RuntimeError, ValueError, TypeError, OverflowError, MemoryError, struct.error, IndexError) as error:
        raise decoding_error(frame, form, error) from None
    return _stored_bits(pixels, form)


def encode(pixels: Samples, form: PixelFormat, quality: int = 95) -> bytes:
    """A frame in `form`, of even length. `pixels` have the colours `decoded(form)`; `quality` is JPEG's, 1 to 100."""
    pixels = ybr_of(pixels) if _keeps_ybr(form) else pixels
    if form.syntax in NATIVE:
        stored = pixels.astype(form.dtype.newbyteorder(">" if form.syntax == BIG_ENDIAN else "<"))
        return (np.moveaxis(stored, -1, 0) if form.planar and form.colour else stored).tobytes()
    if form.syntax == JPEG_BASELINE:
        space = "RGB" if form.photometric == "RGB" else "YCBCR"
        if form.colour:  # in full colour resolution; DICOM calls that YBR_FULL_422, too (PS3.5 8.2.1)
            data = _jpeg8(pixels, level=quality, colorspace="RGB", outcolorspace=space, subsampling="444")
        else:
            data = _jpeg8(pixels, level=quality)
    elif form.syntax == JPEG_LS:
        data = imagecodecs.jpegls_encode(_to_unsigned(pixels), out=JPEG_LS_WORST * pixels.nbytes + 4096)
    elif form.syntax in (JPEG_2000_LOSSLESS, JPEG_2000):
        mct = form.photometric in ("YBR_RCT", "YBR_ICT")
        data = imagecodecs.jpeg2k_encode(_to_unsigned(pixels), codecformat="j2k", reversible=True, mct=mct)
    else:
        raise CannotDecode(f"frames are not written in transfer syntax {form.syntax}: have the slide encoded anew")
    frame = bytes(cast("bytes", data))
    return frame + b"\0" * (len(frame) % 2)


def _keeps_ybr(form: PixelFormat) -> bool:
    """Only a JPEG's decoder converts YBR_FULL. The viewer takes samples of other codings for RGB as they come."""
    return form.colour and form.photometric == "YBR_FULL" and form.syntax not in (*_jpegs, JPEG_XL_JPEG)


def original_jpeg(frame: bytes) -> bytes:
    """The JPEG that a JPEG XL frame was made of, bit by bit. Raises CannotDecode when it was made of none."""
    try:
        data = _jpeg_in_xl(frame)
    except (RuntimeError, ValueError) as error:
        raise CannotDecode(f"a JPEG XL frame does not hold a JPEG ({type(error).__name__})") from None
    return data + b"\0" * (len(data) % 2)


def rgb_of(pixels: Samples) -> Samples:
    """8-bit YBR_FULL samples as RGB (PS3.3 C.7.6.3.1.2)."""
    y, b, r = (pixels[..., channel].astype(np.float32) for channel in range(3))
    b, r = b - 128, r - 128
    mixed = np.stack((y + 1.402 * r, y - 0.344136 * b - 0.714136 * r, y + 1.772 * b), axis=-1)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def ybr_of(pixels: Samples) -> Samples:
    """8-bit RGB samples as YBR_FULL."""
    r, g, b = (pixels[..., channel].astype(np.float32) for channel in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    mixed = np.stack((y, 128 + (b - y) / 1.772, 128 + (r - y) / 1.402), axis=-1)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def decoding_error(frame: bytes, form: PixelFormat, error: Exception) -> CannotDecode:
    """Never the decoder's own text: it may quote the frame."""
    return CannotDecode(
        f"a frame of {len(frame)} bytes is not {form.columns} x {form.rows} x {form.samples} of {form.bits} bits "
        f"in {form.syntax} ({type(error).__name__}): send the slide again from its source"
    )


def has_size_of(frame_header: Header, form: PixelFormat) -> bool:
    """Whether a codestream has the size that the attributes say."""
    return (frame_header.rows, frame_header.columns, frame_header.samples) == (form.rows, form.columns, form.samples)


def _check_size(frame: bytes, form: PixelFormat) -> None:
    """Raises ValueError for a codestream of another size than the attributes say: some decoders make room for it first.

    And for JPEG-LS without its end: CharLS 2.4 searches for half a minute in what was cut off.
    """
    announced = header(frame, identify(frame, form.raw_bytes))
    if announced and not has_size_of(announced, form):
        raise ValueError("size")
    if form.syntax in JPEG_LS_ANY and frame.rstrip(b"\0")[-2:] != b"\xff\xd9":
        raise ValueError("end")


def _jpeg(frame: bytes, form: PixelFormat, shape: tuple[int, ...]) -> Samples:
    """Colours as the frame's own markers say; where it has none, as the attributes say, as DICOM readers do.

    Lossless JPEG is never converted by the decoder, so what says YBR is converted here, unless a marker says it is RGB.
    """
    out = np.empty(shape, np.uint8 if form.bits == 8 else np.uint16)
    adobe = frame.find(b"Adobe", 0, 1024)
    marked = adobe >= 0 or b"JFIF" in frame[:64]
    if form.syntax in JPEG_LOSSLESS:
        pixels = imagecodecs.jpeg8_decode(frame, out=out)
        said_rgb = adobe >= 0 and frame[adobe + 11 : adobe + 12] == b"\0"
        return rgb_of(pixels) if form.colour and form.photometric != "RGB" and not said_rgb else pixels
    if form.colour and form.photometric == "RGB" and not marked:
        return imagecodecs.jpeg8_decode(frame, colorspace="RGB", outcolorspace="RGB", out=out)
    return imagecodecs.jpeg8_decode(frame, out=out)


def _native(frame: bytes, form: PixelFormat, shape: tuple[int, ...]) -> Samples:
    if len(frame) not in (form.raw_bytes, form.raw_bytes + form.raw_bytes % 2):
        raise ValueError("size")
    order = ">" if form.syntax == BIG_ENDIAN else "<"
    flat = np.frombuffer(frame, form.dtype.newbyteorder(order), count=form.raw_bytes // form.dtype.itemsize)
    if form.planar and form.colour:
        flat = np.moveaxis(flat.reshape(3, *shape[:2]), 0, -1)
    return flat.reshape(shape).astype(form.dtype, copy=False)


def _stored_bits(pixels: Samples, form: PixelFormat) -> Samples:
    """Sign and high bits as the attributes say: what is above BitsStored is no part of a value (PS3.5 8.1.1)."""
    if form.signed:
        pixels = pixels.view(form.dtype)
    unused = form.bits - (form.stored or form.bits)
    if not unused or pixels.dtype.itemsize * 8 != form.bits:
        return pixels
    return (pixels << unused) >> unused


def _to_unsigned(pixels: Samples) -> Samples:
    """Codestreams have no sign: the same bits, as unsigned numbers."""
    return np.ascontiguousarray(pixels).view(pixels.dtype.str.replace("i", "u"))
