"""Whether all of a slide has arrived, by what its images say of themselves: then nobody has to wait for quiet. Pure.

A slide that says so may still get a label or an overview: they are late arrivals like any other. One that does not say
so (channels, focal planes or tiles in several images, a base without levels) counts as complete when it is quiet.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .finding import rule
from .metadata import Row
from .slide import is_step_too_wide


def is_complete(rows: Sequence[Row]) -> bool:
    """Whether a series, as it is listed, has the scanned base and every level down to a few tiles, each with all
    its tiles.
    """
    if not all(row.whole_slide for row in rows):
        return False
    levels = sorted((row for row in rows if row.flavor == "VOLUME"), key=lambda row: -row.columns)
    if not levels or not levels[0].is_scanned or any(row.is_scanned for row in levels[1:]):
        return False
    sizes = {(row.columns, row.rows) for row in levels}
    if len(sizes) < len(levels) or not all(row.is_colour and row.frames == row.tiles for row in levels):
        return False
    thumbnails = [row for row in rows if row.flavor == "THUMBNAIL"]
    steps = sorted((*levels, *thumbnails[:1]), key=lambda row: -row.columns)
    wide = any(is_step_too_wide(finer.tiles, finer.columns, coarser.columns) for finer, coarser in pairwise(steps))
    return not wide and steps[-1].tiles <= rule("R09").parameters["coarsest_tiles"]
