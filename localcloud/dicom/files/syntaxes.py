"""Transfer syntaxes: the media type each has as frames (PS3.18 §8.7.3.3), and which can be decoded here."""

from __future__ import annotations

from functools import cache

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

IMPLICIT_LITTLE, EXPLICIT_LITTLE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
NATIVE = (IMPLICIT_LITTLE, EXPLICIT_LITTLE, "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")
OCTETS = "application/octet-stream"
MEDIA = {
    **dict.fromkeys(NATIVE, OCTETS),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70)), "image/jpeg"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (80, 81)), "image/jls"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (90, 91)), "image/jp2"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (92, 93)), "image/jpx"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (110, 111, 112)), "image/jxl"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (201, 202, 203)), "image/jphc"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (100, 101)), "video/mpeg"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (102, 103, 104, 105, 106)), "video/mp4"),
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}


def media_type(syntax: str) -> str:
    return MEDIA.get(syntax, OCTETS)


@cache
def decodable(syntax: str) -> bool:
    """Whether this process can turn the syntax's frames into explicit VR little endian."""
    if syntax in NATIVE:
        return True
    try:
        return get_decoder(UID(syntax)).is_available
    except NotImplementedError:
        return False
