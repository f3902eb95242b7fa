from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from prepare.pixels import codec
from prepare.pixels.errors import CannotPlace
from prepare.pixels.grid import PixelFormat, TileGrid
from prepare.pixels.instances import Making
from prepare.pixels.levels import missing_levels
from prepare.pixels.pyramid import Band, Cascade
from pydicom import Dataset
from pydicom.encaps import generate_frames

from smoke_tests.slide.tissue import Tissue
from tests.e2e.tiles import SIDE, TILES
from tests.jobs.memory_stage import MemoryStage
from tests.jobs.pixels.slides import JPEG, averaged, colour, cut, joined, mono, psnr, read_back, slide

MAKING = Making("1")
SIZES = [(512, 512), (500, 333), (64, 64), (65, 1), (1, 200), (129, 257), (640, 64)]


def bare(pixels: NDArray[np.generic], tile: int, wanted: set[int], threads: int = 2) -> dict[int, NDArray[np.generic]]:
    """Levels of an image without any compression, put together again."""
    grid = TileGrid(pixels.shape[1], pixels.shape[0], tile, tile)
    shape = (tile, tile, *pixels.shape[2:])

    def decode(frame: bytes | None) -> NDArray[np.generic]:
        assert frame is not None
        return np.frombuffer(frame, pixels.dtype).reshape(shape)

    bands = Cascade(grid, frozenset(wanted), decode, lambda made: made.tobytes(), threads).bands(
        tile.tobytes() for tile in cut(pixels, grid)
    )
    tiles: dict[int, list[NDArray[np.generic]]] = {times: [] for times in wanted}
    rows: dict[int, list[int]] = {times: [] for times in wanted}
    for band in bands:
        rows[band.halvings].append(band.row)
        tiles[band.halvings] += [np.frombuffer(frame, pixels.dtype).reshape(shape) for frame in band.frames]
    for times in wanted:
        assert rows[times] == list(range(grid.halved(times).down))
    return {times: joined(tiles[times], grid.halved(times)) for times in wanted}


def tissue(columns: int, rows: int) -> NDArray[np.uint8]:
    edge = max(columns, rows)
    return np.ascontiguousarray(Tissue(edge, edge, "levels").region(0, 0, edge)[:rows, :columns])


def real_tissue() -> NDArray[np.uint8]:
    """Real tiles of a package, side by side."""
    tile = next(tile for tile in TILES if tile.coding == "raw" and tile.photometric == "RGB")
    pixels = np.frombuffer(tile.data, np.uint8, count=tile.raw_bytes).reshape(SIDE, SIDE, 3)
    return np.tile(pixels, (4, 5, 1))


@pytest.mark.parametrize("size", SIZES)
def test_levels_are_area_averages_down_to_one_tile(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    times = max(TileGrid(*size, 64, 64).halvings(), 1)
    levels = bare(pixels, 64, set(range(1, times + 1)))
    for halvings, level in levels.items():
        reference = averaged(pixels, halvings)
        assert level.shape == reference.shape
        assert np.abs(level - reference).max() <= 0.5 * halvings
        assert psnr(level, reference) > 45


def test_a_level_may_be_as_small_as_one_pixel() -> None:
    levels = bare(np.full((64, 64, 3), 77, np.uint8), 64, {6})
    assert levels[6].tolist() == [[[77, 77, 77]]]


def test_levels_between_the_wanted_ones_cost_nothing_but_are_averaged_over() -> None:
    pixels = np.random.default_rng(2).integers(0, 65536, (300, 260), np.uint16)
    assert np.array_equal(bare(pixels, 32, {3})[3], bare(pixels, 32, {1, 2, 3})[3])


def test_the_number_of_threads_changes_no_pixel() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (300, 700, 3), np.uint8)
    one, many = bare(pixels, 32, {1, 3}, threads=1), bare(pixels, 32, {1, 3}, threads=5)
    assert all(np.array_equal(one[times], many[times]) for times in one)


@pytest.mark.parametrize("subject", ["synthetic", "real"])
def test_tissue_keeps_the_promised_quality_and_shows_no_seams(subject: str) -> None:
    pixels = tissue(1500, 1100) if subject == "synthetic" else real_tissue()
    source = slide([pixels], colour(JPEG, 128), quality=95)
    stored = joined((codec.decode(frame or b"", source.form) for frame in source.tiles(0)), source.grid)
    stage = MemoryStage()
    for made in missing_levels(source, {1, 2, 3, 4}, stage, MAKING):
        times = int(made.role[-1])
        level, reference = decoded_level(read_back(made.stream())), averaged(stored, times)
        assert psnr(bare(stored, 128, {times})[times], reference) >= 40
        assert psnr(level, reference) >= 34
        error = np.abs(level.astype(float) - reference).mean(axis=2)
        borders = [at + side for at in range(128, level.shape[1], 128) for side in (-1, 0)]
        if borders:
            assert error[:, borders].mean() < 1.6 * error.mean() + 0.5


