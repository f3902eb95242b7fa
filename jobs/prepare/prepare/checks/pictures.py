"""Whether levels show the same picture, by means of parts of the tiles that were looked at: of R10."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.finding import ReadinessRule, SlideFinding
from ..model.image import SlideImage
from ..model.slide import Slide, parts_a_side, pyramids

FEWEST_PARTS = 4
"""Parts of tiles that two pictures are compared by, at least."""
Means = Mapping[tuple[int, int], tuple[float, ...]]
"""By column and row of a tile, those of its parts."""
Array = NDArray[Any]
PART = 8
"""Pixels along the edge of what is compared: where parts are smaller, several are taken together."""
WIDEST_STEP, FAR = 4, 1.4
"""Beyond that step parts must differ so many times as much: what differs a little in every step adds up. Of a sound
slide with a mark on each tile some parts differ by 0.10 over sixteen times the size, by 0.03 over twice."""
COVERED = 0.95
"""Of a part's area: what was looked at of the finer image."""


def check_pictures(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """Each level against the nearest finer one that shows what the largest shows, and against the largest itself.

    A level is wrong where another one agrees with the largest and differs from it. Where none does, nobody knows which
    of the two is: a small level may agree with both, for it does not show what they differ in.
    """
    wrong: set[SlideImage] = set()
    unclear: set[SlideImage] = set()
    for path, levels in pyramids(slide.own).items():
        largest = levels[0].images[0]
        right, differing = [largest], list[SlideImage]()
        for image in (image for level in levels[1:] for image in level.images):
            comparisons = (show_the_same(slide, finer, image, path, rule) for finer in reversed(right))
            same = next((comparison for comparison in comparisons if comparison is not None), None)
            if same and len(right) > 1 and show_the_same(slide, largest, image, path, rule) is False:
                same = False
            if same is not None:
                (right if same else differing).append(image)
        for image in differing:
            if any(_differ(slide, image, other, path, rule) for other in right[1:]):
                wrong.add(image)
            else:
                unclear |= {image, largest}
    if unclear:
        return [rule.finding("pictures", wrong | unclear, remedy="none")]
    return [rule.finding("picture", wrong)] if wrong else []


def _differ(slide: Slide, one: SlideImage, other: SlideImage, path: str, rule: ReadinessRule) -> bool:
    coarse, fine = sorted((one, other), key=lambda image: image.total_columns)
    return show_the_same(slide, fine, coarse, path, rule) is False


def show_the_same(slide: Slide, fine: SlideImage, coarse: SlideImage, path: str, rule: ReadinessRule) -> bool | None:
    """Whether two images show the same where tiles of both were looked at; None where that is too little to tell."""
    if coarse.samples != fine.samples or min(*fine.size, *coarse.size, fine.tiles, coarse.tiles) < 1:
        return None
    if _step(fine, coarse) < 1:
        return None  # wider or higher than what it is a level of: no picture says more of that than its size does
    coarse_means = _means(slide, coarse, path)
    together = _count_joined_parts(fine, coarse)
    differences: list[Array] = []
    for tile, (total, area) in _sample_down(slide, fine, coarse, path).items():
        across, down = (np.diff(_edges(coarse, axis, tile[axis])) for axis in (0, 1))
        if tile in coarse_means and together:
            whole = np.outer(down, across)
            shown = _sum_squares(_parts(coarse_means[tile], coarse) * whole[..., None], together)
            total, area, whole = (
                _sum_squares(total, together),
                _sum_squares(area, together),
                _sum_squares(whole, together),
            )
            apart = np.abs(total / np.maximum(area, 1e-9)[..., None] - shown / np.maximum(whole, 1)[..., None])
            differences.append(apart.max(axis=-1)[(area > COVERED * whole) & (whole >= PART * PART)])
    compared = np.concatenate(differences) if differences else np.zeros(0)
    if len(compared) < FEWEST_PARTS:
        return None
    difference = rule.parameters["difference"] * (FAR if _step(fine, coarse) > WIDEST_STEP else 1)
    far = int((compared > difference).sum())
    return far <= max(1, rule.parameters["parts_that_differ"] * len(compared))


def _count_joined_parts(fine: SlideImage, coarse: SlideImage) -> int:
    """How many parts of the coarse image are taken together, across and down: until they are large enough, and twice
    what the parts of the fine one are there, whose borders lie elsewhere. 0: a whole tile is too small."""
    least = max(PART, 2 * max(fine.columns, fine.rows) / parts_a_side(fine) / _step(fine, coarse))
    part = min(coarse.columns, coarse.rows) / parts_a_side(coarse)
    return next((side for side in (1, 2, 4, 8, 16) if part * side >= least), 0)


def _sample_down(
    slide: Slide, fine: SlideImage, coarse: SlideImage, path: str
) -> dict[tuple[int, int], tuple[Array, Array]]:
    """What tiles of the coarse image should show where tiles of the fine one were looked at.

    Of each part of a tile: the sum over the parts of the fine one, each by the area that both share, and that area.
    """
    ratios = [_ratio(large, small) for large, small in zip(fine.size, coarse.size, strict=True)]
    sampled: dict[tuple[int, int], tuple[Array, Array]] = {}
    for (column, row), means in _means(slide, fine, path).items():
        across, down = _edges(fine, 0, column) / ratios[0], _edges(fine, 1, row) / ratios[1]
        for x in range(int(across[0] // coarse.columns), -(-int(np.ceil(across[-1])) // coarse.columns)):
            for y in range(int(down[0] // coarse.rows), -(-int(np.ceil(down[-1])) // coarse.rows)):
                wide, high = (
                    _measure_overlap(across, _edges(coarse, 0, x)),
                    _measure_overlap(down, _edges(coarse, 1, y)),
                )
                total = np.einsum("jkc,kl->jlc", np.einsum("ij,ikc->jkc", high, _parts(means, fine)), wide)
                area = np.outer(high.sum(axis=0), wide.sum(axis=0))
                before = sampled.get((x, y), (0.0, 0.0))
                sampled[x, y] = before[0] + total, before[1] + area
    return sampled


def _step(fine: SlideImage, coarse: SlideImage) -> float:
    return min(_ratio(large, small) for large, small in zip(fine.size, coarse.size, strict=True))


def _ratio(large: int, small: int) -> float:
    """A whole number where the smaller size is that fraction, rounded up or down: the last pixel then shows less."""
    whole = round(large / small)
    return float(whole) if abs(small * whole - large) < whole else large / small


def _edges(image: SlideImage, axis: int, tile: int) -> Array:
    """Where the parts of a tile begin and the last one ends, in pixels of the image; `axis` 0 is across.

    Those beyond the edge of the picture have no length.
    """
    edge, total = (image.columns, image.rows)[axis], image.size[axis]
    return np.minimum(tile * edge + np.arange(parts_a_side(image) + 1) * edge // parts_a_side(image), total)


def _measure_overlap(one: Array, other: Array) -> Array:
    """Lengths by which each stretch of one axis overlaps each of the other."""
    ends = np.minimum(one[1:, None], other[None, 1:])
    return np.maximum(ends - np.maximum(one[:-1, None], other[None, :-1]), 0)


def _sum_squares(parts: Array, together: int) -> Array:
    """Sums over squares of parts."""
    edge = len(parts) // together
    return parts.reshape(edge, together, edge, together, *parts.shape[2:]).sum(axis=(1, 3))


def _parts(means: tuple[float, ...], image: SlideImage) -> Array:
    return np.nan_to_num(np.asarray(means)).reshape(parts_a_side(image), parts_a_side(image), image.samples)


def _means(slide: Slide, image: SlideImage, path: str) -> Means:
    """Mean colours of parts of the tiles of one optical path, without damaged ones; none where tiles are absent."""
    probe = slide.probes.get(image.instance)
    if probe is None or probe.absent:
        return {}
    number = image.optical_paths.index(path) if image.samples == 1 and path in image.optical_paths else 0
    return {place[1:]: means for place, means in probe.samples.items() if place[0] == number and means}
