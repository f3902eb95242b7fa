"""Regenerating a pyramid: this job's cascade against wsidicom's `save(add_missing_levels=True)`, in the same run.

The subject is one synthetic slide (16,384 x 16,384, JPEG tiles of 256 pixels from a small pool), as a file. Each side
runs in a process of its own and reads that file's frames, decodes, halves, encodes and writes every missing level, at
the same JPEG quality and in full colour resolution: wsidicom's own choice, quality 80 with half the colours, gives
levels of less than half the bytes. Mpx/s are base pixels a second of wall time. The two take turns; the best run of
each counts. wsidicom also copies the base level, which it cannot leave out: `speed` is against its whole call,
`speed_without_copy` against that call less a copy alone. `cpu` is `speed` in processor seconds, which says more when
others are at work on the machine. Imports count for neither. `memory` is peak over peak; `memory_working` leaves out
what each process had after its imports, which for ours is most of it (numpy and pydicom: about 55 MiB) and says nothing
about slides. `limit` is what nobody who decodes with the same library can do better: decoding every base tile at half
its size and encoding the tiles of the levels, on all cores, with nothing between and nothing written.

    python -m benchmarks.pyramid [--size 16384] [--runs 4] [--json FILE]
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from prepare.pixels.grid import TileGrid

Item = TypeVar("Item")

EDGE = 8
"""Tiles along the edge of the pattern that the slide repeats (`tissue_slide`)."""

TILES_A_TASK = 16
ALIKE = 0.02
"""By how much the bytes of the levels may differ."""
ROOT = Path(__file__).resolve().parents[1]
GOALS = {"speed": 2.5, "of_limit": 0.7, "memory_working": 0.25}


def make(path: Path, size: int) -> None:
    """Writes the base level."""
    from benchmarks.tissue_slide import TissueSlide

    with path.open("wb") as file:
        file.writelines(TissueSlide(size, size))


def ours(path: Path, out: Path) -> tuple[float, float]:
    """Seconds, of wall and processor time, to make and write every level. Frames are read by offset."""
    from prepare.pixels.grid import TileGrid
    from prepare.pixels.header import parse_header
    from prepare.pixels.instances import Making
    from prepare.pixels.levels import missing_levels
    from prepare.pixels.source import LevelSource
    from prepare.pixels.stage import FolderStage

    start = now()
    with path.open("rb") as file:
        header = parse_header(file, path.name)
        offsets = frame_offsets(path, int(header.NumberOfFrames))

        def fetch(wanted: Iterable[tuple[str, int]], largest: int) -> Iterator[bytes]:
            for _, number in wanted:
                at, length = offsets[number - 1]
                yield os.pread(file.fileno(), length, at)

        source = LevelSource([header], fetch)
        levels = range(1, TileGrid.of(header).halvings() + 1)
        for made in missing_levels(source, levels, FolderStage(out / "stage"), Making("benchmark")):
            with (out / f"{made.role}.dcm").open("wb") as level:
                level.writelines(made.stream())
    return since(start)


def limit(path: Path) -> tuple[float, float]:
    """Seconds, of wall and processor time, for the work that no way of making levels can leave out."""
    from prepare.pixels import codec
    from prepare.pixels.coding import of_level
    from prepare.pixels.grid import PixelFormat, TileGrid
    from prepare.pixels.halve import HalfSizeDecoder
    from prepare.pixels.header import parse_header

    with path.open("rb") as file, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        header = parse_header(file, path.name)
        grid, new = TileGrid.of(header), of_level(header)
        offsets = frame_offsets(path, int(header.NumberOfFrames))
        decode_half = HalfSizeDecoder(PixelFormat.of(header))

        def decode(part: Sequence[tuple[int, int]]) -> list[Any]:
            return [decode_half(os.pread(file.fileno(), length, at)) for at, length in part]

        def encode(part: Sequence[NDArray[Any]]) -> None:
            for tile in part:
                codec.encode(tile, new)

        corner = [offsets[row * grid.across : row * grid.across + EDGE] for row in range(EDGE)]
        halves = np.vstack([np.hstack(decode(part)) for part in corner])
        levels = [tile for times in range(1, grid.halvings() + 1) for tile in level_tiles(halves, grid, times)]
        start = now()
        for _ in pool.map(decode, batched(offsets)):
            pass
        for _ in pool.map(encode, batched(levels)):
            pass
        return since(start)


def level_tiles(halves: NDArray[Any], grid: TileGrid, times: int) -> list[NDArray[Any]]:
    """As many tiles as the level has, cut from `halves`, what the slide's pattern is at half its size, made smaller."""
    from prepare.pixels.halve import halve

    for _ in range(times - 1):
        halves = halve(halves)
    rows, columns = grid.tile_rows, grid.tile_columns
    whole = np.tile(halves, (-(-rows // halves.shape[0]), -(-columns // halves.shape[1]), 1))
    cuts = itertools.product(range(0, whole.shape[0], rows), range(0, whole.shape[1], columns))
    tiles = [np.ascontiguousarray(whole[top : top + rows, left : left + columns]) for top, left in cuts]
    return list(itertools.islice(itertools.cycle(tiles), grid.halved(times).tiles))


def batched(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[at : at + TILES_A_TASK] for at in range(0, len(items), TILES_A_TASK))


def now() -> tuple[float, float]:
    """Wall time and the processor time of this process, in seconds."""
    return time.perf_counter(), time.process_time()


def since(start: tuple[float, float]) -> tuple[float, float]:
    wall, cpu = now()
    return wall - start[0], cpu - start[1]


def frame_offsets(path: Path, frames: int) -> list[tuple[int, int]]:
    """(offset in the file, length) of each frame, from the basic offset table."""
    with path.open("rb") as file:
        head = file.read(1 << 20)
    start = head.index(b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff") + 12
    (length,) = struct.unpack_from("<I", head, start + 4)
    first = start + 8 + length
    table = struct.unpack_from(f"<{frames}I", head, start + 8)
    ends = (*table[1:], path.stat().st_size - first - 8)
    return [(first + at + 8, end - at - 8) for at, end in zip(table, ends, strict=True)]


def theirs(path: Path, out: Path, levels: bool) -> tuple[float, float]:
    """Seconds of `save`. It encodes as the source's coding is by default, which nothing public changes but for all."""
    from prepare.pixels.instances import Making
    from wsidicom import WsiDicom
    from wsidicom.codec import settings

    as_ours = partial(settings.JpegSettings, quality=Making("benchmark").quality, subsampling=settings.Subsampling.R444)
    start = now()
    with patch.object(settings, "JpegSettings", as_ours), WsiDicom.open(path) as slide:
        slide.save(out, offset_table="bot", add_missing_levels=levels)
    return since(start)


def child(side: str, path: Path, out: Path) -> None:
    importlib.import_module("prepare.pixels.levels" if side in ("ours", "limit") else "wsidicom")
    before = memory("VmRSS")
    if side == "limit":
        seconds, cpu = limit(path)
    else:
        seconds, cpu = ours(path, out) if side == "ours" else theirs(path, out, levels=side == "theirs")
    peak = memory("VmHWM")
    files = sorted(file.stat().st_size for file in out.glob("*.dcm"))
    figures = {"seconds": seconds, "cpu": cpu, "peak": peak, "working": peak - before}
    print(json.dumps({**figures, "files": len(files), "bytes": sum(files)}))


def memory(what: str) -> int:
    """Bytes; from the kernel's status, because ru_maxrss begins with what the parent process had."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what)) * 1024


def measure(sides: Iterable[str], path: Path, folder: Path, runs: int) -> dict[str, dict[str, float]]:
    """The best of `runs` of each side, in turns, each in a process of its own."""
    best: dict[str, dict[str, float]] = {}
    for run in range(runs):
        for side in sides:
            out = folder / f"{side}-{run}"
            out.mkdir()
            command = [
                sys.executable,
                "-m",
                "benchmarks.pyramid",
                "--side",
                side,
                "--path",
                str(path),
                "--out",
                str(out),
            ]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
            figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
            if side not in best or figures["seconds"] < best[side]["seconds"]:
                best[side] = figures
            shutil.rmtree(out)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=16384, help="pixels along an edge, a multiple of 256")
    parser.add_argument("--runs", type=int, default=4, help="of each side; the best counts")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        child(given.side, given.path, given.out)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "base.dcm"
        make(path, given.size)
        sides = measure(("ours", "theirs", "copy", "limit"), path, folder, given.runs)
    for side, figures in sides.items():
        speed = figures["mpx_per_second"] = given.size**2 / 1e6 / figures["seconds"]
        print(
            f"{side:6} {speed:6.1f} Mpx/s {figures['seconds']:5.2f} s, cpu {figures['cpu']:4.1f} s, "
            f"peak {figures['peak'] / 2**20:3.0f} MiB, working {figures['working'] / 2**20:4.0f} MiB"
        )
    ours_, theirs_, copy = sides["ours"], sides["theirs"], sides["copy"]
    levels = {"ours": ours_["bytes"], "theirs": theirs_["bytes"] - copy["bytes"]}
    if ours_["files"] + 1 != theirs_["files"] or abs(levels["ours"] / levels["theirs"] - 1) > ALIKE:
        raise SystemExit(f"not the same work: {ours_['files']} files and {theirs_['files']} with the base, {levels}")
    ratios = {
        "speed": theirs_["seconds"] / ours_["seconds"],
        "speed_without_copy": (theirs_["seconds"] - copy["seconds"]) / ours_["seconds"],
        "cpu": theirs_["cpu"] / ours_["cpu"],
        "of_limit": sides["limit"]["seconds"] / ours_["seconds"],
        "of_limit_cpu": sides["limit"]["cpu"] / ours_["cpu"],
        "memory": ours_["peak"] / theirs_["peak"],
        "memory_working": ours_["working"] / theirs_["working"],
    }
    print(", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()), f"(goals {GOALS})")
    if given.json:
        given.json.write_text(json.dumps({**sides, "ratios": ratios, "size": given.size}, indent=2))
    fast = all(ratios[name] >= GOALS[name] for name in ("speed", "of_limit"))
    raise SystemExit(0 if fast and ratios["memory_working"] <= GOALS["memory_working"] else 1)


if __name__ == "__main__":
    main()
