"""New instances for the levels that a pyramid lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from . import codec
from .attributes import Tool, as_level, code, inherited, lossy_again, made_by, made_of
from .codec import Samples
from .coding import of_level
from .grid import Form
from .instances import Making, NewInstance, new_uid
from .pyramid import Cascade
from .source import Source
from .stage import Stage
from .staged import Staged

NUMBER_STEP = 100
"""Levels get the source's InstanceNumber and a hundred for each halving."""


def missing_levels(source: Source, halvings: Collection[int], stage: Stage, making: Making) -> Iterator[NewInstance]:
    """One instance for each of `halvings`, coarsest first, once all are made: a reader then has an overview early.

    Reads the source once. Raises CannotPlace, CannotDecode, and what the source's fetching raises.
    """
    form = of_level(source.header)
    wanted = frozenset(halvings)
    role = "level"
    staged = {
        times: Staged(stage, new_uid(making.version, source.uid, role, times, making.parameters)) for times in wanted
    }
    for path in range(len(source.placement.paths)):
        for band in cascade(source, wanted, form, making).bands(source.tiles(path)):
            staged[band.halvings].add(band.frames)
    for times in sorted(wanted, reverse=True):
        yield _instance(source, times, form, staged[times], making)


def cascade(source: Source, wanted: frozenset[int], form: Form, making: Making) -> Cascade:
    """Makes levels of `source` in `form`."""
    absent = source.absent()

    def decode(frame: bytes | None) -> Samples:
        return absent if frame is None else codec.decode(frame, source.form)

    return Cascade(source.grid, wanted, decode, lambda pixels: codec.encode(pixels, form, making.quality))


def _instance(source: Source, times: int, form: Form, staged: Staged, making: Making) -> NewInstance:
    grid = source.grid.halved(times)
    made = inherited(source.headers, staged.uid, form, grid, len(staged.lengths))
    as_level(made, times)
    made.InstanceNumber = int(made.get("InstanceNumber") or 0) + NUMBER_STEP * times
    made_of(made, source.headers, code("121322", "Source image for image processing operation"))
    made_by(made, Tool(making.version), f"Level {2**times} times smaller than its source")
    lossy_again(made, form, sum(staged.lengths))
    return NewInstance(made, staged.frames, staged.lengths, f"level-{times}")
