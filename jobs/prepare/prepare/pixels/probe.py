"""What some frames of an image show of all: which ones to look at, and whether they are what the attributes say.

A frame's header stands for nothing but itself, so every kind of frame is looked at, and decoded: the first, the last,
those at the right and the lower edge, the middle, and others between them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from ..model.codestream import Header, header, identify
from ..model.finding import table
from ..model.image import SlideImage
from ..model.metadata import checksum
from ..model.slide import FEWEST_PARTS, Place, Probe, parts_a_side
from . import codec
from .errors import CannotDecode
from .grid import PixelFormat

WHOLE, MOST, FEWEST = 64, 16, 8
"""Frames looked at of one image: all up to `WHOLE`, of more `MOST`, as far as `PIXELS` allow; at least `FEWEST`."""
PIXELS = 4 << 20
"""Decoded of one image."""
END_OF_JPEG = b"\xff\xd9"
ENDING = 64
"""Bytes that may follow the end of a JPEG: padding, usually one."""


GUIDE_FRAMES = 4
"""Of images that are looked at first, whole: what they show says where larger ones are worth a look."""
POINTS, APART = 6, 0.12
"""Places that are looked at on every level, and how far they are from each other, of the slide's width or height."""
Point = tuple[float, float]
"""Place on a slide, from left and top, each 0 to 1."""


