"""How the engine of the page shows the channels of a monochrome slide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def composite(channels: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """In colour. A channel is laid over black by its own brightness, so squared; of two, blue and green."""
    drawn = [(channel / 255.0) ** 2 * 255 for channel in channels]
    if len(drawn) == 1:
        return np.stack([drawn[0]] * 3, axis=-1)
    return np.stack([np.zeros_like(drawn[0]), drawn[1], drawn[0]], axis=-1)


def brightened(drawn: NDArray[Any], seen: NDArray[Any]) -> NDArray[Any]:
    """The page shows the brightest value that a channel's tiles hold as white: brighter all over, never darker."""
    gain = np.clip((seen * drawn).sum(axis=(0, 1)) / np.maximum((drawn * drawn).sum(axis=(0, 1)), 1), 1, 2)
    return np.minimum(drawn * gain, 255)
