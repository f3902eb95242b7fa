"""Content negotiation: what an Accept header asks for (RFC 9110 §12.5.1, PS3.18 §8.7).

A DICOMweb media range is wrapped once more: `multipart/related; type="image/jpeg"; transfer-syntax=...`. `Wanted` is
the range with that wrapping opened. Which of the wanted things a resource has is the resource's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from localcloud.errors import ApiError
from localcloud.multipart import parse_media_type

QUALITY = re.compile(r"[0-9]{1,3}(\.[0-9]{0,9})?")


@dataclass(frozen=True)
class Wanted:
    """One range of an Accept header."""

    media_type: str
    """Of the part for multipart ranges, of the body otherwise; may be `*/*` or `image/*`."""
    multipart: bool | None
    """True: multipart/related asked; False: a single part asked; None: either (`*/*`)."""
    transfer_syntax: str
    """UID, `*` for "as stored", or empty when not given."""
    quality: float = 1.0

    @property
    def exactness(self) -> int:
        return 2 - self.media_type.count("*")

    def covers(self, media_type: str) -> bool:
        kind, _, sub = self.media_type.partition("/")
        return self.media_type in ("*/*", media_type) or (sub == "*" and media_type.startswith(kind + "/"))


def split_list(header: str) -> list[str]:
    """Split at commas outside quotes."""
    return [item.strip() for item in re.findall(r'(?:[^,"]|"(?:\\.|[^"\\])*"?)+', header) if item.strip()]


@lru_cache(maxsize=512)
def wanted(header: str) -> tuple[Wanted, ...]:
    """The acceptable ranges by quality, then as written. Raises `ApiError` 400."""
    return tuple(sorted((media for media in ranges(header) if media.quality > 0), key=lambda one: -one.quality))


@lru_cache(maxsize=512)
def ranges(header: str) -> tuple[Wanted, ...]:
    """The ranges of an Accept header as written; none given means anything. Raises `ApiError` 400."""
    if not header.strip():
        return (Wanted("*/*", None, ""),)
    return tuple(map(media_range, split_list(header)))


def media_range(item: str) -> Wanted:
    media = parse_media_type(item)
    quality = media.parameters.get("q", "1")
    if not QUALITY.fullmatch(quality):
        raise ApiError(400, f"Accept: {item!r} has a quality that is not a number.")
    if not re.fullmatch(r"[\w!#$&^.+*-]+/[\w!#$&^.+*-]+", media.type):
        raise ApiError(400, f"Accept: {item!r} is not a media range.")
    syntax = media.parameters.get("transfer-syntax", "")
    if media.type in ("multipart/related", "multipart/*"):
        inner = parse_media_type(media.parameters.get("type", "*/*"))
        # Some clients quote the inner parameters together with the type.
        return Wanted(inner.type, True, syntax or inner.parameters.get("transfer-syntax", ""), float(quality))
    return Wanted(media.type, None if media.type == "*/*" else False, syntax, float(quality))


def choose(header: str, offered: tuple[str, ...]) -> str:
    """The offered media type that the caller prefers; the first is the default. For resources without transfer syntax.

    Raises `ApiError` 406 naming what there is.
    """
    asked = ranges(header)

    def rank(media_type: str) -> tuple[float, int]:
        """Quality, then how early it was asked for: as the most specific range says that covers the type."""
        covering = [(one.exactness, -place, one.quality) for place, one in enumerate(asked) if one.covers(media_type)]
        _, place, quality = max(covering, default=(0, 0, 0.0))
        return quality, place

    best = max(offered, key=rank)
    if rank(best)[0] <= 0:
        there = ", ".join(offered)
        raise ApiError(406, f"Accept: {header!r} cannot be satisfied; this resource is available as {there}.")
    return best
