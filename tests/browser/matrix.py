"""The matrix in one cloud: every slide stored with real pixels, prepared by the job, and shown to one reader."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from prepare.model.metadata import WHOLE_SLIDE

from ops.viewer.release import release
from tests.browser.channels import brightened, composite
from tests.browser.reader import Reader
from tests.browser.viewers_store import with_viewers_store
from tests.jobs.matrix import files, picture
from tests.jobs.matrix.slides import STUDY
from tests.jobs.matrix.whole import SLIDES
from tests.jobs.test_main import start
from tests.localcloud.hosting.platform import Platform, platform

NAMES = list(SLIDES)
TABLE: dict[str, Any] = json.loads((Path(files.__file__).with_name("expected.json")).read_text("utf-8"))
PATIENCE = 900
PARTS_A_SIDE, PIXELS_A_PART = 24, 8
SEEN = 40
"""Difference of a screen pixel, of 255, that no scaling explains."""
Box = tuple[float, float, float, float]
DEFAULT = (
    "brightfield", "base_only", "sparse_without_positions", "concatenation_whole", "twin_levels",
    "concatenation_level_part_missing", "icc_on_base_only", "rle",
    "jpeg_12_bit", "jpeg_xl_of_jpeg", "tiles_of_another_size", "channels_as_two_paths",
    "illumination_missing_everywhere", "acquisition_on_some", "odd_size", "annotations_on_level_2_of_rle",
    "annotations_on_level_2_in_sparse_tiling", "channels_not_counted", "sparse_without_path_identification",
    "sparse_off_grid", "z_stack", "two_containers", "damaged_base", "palette", "patients_disagree",
)  # fmt: skip
"""One for each rule and each act. SLOW=1 takes all."""
CHOSEN = NAMES if os.environ.get("SLOW") == "1" else [name for name in NAMES if name in DEFAULT]


@dataclass(frozen=True)
class Shown:
    """`raw` and `viewers` are released pages on either store; `reports` by series."""

    raw: Platform
    viewers: Platform
    reports: dict[str, dict[str, Any]]


def study(name: str) -> str:
    return files.uid(name, STUDY)


def slides_of(name: str) -> list[str]:
    """Series with images of a pyramid, in the order of the table."""

    def in_pyramid(item: dict[str, Any]) -> bool:
        whole = item["00080016"]["Value"] == [WHOLE_SLIDE]
        return whole and item["00080008"]["Value"][2:3] in (["VOLUME"], ["THUMBNAIL"])

    every = SLIDES[name]().studies[STUDY]
    return [files.uid(name, series) for series, items in every.items() if any(map(in_pyramid, items))]


@contextlib.contextmanager
def shown(folder: Path) -> Generator[Shown]:
    with platform(folder) as raw:
        release(raw.hosting(), raw.viewer(), raw.firebase())
        viewers = with_viewers_store(raw)
        for name in CHOSEN:
            raw.store_instances(list(files.written(name).files))
        root = raw.dicomweb("viewers")
        process = start(raw.cloud, "--json", "--study", *map(study, CHOSEN), VIEWER_DICOMWEB_ROOT=root)
        try:
            said, errors = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        assert said, errors
        assert process.returncode == 0, [one for one in json.loads(said)["series"] if one["status"] == "failed"]
        reports = {one["series"]: one for one in json.loads(said)["series"]}
        yield Shown(raw, viewers, reports)


def channels(name: str) -> int:
    """Optical paths that the engine draws apart; 0 for colour."""
    items = next(iter(SLIDES[name]().studies[STUDY].values()))
    if items[0].get("00280002", {}).get("Value") == [3]:
        return 0
    return len({path["00480106"]["Value"][0] for item in items for path in item["00480105"]["Value"]})


def expected(count: int) -> NDArray[Any]:
    """The picture, part by part; `count` as `channels` tells it."""
    size = PARTS_A_SIDE * PIXELS_A_PART
    whole = (size, size, 0, 0, size, size)
    if count == 0:
        colour = picture.scene(*whole, 3, 8)
    else:
        colour = composite([picture.channel(*whole, path, 8) for path in range(count)])
    return colour.reshape(PARTS_A_SIDE, PIXELS_A_PART, PARTS_A_SIDE, PIXELS_A_PART, 3).mean(axis=(1, 3))


def place_of(reader: Reader, columns: int, rows: int) -> Box:
    """Left, top, right and bottom of the whole slide on the screen: in the middle, as large as the viewport allows."""
    box = reader.page.locator(".viewport").bounding_box()
    assert box is not None
    scale = min(box["width"] / columns, box["height"] / rows)
    wide, high = columns * scale, rows * scale
    left, top = box["x"] + (box["width"] - wide) / 2, box["y"] + (box["height"] - high) / 2
    return left, top, left + wide, top + high


def drawn(before: Image.Image, after: Image.Image, place: Box, size: int) -> Box:
    """Left, top, right and bottom of what differs within the slide, in pixels of a level of `size` pixels a side."""
    left, top, right, bottom = place
    inside = (round(left) + 1, round(top) + 1, round(right) - 1, round(bottom) - 1)
    one, other = (np.asarray(seen.crop(inside)).astype(int) for seen in (before, after))
    rows, columns = np.nonzero(np.abs(one - other).max(axis=-1) > SEEN)
    if not len(rows):
        return 0, 0, 0, 0
    scale = size / (right - left)
    far_x, far_y = (inside[0] + columns.max() + 1, inside[1] + rows.max() + 1)
    near_x, near_y = (inside[0] + columns.min(), inside[1] + rows.min())
    return (right - far_x) * scale, (bottom - far_y) * scale, (right - near_x) * scale, (bottom - near_y) * scale


def far_off(reader: Reader, columns: int, rows: int, count: int) -> float:
    """The largest mean difference of a part of the slide, 0 to 255, from the picture that every slide shows.

    Parts under controls are left out.
    """
    place = place_of(reader, columns, rows)
    seen = reader.screenshot().resize((PARTS_A_SIDE, PARTS_A_SIDE), Image.Resampling.BOX, place).rotate(180)
    found, wanted = np.asarray(seen).astype(float)[6:, 2:-2], expected(count)[6:, 2:-2]
    if count:
        wanted = brightened(wanted, found)
    return float(np.abs(found - wanted).mean(axis=-1).max())