def test_the_same_quality_when_only_a_finer_level_is_read() -> None:
    pixels = tissue(1024, 1024)
    half = slide([averaged(pixels, 1).round().astype(np.uint8)], colour(JPEG, 128), quality=90)
    (made,) = missing_levels(half, {1}, MemoryStage(), MAKING)
    assert psnr(decoded_level(read_back(made.stream())), averaged(pixels, 2)) >= 34


def test_two_paths_of_sixteen_bits_stay_apart_and_exact() -> None:
    images = [np.random.default_rng(seed).integers(0, 65536, (200, 300), np.uint16) for seed in (1, 2)]
    source = slide(list(images), mono(16))
    (made,) = missing_levels(source, {2}, MemoryStage(), MAKING)
    stored = read_back(made.stream())
    grid = source.grid.halved(2)
    frames = decoded_frames(stored)
    assert stored.NumberOfFrames == 2 * grid.tiles
    assert stored.LossyImageCompression == "00"
    for path, image in enumerate(images):
        level = joined(frames[path * grid.tiles : (path + 1) * grid.tiles], grid)
        assert np.abs(level - averaged(image, 2)).max() <= 1


def test_signed_twelve_bit_values_are_averaged_as_numbers() -> None:
    form = mono(16, stored=12, signed=True)
    image = np.random.default_rng(1).integers(-2048, 2048, (128, 128), np.int16)
    (made,) = missing_levels(slide([image], form), {1}, MemoryStage(), MAKING)
    stored = read_back(made.stream())
    assert np.abs(joined(decoded_frames(stored), TileGrid(64, 64, 64, 64)) - averaged(image, 1)).max() <= 0.5


def test_a_lossless_colour_slide_gets_lossless_levels() -> None:
    image = np.random.default_rng(1).integers(0, 256, (128, 128, 3), np.uint8)
    (made,) = missing_levels(slide([image], colour("1.2.840.10008.1.2.1")), {1}, MemoryStage(), MAKING)
    level = decoded_level(read_back(made.stream()))
    assert np.abs(level - averaged(image, 1)).max() <= 0.5


def test_tiles_of_odd_size_are_refused_in_words() -> None:
    with pytest.raises(CannotPlace, match="63 x 63 cannot be halved"):
        Cascade(TileGrid(630, 630, 63, 63), frozenset({1}), lambda _: np.zeros((63, 63)), lambda _: b"")


def test_a_frame_that_does_not_decode_ends_the_cascade() -> None:
    def decode(frame: bytes | None) -> NDArray[np.uint8]:
        if frame == b"bad":
            raise CannotPlace("bad frame")
        return np.zeros((64, 64, 3), np.uint8)

    cascade = Cascade(TileGrid(640, 640, 64, 64), frozenset({1}), decode, lambda _: b"")
    with pytest.raises(CannotPlace, match="bad frame"):
        list(cascade.bands(b"bad" if at == 55 else b"" for at in range(100)))


def test_rows_leave_as_soon_as_they_are_complete() -> None:
    """What is read ahead is bounded by rows, whatever the height of the slide."""
    read = 0

    def tiles() -> Iterator[bytes]:
        nonlocal read
        for _ in range(4 * 1000):
            read += 1
            yield b""

    grid = TileGrid(4 * 64, 1000 * 64, 64, 64)
    bands = Cascade(grid, frozenset({1}), lambda _: np.zeros((64, 64, 3), np.uint8), lambda _: b"x").bands(tiles())
    first: Band = next(bands)
    assert first.row == 0
    assert read <= 4 * grid.across  # two for the row that is made, two for the next


def decoded_frames(stored: Dataset) -> list[NDArray[np.generic]]:
    form = PixelFormat.of(stored)
    return [
        codec.decode(frame, form) for frame in generate_frames(stored.PixelData, number_of_frames=stored.NumberOfFrames)
    ]


def decoded_level(stored: Dataset) -> NDArray[np.generic]:
    return joined(decoded_frames(stored), TileGrid.of(stored))


def test_beyond_the_edge_the_last_pixels_are_repeated() -> None:
    image = np.random.default_rng(1).integers(0, 256, (140, 150, 3), np.uint8)
    (made,) = missing_levels(slide([image], colour("1.2.840.10008.1.2.1")), {1}, MemoryStage(), MAKING)
    last = decoded_frames(read_back(made.stream()))[3]
    assert (last[6:] == last[5:6]).all()
    assert (last[:, 11:] == last[:, 10:11]).all()
