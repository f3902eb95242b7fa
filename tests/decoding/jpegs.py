"""JPEGs as scanners and converters write them, told apart only by their marker segments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import imagecodecs
from numpy.typing import NDArray

Segment = tuple[int, bytes]
"""A marker and its bytes, marker included; 0 is the scan and what follows."""
START_OF_FRAME, EXTENDED, START_OF_SCAN = 0xC0, 0xC1, 0xDA
APPLICATION = range(0xE0, 0xF0)


def jpeg(pixels: NDArray[Any], **options: Any) -> bytes:
    """Colours are given as RGB, and kept as YBR without subsampling unless said otherwise."""
    encode = cast("Callable[..., bytes]", imagecodecs.jpeg8_encode)
    if pixels.shape[2:] != (3,) or options.get("lossless"):
        return encode(pixels, **options)
    return encode(
        pixels, **{"level": 95, "colorspace": "RGB", "outcolorspace": "YCBCR", "subsampling": "444", **options}
    )


def without_application_data(data: bytes) -> bytes:
    return _joined([one for one in _segments(data) if one[0] not in APPLICATION])


def unmarked(data: bytes) -> bytes:
    """Nothing says which colours they are: no application data, and components that are numbers, not R, G, B."""

    def renamed(kind: int, content: bytes) -> bytes:
        step, first = {START_OF_FRAME: (3, 10), 0: (2, 5)}.get(kind, (0, 0))
        named = bytearray(content)
        if step:
            named[first : first + 3 * step : step] = b"\1\2\3"
        return bytes(named)

    kept = [one for one in _segments(data) if one[0] not in APPLICATION]
    return _joined([(kind, renamed(kind, content)) for kind, content in kept])


def extended(data: bytes) -> bytes:
    """The same pixels by the extended process: a baseline JPEG is one, too."""
    marker = bytes([0xFF, EXTENDED])
    return _joined([(kind, marker + one[2:] if kind == START_OF_FRAME else one) for kind, one in _segments(data)])


def _segments(data: bytes) -> list[Segment]:
    at, found = 2, list[Segment]()
    while data[at + 1] != START_OF_SCAN:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((data[at + 1], data[at:end]))
        at = end
    return [*found, (0, data[at:])]


def _joined(segments: list[Segment]) -> bytes:
    return b"\xff\xd8" + b"".join(content for _, content in segments)
