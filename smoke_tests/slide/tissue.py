"""A stained-looking painter, drawn by rule from a seed: glands with nuclei around a lumen, in fibrous stroma, on glass.

Coarse maps say what lies where, repeating textures how it looks, one plane holds the nuclei. Each pixel takes up some
haematoxylin and some eosin, and a table turns the pair into a colour. It resembles tissue for the eye only."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from smoke_tests.slide.pyramid import Pixels

Plane = NDArray[np.floating[Any]]
GLASS = (245, 243, 246)
HAEMATOXYLIN = (0.70, 0.72, 0.28)
EOSIN = (0.06, 0.60, 0.26)
"""Optical density in red, green and blue of a full stain."""
MAP = 8
"""Pixels a cell of the coarse maps."""
TEXTURE = 1024
"""Period of the textures in pixels."""
SPACING = 11
"""Pixels between neighbouring places for a nucleus."""
GLAND = 44
"""Map cells between neighbouring glands."""


def colour_table() -> Pixels:
    """256 x 256 x 3: the colour of (haematoxylin, eosin)."""
    haematoxylin, eosin = np.meshgrid(np.arange(256) / 255 * 1.7, np.arange(256) / 255 * 1.15, indexing="ij")
    density = haematoxylin[..., None] * np.array(HAEMATOXYLIN) + eosin[..., None] * np.array(EOSIN)
    return (np.array(GLASS) * np.exp(-density)).astype(np.uint8)


def clouds(rng: np.random.Generator, edge: int, coarsest: int, finest: int, stretch: int = 1) -> Plane:
    """Repeating smooth noise of 0 to 1 with features `coarsest` to `finest` cells high and `stretch` times as wide."""
    out, weight, size = np.zeros((edge, edge), np.float32), 1.0, coarsest
    while size >= min(finest, coarsest):
        down, across = max(2, edge // size), max(2, edge // (size * stretch))
        knots = np.pad(rng.random((down, across), np.float32), 2, mode="wrap")
        inner = (2, 2, 2 + across, 2 + down)
        smooth = Image.fromarray(knots).resize((edge, edge), Image.Resampling.BICUBIC, inner)
        out += weight * np.asarray(smooth)
        size, weight = size // 2, weight * 0.55
    return (out - out.min()) / np.ptp(out)


def ramp(field: Plane, edge: float, softness: float) -> Plane:
    """0 below `edge`, 1 above it, `softness` wide between."""
    return np.clip((field - edge) / softness + 0.5, 0, 1)


class Tissue:
    """H&E-looking pixels for a slide of `columns` x `rows`; the run id is the seed."""

    def __init__(self, columns: int, rows: int, run_id: str) -> None:
        rng = np.random.default_rng(zlib.crc32(run_id.encode()))
        self.edge = max(columns, rows)
        self.table = colour_table()
        self.rough = clouds(rng, TEXTURE, 64, 4) - 0.5
        self.grain = clouds(rng, TEXTURE, 4, 1)
        self.fibre = self._fibres(rng)
        cells = -(-self.edge // MAP)
        self.body = self._outline(rng, cells)
        self.gland = self._glands(rng, cells)
        self.dense = clouds(rng, cells, max(8, cells // 5), 8)
        self.nuclei = self._nuclei(rng)

    @staticmethod
    def _fibres(rng: np.random.Generator) -> Plane:
        """Long strands, bent by two slow fields so that they wave."""
        straight = clouds(rng, TEXTURE, 16, 2, stretch=6)
        bend = [(clouds(rng, TEXTURE, 512, 64) * 260).astype(int) for _ in range(2)]
        rows, columns = np.mgrid[0:TEXTURE, 0:TEXTURE]
        return straight[(rows + bend[0]) % TEXTURE, (columns + bend[1]) % TEXTURE]

    @staticmethod
    def _outline(rng: np.random.Generator, cells: int) -> Plane:
        """Above 0.5 where there is tissue: an irregular piece with fissures, clear of the slide's edge."""
        across = np.linspace(-1, 1, cells, dtype=np.float32)
        rows, columns = np.meshgrid(across, across, indexing="ij")
        wobble = clouds(rng, cells, max(8, cells // 3), 8) - 0.5
        body = 1.75 - 1.3 * np.hypot(columns, rows * 1.12) ** 2.2 + 1.1 * wobble
        fissure = np.abs(clouds(rng, cells, max(8, cells // 4), 16) - 0.5) * 40
        rim = 8 * (1 - np.maximum(np.abs(columns), np.abs(rows)))
        return np.minimum(np.minimum(body, fissure), rim).astype(np.float32)

    @staticmethod
    def _glands(rng: np.random.Generator, cells: int) -> Plane:
        """Distance to the nearest gland's middle as a fraction of that gland's radius."""
        out = np.full((cells, cells), 9, np.float32)
        rows, columns = np.mgrid[0:cells, 0:cells].astype(np.float32)
        crowd = clouds(rng, cells, max(8, cells // 3), 32)
        for row in np.arange(0, cells, GLAND):
            for column in np.arange(0, cells, GLAND):
                y, x = row + GLAND * rng.uniform(0.15, 0.85), column + GLAND * rng.uniform(0.15, 0.85)
                radius, flat, turn = GLAND * rng.uniform(0.3, 0.62), rng.uniform(0.6, 1.0), rng.uniform(0, np.pi)
                if crowd[min(int(y), cells - 1), min(int(x), cells - 1)] < 0.38:
                    continue
                near = (
                    slice(max(0, int(y - 2 * GLAND)), int(y + 2 * GLAND)),
                    slice(max(0, int(x - 2 * GLAND)), int(x + 2 * GLAND)),
                )
                down, right = rows[near] - y, columns[near] - x
                along = right * np.cos(turn) + down * np.sin(turn)
                aside = (down * np.cos(turn) - right * np.sin(turn)) / flat
                lobes = 1 + 0.1 * np.sin(5 * np.arctan2(aside, along) + turn * 7)
                out[near] = np.minimum(out[near], np.hypot(along, aside) / (radius * lobes))
        return out + 0.25 * (clouds(rng, cells, 16, 2) - 0.5)

    def _nuclei(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        """How much haematoxylin the nuclei took, one byte a pixel, with a margin of one period on the far sides."""
        plane = Image.new("L", (self.edge + TEXTURE, self.edge + TEXTURE))
        draw = ImageDraw.Draw(plane)
        lattice = np.mgrid[0 : self.edge : SPACING, 0 : self.edge : SPACING].reshape(2, -1).T
        places = lattice + rng.normal(0, SPACING * 0.28, lattice.shape)
        row, column = np.clip(places.T / MAP, 0, len(self.body) - 1).astype(int)
        gland, dense = self.gland[row, column], self.dense[row, column]
        lining = (gland > 0.62) & (gland < 1.02)
        lymphoid = (gland > 1.15) & (dense > 0.68)
        chance = np.select([lining, lymphoid, gland > 1.02], [0.93, 0.9, 0.13], 0.03)
        chance = chance * (self.body[row, column] > 0.55) * (gland > 0.5)
        kept = rng.random(len(places)) < chance
        outline = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        for (y, x), gland_like, small in zip(places[kept], lining[kept], lymphoid[kept], strict=True):
            long, short = (6.6, 4.9) if gland_like else (4.2, 3.9) if small else (9.0, 2.3)
            long, short = long * rng.uniform(0.8, 1.2), short * rng.uniform(0.8, 1.2)
            turn = rng.uniform(0, np.pi) if gland_like or small else rng.normal(0.3, 0.5)
            ring = rng.uniform(0.9, 1.1, len(outline))
            along, aside = long * ring * np.cos(outline), short * ring * np.sin(outline)
            shape = np.stack(
                (x + along * np.cos(turn) - aside * np.sin(turn), y + along * np.sin(turn) + aside * np.cos(turn)), 1
            )
            shade = int(rng.integers(105, 190)) + 25 * bool(small)
            draw.polygon([tuple(point) for point in shape.tolist()], fill=shade, outline=shade + 35)
        return np.asarray(plane.filter(ImageFilter.GaussianBlur(0.8)))

    def _map(self, values: Plane, x: int, y: int, edge: int) -> Plane:
        """Part of a coarse map at full resolution."""
        margin = 3
        left, top, cells = x // MAP - margin, y // MAP - margin, edge // MAP + 2 * margin + 1
        rows = np.clip(np.arange(top, top + cells), 0, len(values) - 1)
        columns = np.clip(np.arange(left, left + cells), 0, len(values) - 1)
        part = Image.fromarray(values[np.ix_(rows, columns)])
        box = (x / MAP - left, y / MAP - top, (x + edge) / MAP - left, (y + edge) / MAP - top)
        return np.asarray(part.resize((edge, edge), Image.Resampling.BICUBIC, box))

    def region(self, x: int, y: int, edge: int) -> Pixels:
        wrap = np.ix_((y + np.arange(edge)) % TEXTURE, (x + np.arange(edge)) % TEXTURE)
        rough, grain, fibre = self.rough[wrap], self.grain[wrap], self.fibre[wrap]
        tissue = ramp(self._map(self.body, x, y, edge) + 0.22 * rough, 0.5, 0.05)
        gland = self._map(self.gland, x, y, edge) + 0.16 * rough
        inside, lumen = 1 - ramp(gland, 1.04, 0.05), 1 - ramp(gland, 0.52, 0.05)
        cell, stroma = inside - lumen, 1 - inside
        dense = ramp(self._map(self.dense, x, y, edge), 0.68, 0.1) * stroma
        nuclei = self.nuclei[y : y + edge, x : x + edge] / np.float32(255) * (0.72 + 0.5 * grain)
        strands = ramp(fibre, 0.42, 0.5)
        eosin = stroma * (0.10 + 0.78 * strands) * (1 - 0.45 * dense) + cell * (0.40 + 0.22 * grain) + lumen * 0.03
        haematoxylin = nuclei * (1 - lumen) + cell * (0.10 + 0.10 * rough) + stroma * 0.05 * fibre + 0.10 * dense
        amounts = [np.clip(tissue * 255 * plane, 0, 255).astype(np.uint8) for plane in (haematoxylin, eosin)]
        return self.table[amounts[0], amounts[1]]

    def mark(self, tile: Pixels, level: int, row: int, column: int) -> Pixels:
        """Nothing is drawn over the tissue; the frames' digests identify its tiles."""
        return tile
