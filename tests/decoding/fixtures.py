"""Frames in every coding that a slide may come in, each with the picture that a viewer must show of it.

The picture is one tissue tile of `wsidicom-data`: its files are the fixtures for what that package has, `imagecodecs`,
Pillow and pydicom encode the rest. Judges nothing.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from prepare.pixels.codec import ybr_of
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import UID

from smoke_tests.slide.pyramid import rle
from tests.decoding import jpegs
from tests.e2e.tiles import SIDE, TILES, Tile

Samples = NDArray[Any]
Encode = Callable[..., bytes]

RAW, DEFLATED, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
DEFLATED_FRAME, RLE = "1.2.840.10008.1.2.8.1", "1.2.840.10008.1.2.5"
BASELINE, EXTENDED, PROGRESSIVE, LOSSLESS_SV1 = (f"1.2.840.10008.1.2.4.{end}" for end in (50, 51, 55, 70))
JPEG_LS, NEAR_LOSSLESS, J2K, J2K_LOSSY = (f"1.2.840.10008.1.2.4.{end}" for end in (80, 81, 90, 91))
JXL_LOSSLESS, JXL_OF_JPEG, JXL = (f"1.2.840.10008.1.2.4.{end}" for end in (110, 111, 112))
HTJ2K, HTJ2K_RPCL, HTJ2K_LOSSY = (f"1.2.840.10008.1.2.4.{end}" for end in (201, 202, 203))
LOSSY = {BASELINE, EXTENDED, PROGRESSIVE, NEAR_LOSSLESS, J2K_LOSSY, HTJ2K_LOSSY, JXL, JXL_OF_JPEG}


@dataclass(frozen=True)
class Fixture:
    """One frame. `truth` is rows x columns (monochrome) or rows x columns x 3 in RGB."""

    name: str
    syntax: str
    photometric: str
    frame: bytes
    truth: Samples
    stored: int = 8
    planar: bool = False

    @property
    def allocated(self) -> int:
        return 8 if self.stored == 8 else 16

    @property
    def lossless(self) -> bool:
        return self.syntax not in LOSSY

    @property
    def attributes(self) -> dict[str, Any]:
        """What of the metadata says how the frame is to be read."""
        return {
            "SamplesPerPixel": 3 if self.truth.ndim == 3 else 1,
            "PhotometricInterpretation": self.photometric,
            "BitsAllocated": self.allocated,
            "BitsStored": self.stored,
            "HighBit": self.stored - 1,
            "PlanarConfiguration": int(self.planar),
        }


def _raw(kind: str) -> bytes:
    return next(tile.data for tile in TILES if tile.name == f"Explicit_VR_Little_Endian-{kind}")


COLOUR = np.frombuffer(_raw("RGB-8"), np.uint8).reshape(SIDE, SIDE, 3)
GREY = np.frombuffer(_raw("GRAYSCALE-8"), np.uint8).reshape(SIDE, SIDE)
DEEP = np.frombuffer(_raw("GRAYSCALE-16"), "<u2").reshape(SIDE, SIDE)
TWELVE = DEEP >> 4
YBR = ybr_of(COLOUR)
TRUTHS = {(1, 8): GREY, (1, 16): DEEP, (1, 12): TWELVE, (3, 8): COLOUR}
"""By samples and stored bits."""
KINDS = (("8 bit", GREY, 8), ("16 bit", DEEP, 16), ("colour", COLOUR, 8))

jpeg_ls = cast("Encode", imagecodecs.jpegls_encode)
_jxl = cast("Encode", imagecodecs.jpegxl_encode)
_ht = cast("Encode", imagecodecs.htj2k_encode)
_j2k = cast("Encode", imagecodecs.jpeg2k_encode)


def fixtures() -> list[Fixture]:
    return [*map(_real, TILES), *_uncompressed(), *_jpegs(), *_jpeg_ls(), *_jpeg_2000(), *_htj2k(), *_jpeg_xl()]


def _real(tile: Tile) -> Fixture:
    truth = TRUTHS[tile.samples, tile.bits]
    return Fixture(tile.name, tile.syntax, tile.photometric, tile.data, truth, tile.bits)


def _uncompressed() -> list[Fixture]:
    planes = np.moveaxis(COLOUR, -1, 0).tobytes()
    return [
        Fixture("raw RGB, plane by plane", RAW, "RGB", planes, COLOUR, planar=True),
        Fixture("raw YBR_FULL", RAW, "YBR_FULL", YBR.tobytes(), COLOUR),
        Fixture("raw 12 in 16 bits", RAW, "MONOCHROME2", TWELVE.astype("<u2").tobytes(), TWELVE, 12),
        Fixture("RGB in a deflated data set", DEFLATED, "RGB", COLOUR.tobytes(), COLOUR),
        Fixture("RGB in deflated frames", DEFLATED_FRAME, "RGB", _deflated(COLOUR), COLOUR),
        Fixture("8 bit in deflated frames", DEFLATED_FRAME, "MONOCHROME2", _deflated(GREY), GREY),
        Fixture("RLE YBR_FULL", RLE, "YBR_FULL", rle(YBR), COLOUR),
    ]


def _jpegs() -> list[Fixture]:
    full, rgb = jpegs.jpeg(COLOUR), jpegs.jpeg(COLOUR, outcolorspace="RGB")
    progressive = io.BytesIO()
    Image.fromarray(COLOUR).save(progressive, "JPEG", quality=95, subsampling="4:4:4", progressive=True)
    made = [
        Fixture("JPEG 4:2:2", BASELINE, "YBR_FULL_422", jpegs.jpeg(COLOUR, subsampling="422"), COLOUR),
        Fixture("JPEG YBR_FULL without a marker", BASELINE, "YBR_FULL", jpegs.unmarked(full), COLOUR),
        Fixture("JPEG RGB by its components' names", BASELINE, "RGB", jpegs.without_application_data(rgb), COLOUR),
        Fixture("JPEG RGB without a marker", BASELINE, "RGB", jpegs.unmarked(rgb), COLOUR),
        Fixture("JPEG extended, 8 bit", EXTENDED, "YBR_FULL", jpegs.extended(full), COLOUR),
        Fixture("JPEG progressive", PROGRESSIVE, "YBR_FULL", progressive.getvalue(), COLOUR),
    ]
    for name, pixels, bits in KINDS:
        frame = jpegs.jpeg(pixels, lossless=True, predictor=1)
        kind = "RGB" if pixels.ndim == 3 else "MONOCHROME2"
        made.append(Fixture(f"JPEG lossless SV1 {name}", LOSSLESS_SV1, kind, frame, pixels, bits))
    return made


def _jpeg_ls() -> list[Fixture]:
    bare, comment = jpegs.without_application_data(jpeg_ls(COLOUR)), b"\xff\xfe\x00\x04hi"
    encoder = get_encoder(UID(JPEG_LS))
    shape = {"rows": SIDE, "columns": SIDE, "samples_per_pixel": 1, "number_of_frames": 1, "pixel_representation": 0}
    depth = {"bits_allocated": 16, "bits_stored": 12, "photometric_interpretation": "MONOCHROME2"}
    twelve = encoder.encode(TWELVE.astype("<u2"), encoding_plugin="pyjpegls", **shape, **depth)  # type: ignore[arg-type]
    return [
        Fixture("JPEG-LS YBR_FULL", JPEG_LS, "YBR_FULL", jpeg_ls(YBR), COLOUR),
        Fixture("JPEG-LS without application data", JPEG_LS, "RGB", bare, COLOUR),
        Fixture("JPEG-LS behind a comment", JPEG_LS, "RGB", bare[:2] + comment + bare[2:], COLOUR),
        Fixture("JPEG-LS 12 bits in 16", JPEG_LS, "MONOCHROME2", twelve, TWELVE, 12),
        Fixture("JPEG-LS 16 bits for 12 stored", JPEG_LS, "MONOCHROME2", jpeg_ls(TWELVE), TWELVE, 12),
    ]


def _jpeg_2000() -> list[Fixture]:
    options = {"codecformat": "j2k", "reversible": True, "mct": False}
    twelve, sixteen = _j2k(TWELVE, bitspersample=12, **options), _j2k(TWELVE, **options)
    jp2 = _j2k(COLOUR, **{**options, "codecformat": "jp2", "mct": True})
    return [
        Fixture("JPEG 2000 YBR_FULL", J2K, "YBR_FULL", _j2k(YBR, **options), COLOUR),
        Fixture("JPEG 2000 12 bits in 16", J2K, "MONOCHROME2", twelve, TWELVE, 12),
        Fixture("JPEG 2000 16 bits for 12 stored", J2K, "MONOCHROME2", sixteen, TWELVE, 12),
        Fixture("JPEG 2000 in a JP2 file", J2K, "YBR_RCT", jp2, COLOUR),
    ]


def _htj2k() -> list[Fixture]:
    made: list[Fixture] = []
    for name, pixels, bits in KINDS:
        exact, near = ("YBR_RCT", "YBR_ICT") if pixels.ndim == 3 else ("MONOCHROME2", "MONOCHROME2")
        frame, lossy = _ht(pixels, reversible=True), _ht(pixels, level=0.005, reversible=False)
        if pixels.ndim == 3:
            made.append(Fixture("HTJ2K lossless RGB", HTJ2K, "RGB", _ht(pixels, reversible=True, rgb=False), pixels))
        made += [
            Fixture(f"HTJ2K lossless {name}", HTJ2K, exact, frame, pixels, bits),
            Fixture(f"HTJ2K RPCL {name}", HTJ2K_RPCL, exact, _ht(pixels, reversible=True, tlm=True), pixels, bits),
            Fixture(f"HTJ2K lossy {name}", HTJ2K_LOSSY, near, lossy, pixels, bits),
        ]
    return made


def _jpeg_xl() -> list[Fixture]:
    wrapped = cast("Encode", imagecodecs.jpegxl_encode_jpeg)(jpegs.jpeg(COLOUR))
    return [
        Fixture("JPEG XL lossless RGB", JXL_LOSSLESS, "RGB", _jxl(COLOUR, lossless=True), COLOUR),
        Fixture("JPEG XL lossless 8 bit", JXL_LOSSLESS, "MONOCHROME2", _jxl(GREY, lossless=True), GREY),
        Fixture("JPEG XL of a JPEG", JXL_OF_JPEG, "YBR_FULL", wrapped, COLOUR),
        Fixture("JPEG XL lossy RGB", JXL, "RGB", _jxl(COLOUR, distance=0.5), COLOUR),
    ]


def _deflated(pixels: Samples) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(pixels.tobytes()) + squeeze.flush()
