"""New instances for the levels that a pyramid lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from . import codec
from .attributes import Tool, add_equipment, add_sources, code, inherit_attributes, mark_as_level, record_compression
from .codec import Samples
from .coding import of_level
from .grid import PixelFormat
from .halve import HalfSizeDecoder
from .instances import EncodedInstance, Making, new_uid
from .pyramid import Cascade
from .source import LevelSource
from .stage import Stage
from .staged import StagedFrames

NUMBER_STEP = 100
"""Levels get the source's InstanceNumber and a hundred for each halving."""


def missing_levels(
    source: LevelSource, halvings: Collection[int], stage: Stage, making: Making
) -> Iterator[EncodedInstance]:
    """One instance for each of `halvings`, coarsest first, once all are made: a reader then has an overview early.

    Reads the source once. Raises CannotPlace, CannotDecode, and what the source's fetching raises.
    """
    form = of_level(source.header)
    wanted = frozenset(halvings)
    role = "level"
    staged = {
        times: StagedFrames(stage, new_uid(making.version, source.uid, role, times, making.parameters))
        for times in wanted
    }
    for path in range(len(source.placement.paths)):
        for band in cascade(source, wanted, form, making).bands(source.tiles(path)):
            staged[band.halvings].add(band.frames)
    for times in sorted(wanted, reverse=True):
        yield _instance(source, times, form, staged[times], making)


def cascade(source: LevelSource, wanted: frozenset[int], form: PixelFormat, making: Making) -> Cascade:
    """Makes levels of `source` in `form`."""
    absent = source.absent()

    def decode(frame: bytes | None) -> Samples:
        return absent if frame is None else codec.decode(frame, source.form)

    decode_half = HalfSizeDecoder(source.form)

    def decode_halved(frame: bytes | None) -> Samples | None:
        return None if frame is None else decode_half(frame)

    return Cascade(
        source.grid,
        wanted,
        decode,
        lambda pixels: codec.encode(pixels, form, making.quality),
        decode_halved=decode_halved,
    )


def _instance(
    source: LevelSource, times: int, form: PixelFormat, staged: StagedFrames, making: Making
) -> EncodedInstance:
    grid = source.grid.halved(times)
    made = inherit_attributes(source.headers, staged.uid, form, grid, len(staged.lengths))
    mark_as_level(made, times)
    made.InstanceNumber = int(made.get("InstanceNumber") or 0) + NUMBER_STEP * times
    add_sources(made, source.headers, code("121322", "Source image for image processing operation"))
    add_equipment(made, Tool(making.version), f"Level {2**times} times smaller than its source")
    record_compression(made, form, sum(staged.lengths))
    return EncodedInstance(made, staged.frames, staged.lengths, f"level-{times}")
