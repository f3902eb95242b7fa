"""Reading which tiles a screenshot shows: each tile of the grid painter says its run, level, row and column."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace

import numpy as np
import pydicom
from PIL import Image
from pydicom.encaps import generate_frames

from smoke_tests.slide import Instance
from smoke_tests.slide.grid import Mark, read_mark, run_number
from tests.browser.reader import Reader

CONTROLS = (".ol-overviewmap", ".tools")
"""What lies over the slide, beside the engine's scale in the lower right corner."""
SCALE_BAR = (180, 40)
FAR_OFF = 25
"""Mean difference of two pictures of a tile, of 255, that scaling and JPEG do not explain."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class View:
    """How the synthetic slide lies on the screen: turned by 180 degrees, its middle at `centre`, `scale` slide pixels a
    screen pixel."""

    centre: tuple[float, float]
    scale: float
    seen: Box
    covered: list[Box]

    def panned(self, right: float) -> View:
        """What is seen after the view moved `right` screen pixels over the slide."""
        return replace(self, centre=(self.centre[0] - right, self.centre[1]))

    def box_of(self, level: Instance, base: Instance, row: int, column: int) -> Box:
        """Left, top, right, bottom of a tile on the screen."""
        edge = level.tile * base.columns / level.columns
        middle = base.columns / 2
        (x, y), scale = self.centre, self.scale
        right, bottom = x + (middle - column * edge) / scale, y + (middle - row * edge) / scale
        return right - edge / scale, bottom - edge / scale, right, bottom

    def shows(self, box: Box) -> bool:
        inside = self.seen[0] <= box[0] and self.seen[1] <= box[1] and box[2] <= self.seen[2] and box[3] <= self.seen[3]
        return inside and not any(overlap(box, other) for other in self.covered)


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def view(reader: Reader, slide: list[Instance], zoom: int) -> View:
    """The view `zoom` steps in from the whole slide, which fills the viewport's height."""

    def box(selector: str) -> Box:
        found = reader.page.locator(selector).first.bounding_box(timeout=3000)
        assert found is not None, selector
        return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]

    seen = box(".viewport")
    centre = (seen[0] + seen[2]) / 2, (seen[1] + seen[3]) / 2
    whole = slide[0].columns / (seen[3] - seen[1])
    # The steps are whole powers of two: the last one is a pixel of the scan a pixel of the screen.
    scale = 2.0 ** (math.ceil(math.log2(whole)) - zoom) if zoom else whole
    corner = (seen[2] - SCALE_BAR[0], seen[3] - SCALE_BAR[1], seen[2], seen[3])
    return View(centre, scale, seen, [corner, *(box(selector) for selector in CONTROLS)])


def wrong_tiles(
    picture: Image.Image, where: View, slide: list[Instance], run: str, level: Instance, *, mirrored: bool = False
) -> list[str]:
    """What is wrong with the tiles of `level` that are wholly in view, a line each. At least two must be.

    `mirrored`: were each tile mirrored back.
    """
    frames = list(
        generate_frames(pydicom.dcmread(io.BytesIO(level.data)).PixelData, number_of_frames=len(level.frames))
    )
    across = -(-level.columns // level.tile)
    wrong: list[str] = []
    read = 0
    for number, frame in enumerate(frames):
        row, column = divmod(number, across)
        box = where.box_of(level, slide[0], row, column)
        if not where.shows(box):
            continue
        read += 1
        size = (level.tile, level.tile)
        shown = np.asarray(picture.resize(size, Image.Resampling.BICUBIC, box).rotate(180))
        shown = shown[:, ::-1] if mirrored else shown
        wanted = Mark(level.level, row, column, run_number(run))
        if (mark := read_mark(shown)) != wanted:
            wrong.append(f"row {row} column {column} of level {level.level} shows {mark}")
            continue
        expected = np.asarray(Image.open(io.BytesIO(frame)).convert("RGB"))
        if (far := float(np.abs(shown.astype(int) - expected).mean())) > FAR_OFF:
            wrong.append(f"row {row} column {column} of level {level.level} differs by {far:.0f}")
    assert read >= 2, f"only {read} tiles are in view"
    return wrong
