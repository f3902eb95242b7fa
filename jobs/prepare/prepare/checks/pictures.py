"""Whether levels show the same picture, by means of parts of the tiles that were looked at: of R10."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.finding import ReadinessRule, SlideFinding
from ..model.image import SlideImage
from ..model.slide import SAMPLE_EDGE, Slide, pyramids

FEWEST_PARTS = 4
"""Parts of tiles that two pictures are compared by, at least."""
Means = Mapping[tuple[int, int], tuple[float, ...]]
"""By column and row of a tile, those of `SAMPLE_EDGE` x `SAMPLE_EDGE` parts of it."""
Part = tuple[int, int, int, int]
"""Column and row of a tile, and of a part in it."""


def check_pictures(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """Each level against the nearest finer one that shows what the largest shows.

    Where some level agrees with the largest, those that do not are wrong; where none does, nobody knows which is.
    """
    agreeing: set[SlideImage] = set()
    differing: set[SlideImage] = set()
    for path, levels in pyramids(slide.own).items():
        right = [levels[0].images[0]]
        for image in (image for level in levels[1:] for image in level.images):
            told = (show_the_same(slide, finer, image, path, rule) for finer in reversed(right))
            same = next((one for one in told if one is not None), None)
            if same:
                right.append(image)
                agreeing.add(image)
            elif same is False:
                differing.add(image)
    if not differing:
        return []
    if agreeing:
        return [rule.finding("picture", differing)]
    return [rule.finding("pictures", {*differing, *_largest(slide)}, remedy="none")]


def _largest(slide: Slide) -> set[SlideImage]:
    return {levels[0].images[0] for levels in pyramids(slide.own).values()}


def show_the_same(slide: Slide, fine: SlideImage, coarse: SlideImage, path: str, rule: ReadinessRule) -> bool | None:
    """Whether two images show the same where tiles of both were looked at; None where that is too little to tell."""
    if coarse.samples != fine.samples or min(*fine.size, *coarse.size, fine.tiles, coarse.tiles) < 1:
        return None
    means = _means(slide, coarse, path)
    ratio = fine.total_columns / coarse.total_columns
    differences: list[float] = []
    for (column, row, left, top), (total, share) in _sampled_down(slide, fine, coarse, path).items():
        told = means.get((column, row), ())
        wide, high = _extent(coarse, column, row)
        full = wide * ratio / fine.columns * high * ratio / fine.rows
        if not told or share < 0.9 * full:
            continue
        at = (top * SAMPLE_EDGE + left) * coarse.samples
        pairs = zip(total, told[at : at + coarse.samples], strict=True)
        differences.append(max(abs(one / share - other) for one, other in pairs))
    if len(differences) < FEWEST_PARTS:
        return None
    far = sum(1 for one in differences if one > rule.parameters["difference"])
    return far <= rule.parameters["parts_that_differ"] * len(differences)


def _sampled_down(slide: Slide, fine: SlideImage, coarse: SlideImage, path: str) -> dict[Part, tuple[list[float], int]]:
    """What parts of the coarse image should show: sums over parts of the fine one that lie in each, and how many."""
    ratio = fine.total_columns / coarse.total_columns
    samples = fine.samples
    sums: dict[Part, tuple[list[float], int]] = {}
    for (column, row), means in _means(slide, fine, path).items():
        wide, high = _extent(fine, column, row)
        for at in range(len(means) // samples):
            x = (column * fine.columns + (at % SAMPLE_EDGE + 0.5) * wide / SAMPLE_EDGE) / ratio
            y = (row * fine.rows + (at // SAMPLE_EDGE + 0.5) * high / SAMPLE_EDGE) / ratio
            tile = int(x // coarse.columns), int(y // coarse.rows)
            of_wide, of_high = _extent(coarse, *tile)
            left = int((x - tile[0] * coarse.columns) * SAMPLE_EDGE / of_wide)
            top = int((y - tile[1] * coarse.rows) * SAMPLE_EDGE / of_high)
            if left < SAMPLE_EDGE and top < SAMPLE_EDGE:
                total, count = sums.setdefault((*tile, left, top), ([0.0] * samples, 0))
                colour = means[at * samples : (at + 1) * samples]
                sums[*tile, left, top] = [one + other for one, other in zip(total, colour, strict=True)], count + 1
    return sums


def _means(slide: Slide, image: SlideImage, path: str) -> Means:
    """Of the tiles of one optical path; nothing of an image with damaged frames."""
    probe = slide.probes.get(image.instance)
    if probe is None or probe.damaged or probe.absent:
        return {}
    number = image.optical_paths.index(path) if image.samples == 1 and path in image.optical_paths else 0
    return {place[1:]: means for place, means in probe.samples.items() if place[0] == number and means}


def _extent(image: SlideImage, column: int, row: int) -> tuple[int, int]:
    """Pixels of a tile that belong to the picture."""
    return (
        max(1, min(image.columns, image.total_columns - column * image.columns)),
        max(1, min(image.rows, image.total_rows - row * image.rows)),
    )
