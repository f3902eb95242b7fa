"""What can be wrong with the pixels of a slide. Sentences of ours, never text of a decoder, which may quote data."""

from __future__ import annotations

from ..errors import SeriesFailed


class CannotPlace(SeriesFailed):
    """The tiles do not form a grid: off-grid, overlapping, missing parts, several focal planes."""


class CannotDecode(SeriesFailed):
    """A frame is not what its attributes say."""


class FramesBroken(SeriesFailed):
    """The store's answer to a request for frames was cut off or not what was asked for, again and again."""
