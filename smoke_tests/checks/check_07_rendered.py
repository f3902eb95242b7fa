"""The store renders a frame itself, as previews use it: the right size, the right colours, in both formats."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from smoke_tests.compare import pixels_of
from smoke_tests.context import Context
from smoke_tests.plugin import Notes

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG"}
FAR_OFF = 3.0
"""Difference of the mean of a colour, of 255, that another decoder does not explain."""
pytestmark = pytest.mark.needs("rendered", "stow")


@pytest.mark.parametrize("media_type", FORMATS)
def check_a_rendered_frame_looks_like_the_one_sent(run: Context, note: Notes, media_type: str) -> None:
    run.slide_is_there()
    coarsest = run.instances[-1]
    answer = run.reader.send("GET", f"{run.path(coarsest)}/frames/1/rendered", accept=media_type)
    assert answer.status == 200, str(answer)
    assert answer.content_type == media_type, f"{answer}; {media_type} was due"
    try:
        with Image.open(io.BytesIO(answer.body)) as image:
            kind, size, got = image.format, image.size, np.asarray(image.convert("RGB"), np.float64)
    except (UnidentifiedImageError, OSError):
        raise AssertionError(f"{answer}: its {len(answer.body)} bytes are no readable image") from None
    assert kind == FORMATS[media_type], f"{answer}; its body is {kind}"
    assert size == (coarsest.tile, coarsest.tile), f"{answer}; it is {size}, a frame is {coarsest.tile} pixels wide"
    off = np.abs(got.mean(axis=(0, 1)) - pixels_of(coarsest).mean(axis=(0, 1))).max()
    note(mean_colour_off=round(float(off), 2))
    assert off <= FAR_OFF, f"{answer}; its mean colour is {off:.1f} of 255 off the frame that was sent"
