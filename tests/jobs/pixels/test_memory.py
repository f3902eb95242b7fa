"""A slide far larger than memory allows, in a process of its own with a hard limit on its address space."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import json, resource, sys
from pathlib import Path

columns, rows, limit, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
import numpy as np
from prepare.pixels import codec
from prepare.pixels.grid import TileGrid
from prepare.pixels.instances import Making
from prepare.pixels.levels import missing_levels
from prepare.pixels.source import LevelSource
from prepare.pixels.stage import FolderStage
from tests.jobs.pixels.slides import JPEG, colour, header

def status(what):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(what)) << 10

resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + limit, resource.RLIM_INFINITY))
form, grid = colour(JPEG, 256), TileGrid(columns, rows, 256, 256)
random = np.random.default_rng(1)
pool = [codec.encode(np.full((256, 256, 3), random.integers(0, 256, 3), np.uint8), form, 90) for _ in range(7)]
source = LevelSource([header(grid, form)], lambda wanted, largest: (pool[number % 7] for _, number in wanted))
before, frames, size = status("VmRSS"), 0, 0
for made in missing_levels(source, range(1, grid.halvings() + 1), FolderStage(folder), Making("1")):
    frames += int(made.dataset.NumberOfFrames)
    size += sum(map(len, made.stream()))
print(json.dumps({"working": status("VmHWM") - before, "frames": frames, "bytes": size}))
"""


def run(columns: int, rows: int, limit: int, folder: Path) -> dict[str, int]:
    command = [sys.executable, "-c", PROGRAM, str(columns), str(rows), str(limit), str(folder)]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'jobs/prepare'}", "OPENBLAS_NUM_THREADS": "1", "PATH": "/usr/bin"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_slide_of_twenty_thousand_pixels_takes_a_few_rows_of_memory(tmp_path: Path) -> None:
    """20,480 x 20,480 pixels are 1.2 GiB; a row of tiles at half width takes 8 MiB, all rows above it 8 more."""
    result = run(20_480, 20_480, 512 << 20, tmp_path)
    assert result["frames"] == 40**2 + 20**2 + 10**2 + 5**2 + 3**2 + 2**2 + 1
    assert result["working"] < 64 << 20


@pytest.mark.slow
def test_the_widest_slides_fit_well_below_a_gibibyte(tmp_path: Path) -> None:
    """What 100,000 x 100,000 pixels need is what 100,000 x 2,048 need."""
    assert run(100_000, 2_048, 640 << 20, tmp_path)["working"] < 256 << 20


@pytest.mark.slow
def test_memory_follows_the_width_not_the_height(tmp_path: Path) -> None:
    low = run(10_240, 2_560, 512 << 20, tmp_path / "low")
    high = run(10_240, 25_600, 512 << 20, tmp_path / "high")
    assert high["working"] < low["working"] + (8 << 20)
