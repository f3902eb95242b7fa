"""Media types of a store request (Google's conformance statement, "Store transaction")."""

from __future__ import annotations

from localcloud.dicom.files.multipart import MediaType
from localcloud.dicom.files.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE, MEDIA, OCTETS
from localcloud.errors import ApiError

DICOM, JSON = "application/dicom", "application/dicom+json"
LITTLE = ("", IMPLICIT_LITTLE, EXPLICIT_LITTLE)
COMPRESSED = frozenset(["image/jpeg", "image/dicom-rle", "image/jls", "image/jp2", "image/jpx"])
"""Media types of compressed pixel data that can come as bulk data; each with the transfer syntaxes it is named for."""
SEVERAL_FRAMES = "image/jpx"
"""The only one of them that holds more than one frame (PS3.18 §8.7.3)."""


def unsupported(where: str, kind: str) -> ApiError:
    """Google answers 400, not 415."""
    return ApiError(
        400,
        f"{where} {kind!r} is not supported by this DICOM store; send multipart/related with "
        f'type="{DICOM}" or with type="{JSON}" and its bulk data, or a single {DICOM} file. Nothing was stored.',
    )


def bulk_syntax(media: MediaType, header: str) -> str:
    """The transfer syntax of compressed pixel data, empty for anything else. Raises `ApiError` 400."""
    syntax = media.parameters.get("transfer-syntax", "")
    if media.type == OCTETS and syntax in LITTLE:
        return ""
    if media.type in COMPRESSED and MEDIA.get(syntax) == media.type:
        return syntax
    known = ", ".join(f"{kind}; transfer-syntax={uid}" for uid, kind in sorted(MEDIA.items()) if kind in COMPRESSED)
    raise ApiError(
        400,
        f"a bulk data part's Content-Type {header!r} is not supported: use {OCTETS} or one of {known}. "
        "Nothing was stored.",
    )
