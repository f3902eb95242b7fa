"""Which coding new frames get: lossless stays lossless, lossy stays no worse than it was.

JPEG-LS is the lossless coding: the viewer decodes it, in 8 and 16 bits, and it is written five times as fast as
JPEG 2000. JPEG levels keep full colour resolution: with 4:2:2, stained tissue at quality 95 stays below 34 dB.
"""

from __future__ import annotations

from dataclasses import replace

from pydicom import Dataset

from .codec import JPEG_BASELINE, JPEG_EXTENDED, JPEG_LS, check, photometric_when_decoded
from .grid import PixelFormat

LOSSY_ALWAYS = (JPEG_BASELINE, JPEG_EXTENDED)


def is_lossy(header: Dataset) -> bool:
    """Whether the image was compressed with a loss at any time. JPEG is, whatever LossyImageCompression says."""
    return header.get("LossyImageCompression") == "01" or str(header.file_meta.TransferSyntaxUID) in LOSSY_ALWAYS


def lossless(form: PixelFormat) -> PixelFormat:
    """For pixels that must come out as they are, BitsStored included.

    The codestream nevertheless has the precision of all bits allocated: the viewer needs it so.
    """
    check(form)
    return replace(form, syntax=JPEG_LS, photometric=photometric_when_decoded(form), planar=False)


def of_level(header: Dataset) -> PixelFormat:
    """For levels made of the image: JPEG for 8-bit colour that is lossy already, else lossless."""
    form = PixelFormat.of(header)
    if form.colour and form.bits == 8 and is_lossy(header) and photometric_when_decoded(form) == "RGB":
        check(form)
        return replace(form, syntax=JPEG_BASELINE, photometric="YBR_FULL_422", stored=8, signed=False, planar=False)
    return lossless(form)
