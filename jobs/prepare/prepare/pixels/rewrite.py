"""An instance anew, with the same pixels: in full order, in a coding that the viewer decodes, with another profile.

Frames pass through byte for byte unless they are encoded anew. Parts of a concatenation become one instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import islice
from os import sched_getaffinity

from pydicom import Dataset

from . import codec
from .attributes import Tool, add_equipment, add_sources, code, inherit_attributes
from .codec import JPEG_BASELINE, JPEG_XL_JPEG
from .coding import lossless
from .grid import PixelFormat
from .instances import EncodedInstance, Making, new_uid
from .source import LevelSource
from .stage import Stage
from .staged import StagedFrames


@dataclass(frozen=True)
class Change:
    """What becomes different, besides the order of frames, which is always full. Parts of the new UID."""

    encode: bool = False
    """Encode frames anew, without loss; JPEG XL made of JPEG becomes that JPEG."""
    profile: Dataset | None = None
    """A header whose ICC profile each optical path gets; one without a profile takes profiles away."""

    @property
    def role(self) -> str:
        return "-".join(["full", *(["encoded"] if self.encode else []), *(["profile"] if self.profile else [])])


def rewritten(source: LevelSource, change: Change, stage: Stage, making: Making) -> EncodedInstance:
    """The instance with the same pixels. Raises CannotPlace, CannotDecode, and what the source's fetching raises."""
    uid = new_uid(making.version, source.uid, change.role)
    jpeg = change.encode and source.form.syntax == JPEG_XL_JPEG
    form = _as_jpeg(source.form) if jpeg else lossless(source.form) if change.encode else source.form
    made = inherit_attributes(source.headers, uid, form, source.grid, source.placement.frames.size)
    if change.profile is not None:
        set_profile(made, change.profile)
    add_sources(made, source.headers, code("121322", "Source image for image processing operation"))
    add_equipment(made, Tool(making.version), f"Rewritten for the viewer: {change.role}")
    if not change.encode:
        return EncodedInstance(made, lambda: _pass_through(source, making), None, change.role)
    convert = codec.original_jpeg if jpeg else lambda frame: codec.encode(codec.decode(frame, source.form), form)
    staged = StagedFrames(stage, uid)
    for row in _convert(source, convert, codec.encode(source.absent(), form, making.quality)):
        staged.add(row)
    return EncodedInstance(made, staged.frames, staged.lengths, change.role)


def set_profile(made: Dataset, like: Dataset) -> None:
    """Gives each optical path the ICC profile of `like`'s first path, or none when that has none."""
    paths = like.get("OpticalPathSequence")
    model = paths[0] if paths else Dataset()
    for path in made.get("OpticalPathSequence") or ():
        for keyword in ("ICCProfile", "ColorSpace"):
            if keyword in model:
                path[keyword] = deepcopy(model[keyword])
            elif keyword in path:
                del path[keyword]


def _as_jpeg(form: PixelFormat) -> PixelFormat:
    photometric = "YBR_FULL_422" if form.colour and form.photometric != "RGB" else form.photometric
    return replace(form, syntax=JPEG_BASELINE, photometric=photometric, planar=False)


def _pass_through(source: LevelSource, making: Making) -> Iterator[bytes]:
    """Every tile in full order as it is stored; an absent one encoded once, in the source's own coding."""
    absent: bytes | None = None
    for path in range(len(source.placement.paths)):
        for frame in source.tiles(path):
            if frame is None:
                absent = absent or codec.encode(source.absent(), source.form, making.quality)
            yield frame or absent or b""


def _convert(source: LevelSource, convert: Callable[[bytes], bytes], absent: bytes) -> Iterator[list[bytes]]:
    """Rows of tiles, converted on all cores."""
    with ThreadPoolExecutor(len(sched_getaffinity(0)), thread_name_prefix="pixels") as pool:
        for path in range(len(source.placement.paths)):
            tiles = source.tiles(path)
            while row := list(islice(tiles, source.grid.across)):
                yield list(pool.map(lambda frame: absent if frame is None else convert(frame), row))