def choose_frames(image: SlideImage, points: Sequence[Point] = ()) -> list[int]:
    """Numbers from 1, in order; all where there are few, else those at `points` among them."""
    count = max(image.frames, 1)
    fitting = max(FEWEST, PIXELS // max(image.rows * image.columns, 1))
    if count <= min(fitting, WHOLE):
        return list(range(1, count + 1))
    most = min(fitting, MOST)
    across = max(1, image.across)
    kinds = [*_always(count), across, max(image.tiles, 1), max(image.tiles, 1) - across + 1]
    chosen = {min(number, count) for number in kinds}
    for number in _frames_at(image, points):
        if len(chosen) < most:
            chosen.add(number)
            kinds.append(number)
    chosen |= {1 + at * (count - 1) // (most - 1) for at in range(most)} if most > len(chosen) else set()
    between = sorted(chosen - set(kinds))
    surplus = len(chosen) - most
    return sorted(chosen - set(between[:: max(1, len(between) // surplus)][:surplus] if surplus > 0 else []))


def _always(count: int) -> tuple[int, int, int]:
    """Frames that are looked at whatever other images show."""
    return 1, count, count // 2 + 1


def _frames_at(image: SlideImage, points: Sequence[Point]) -> Iterator[int]:
    """Frames of the first optical path, as far as their places are known and this image has them."""
    columns, rows = max(image.columns, 1), max(image.rows, 1)
    for x, y in points:
        tile = int(x * image.total_columns) // columns, int(y * image.total_rows) // rows
        if not image.sparse:
            number = tile[1] * image.across + tile[0] + 1 - image.first_frame
            if 0 < number <= image.frames:
                yield number
        elif tile in image.places:
            yield image.places.index(tile) + 1


def busiest_points(looked_at: Iterable[tuple[SlideImage, Probe]]) -> list[Point]:
    """Where the smallest image that tells enough differs most from what it is in the main: tissue, not glass."""
    for image, probe in sorted(looked_at, key=lambda one: one[0].total_columns):
        points = [
            (_centre(image, place, part), means[part * image.samples : (part + 1) * image.samples])
            for place, means in probe.samples.items()
            for part in range(len(means) // image.samples)
            if place[0] == 0 and not math.isnan(means[part * image.samples])
        ]
        if len(points) < FEWEST_PARTS * 2:
            continue
        colours = np.array([colour for _, colour in points])
        unlike = np.abs(colours - np.median(colours, axis=0)).max(axis=1)
        chosen: list[Point] = []
        for at in np.argsort(-unlike, kind="stable"):
            x, y = points[at][0]
            if all(max(abs(x - one), abs(y - other)) >= APART for one, other in chosen):
                chosen.append((x, y))
            if len(chosen) == POINTS:
                break
        return chosen
    return []


def _centre(image: SlideImage, place: Place, part: int) -> Point:
    """The centre of a part of a tile."""
    _, column, row = place
    parts = parts_a_side(image)
    x = (column + (part % parts + 0.5) / parts) * image.columns
    y = (row + (part // parts + 0.5) / parts) * image.rows
    return min(x / image.total_columns, 0.999), min(y / image.total_rows, 0.999)


def examine(image: SlideImage, frames: Mapping[int, bytes], wanted: list[int], big_endian: bool = False) -> Probe:
    """`frames` are those of `wanted` that the store has; `big_endian`: uncompressed samples are stored so."""
    codings = {number: _coding(image, frame, big_endian) for number, frame in frames.items() if frame}
    middle = min(codings or [1], key=lambda number: (codings.get(number) == "unknown", abs(number - image.frames // 2)))
    coding = _common(codings, middle)
    headers = {number: header(frames[number], one) for number, one in codings.items()}
    damaged = {number for number, frame in frames.items() if not frame}
    if coding not in ("unknown", ""):
        damaged |= {number for number, one in codings.items() if one == "unknown"}
    samples: dict[Place, tuple[float, ...]] = {}
    for number, one in codings.items():
        if number in damaged or ((frame_header := headers[number]) and _differs(frame_header, image)):
            continue
        try:
            pixels = _decode(image, frames[number], one)
        except CannotDecode:
            damaged.add(number)
            continue
        if pixels is not None and (place := _place(image, number)):
            samples[place] = _means(image, pixels, place)
    odd = next(
        (frame_header for frame_header in headers.values() if frame_header and _differs(frame_header, image)), None
    )
    return Probe(
        frame=middle,
        bytes=len(frames.get(middle, b"")),
        codestream=coding,
        header=odd or headers.get(middle),
        looked_at=len(wanted),
        damaged=tuple(sorted(damaged)),
        absent=tuple(number for number in wanted if number not in frames),
        checksum=checksum(*(frames.get(number, b"") for number in _always(max(image.frames, 1)))),
        samples=samples,
    )


def _coding(image: SlideImage, frame: bytes, big_endian: bool) -> str:
    coding = identify(frame, image.raw_frame_bytes)
    halved = image.raw_frame_bytes * 2 // 3
    if coding == "unknown" and image.photometric == "YBR_FULL_422" and len(frame) in (halved, halved + halved % 2):
        return "raw-halved"
    if coding == "raw" and image.planar and image.samples > 1:
        return "raw-by-plane"
    return "raw-big-endian" if coding == "raw" and big_endian else coding


def _common(codings: Mapping[int, str], middle: int) -> str:
    """That of the middle, unless another frame has one that the viewer does not decode; nothing without a frame."""
    known = Counter(coding for coding in codings.values() if coding != "unknown")
    rows = table()["codestreams"]
    unread = [coding for coding in known if not rows.get(coding, {}).get("decodes")]
    return unread[0] if unread else codings.get(middle, "")


def _differs(frame_header: Header, image: SlideImage) -> bool:
    return (frame_header.rows, frame_header.columns, frame_header.samples) != (image.rows, image.columns, image.samples)


def _decode(image: SlideImage, frame: bytes, coding: str) -> codec.Samples | None:
    """Samples; None for what no decoder of ours reads. Raises CannotDecode."""
    row = table()["codestreams"].get(coding)
    if row is None or coding == "raw-halved" or image.samples not in (1, 3) or image.bits not in (8, 16):
        return None
    told = header(frame, coding)
    if told and (told.bits > image.bits or (image.bits == 16 and told.bits <= 8)):  # R08's
        return None
    if coding.startswith("jpeg") and coding in JPEGS_WITH_END and END_OF_JPEG not in frame[-ENDING:]:
        raise CannotDecode(f"a frame of {len(frame)} bytes is cut off: send the slide again from its source")
    form = PixelFormat(
        syntax=row["transfer_syntaxes"][0],
        rows=image.rows,
        columns=image.columns,
        samples=image.samples,
        bits=image.bits,
        photometric=image.photometric,
        signed=image.signed,
        planar=image.planar,
    )
    return codec.decode(frame, form)


JPEGS_WITH_END = frozenset(
    {"jpeg-baseline", "jpeg-extended", "jpeg-extended-8", "jpeg-progressive", "jpeg-lossless", "jpeg-unmarked"}
    | {"jpeg-ls", "jpeg-ls-behind"}
)
"""Their decoders may fill up what is missing with grey, and say nothing."""


def _place(image: SlideImage, number: int) -> Place | None:
    """The place of a frame; None where it is not known from the metadata."""
    if not image.tiles or image.focal_planes > 1:
        return None
    if not image.sparse:
        path, at = divmod(image.first_frame + number - 1, max(image.tiles, 1))
        return path, at % image.across, at // image.across
    if len(image.optical_paths) > 1 or number > len(image.places):
        return (0, 0, 0) if image.tiles == 1 and image.frames == 1 else None
    return 0, *image.places[number - 1]


def _means(image: SlideImage, pixels: codec.Samples, place: Place) -> tuple[float, ...]:
    """Mean samples of the parts of the tile, as far as they belong to the picture; NaN of what lies beyond its edge."""
    _, column, row = place
    wide = min(image.columns, image.total_columns - column * image.columns)
    high = min(image.rows, image.total_rows - row * image.rows)
    parts = parts_a_side(image)
    if min(image.columns, image.rows) < parts or min(wide, high) < 1:
        return ()
    tile = pixels[:high, :wide].reshape(high, wide, -1)
    starts = [np.arange(parts) * edge // parts for edge in (image.rows, image.columns)]
    down, across = (edges[edges < length] for edges, length in zip(starts, (high, wide), strict=True))
    sums = np.add.reduceat(np.add.reduceat(tile, down, axis=0, dtype=np.float64), across, axis=1)
    counts = np.diff(down, append=high)[:, None] * np.diff(across, append=wide)[None, :]
    means = np.full((parts, parts, tile.shape[2]), np.nan)
    means[: len(down), : len(across)] = sums / counts[..., None] / (2**image.bits - 1)
    return tuple(map(float, means.ravel()))
