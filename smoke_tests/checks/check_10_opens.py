"""A person who opens the slide sees it: tiles arrive, few and whole, and what is shown has the slide's colours."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from smoke_tests.browser import Opening
from smoke_tests.compare import pixels_of
from smoke_tests.context import Context
from smoke_tests.plugin import Notes
from smoke_tests.sign_in import SmokeSignIn

MOST_REQUESTS = 40
"""Tiles that a full pyramid may cost; a slide without levels costs thousands."""
FAR_OFF = 20.0
"""Of 255: colour management and the level that is shown make less; a blank or garbled slide makes more."""
pytestmark = pytest.mark.needs("browser", "viewer", "stow")


def middle(image: Image.Image) -> tuple[float, ...]:
    """Mean colour of the middle of a picture in which the slide, a square, fills the shorter side."""
    side = min(image.size) // 4
    x, y = image.size[0] // 2, image.size[1] // 2
    pixels = np.asarray(image.crop((x - side, y - side, x + side, y + side)), np.float64)
    return tuple(round(float(value), 1) for value in pixels.mean(axis=(0, 1)))


def check_the_slide_opens_in_the_viewer(run: Context, note: Notes) -> None:
    run.slide_is_there()
    target = run.target
    token = run.credentials.headers(target.reader)["Authorization"].removeprefix("Bearer ")
    sign_in = SmokeSignIn(target.authority, target.reader or "", token)
    url = f"{target.viewer_url}/{run.series}"
    configured = target.main_root or target.dicomweb_root
    limit, methods = target.limits.opened, run.http.methods
    opening = Opening(url, target.dicomweb_root, configured, sign_in, limit, methods, target.records)
    seen = opening.look()
    assert seen.frames, f"{url} asked for no tile: {'; '.join([*seen.errors, *seen.failed][:3]) or 'and said no error'}"
    assert not seen.failed, f"{url} got no answer to {len(seen.failed)} requests: {'; '.join(seen.failed[:3])}"
    assert not seen.unfinished, f"{url} still waits for {len(seen.unfinished)} of {len(seen.frames)} tiles"
    assert not seen.errors, f"{url} reported {len(seen.errors)} errors: {'; '.join(seen.errors[:3])}"
    assert len(seen.frames) <= MOST_REQUESTS, f"{url} asked for {len(seen.frames)} tiles, {MOST_REQUESTS} are enough"
    shown, due = middle(seen.picture), middle(Image.fromarray(pixels_of(run.instances[-1])))
    note(tiles=len(seen.frames), requests=seen.requests, first_tile_s=round(seen.first, 2), last_s=round(seen.last, 2))
    note(colour_shown=shown, colour_due=due)
    off = max(abs(one - other) for one, other in zip(shown, due, strict=True))
    assert off <= FAR_OFF, f"{url} shows the mean colour {shown}, the slide's is {due}"
