"""Time per study against its number of frames, 10^3 to 10^5: the exponent, which is 1 where time is linear.

Frames are tiles of 32 pixels, so that they cost little and their number costs most. Two studies of each size go through
the job, each run a process of its own: a whole pyramid, which is looked into and copied to the viewers' store; and a
base level, whose levels are made. Seconds are the job's own figures (its report), the exponent is a least-squares fit
of their logarithms. What does not grow (a listing, a probe) makes it smaller, what grows faster makes it larger than 1.

    python -m benchmarks.linear [--frames 1000 10000 100000]
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness import BenchmarkReport, exponent
from benchmarks.large import MIB, prepare_cloud, run_job, store_slide
from benchmarks.tissue_slide import TissueSlide
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running

TILE = 32
GOAL = 1.1
LIMIT = 1024 * MIB


def level(edge: int, study: str, halvings: int, tile: int = TILE) -> TissueSlide:
    """One level of a pyramid of `edge` pixels."""
    size = -(-edge // 2**halvings)
    slide = TissueSlide(size, size, tile, halvings=halvings)
    made = slide.header
    made.StudyInstanceUID, made.SeriesInstanceUID = study, f"{study}.1"
    made.SOPInstanceUID = f"{study}.1.{halvings}"
    if halvings:
        kind = ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]
        made.ImageType = kind
        (groups,) = made.SharedFunctionalGroupsSequence
        groups.PixelMeasuresSequence[0].PixelSpacing = [0.0005 * edge / size] * 2
        groups.WholeSlideMicroscopyImageFrameTypeSequence[0].FrameType = kind
    return slide


def measure_stages(cloud: Cloud, edge: int, whole: bool) -> dict[str, float]:
    """Seconds of the job's stages for one study, and what it did."""
    study = f"1.2.826.{50 + whole}.{edge}"
    halvings = TissueSlide(edge, edge, TILE).grid.halvings() if whole else 0
    for times in range(halvings + 1):
        store_slide(cloud, level(edge, study, times))
    done = run_job(cloud, study, LIMIT, separate=whole)
    (outcome,) = done["series"]
    report: dict[str, Any] = outcome["report"]
    expected = "none" if whole else "add_levels"
    if outcome["status"] != "ready" or report["plan"]["kind"] != expected:
        raise RuntimeError(f"{edge} pixels: {outcome['status']}, {report['plan']['kind']}: {outcome['reason']}")
    return report["seconds"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="of the base level")
    given = parser.parse_args()
    edges = [math.isqrt(frames) * TILE for frames in given.frames]
    sizes = [float((edge // TILE) ** 2) for edge in edges]
    report = BenchmarkReport()
    with tempfile.TemporaryDirectory() as name:
        cloud = Cloud(data=Path(name), awkward=WITHOUT_WAITING)
        with running(cloud):
            prepare_cloud(cloud)
            for what, whole in (("inspect and copy", True), ("make levels", False)):
                stages = [measure_stages(cloud, edge, whole) for edge in edges]
                seconds = [stage.get("inspect", 0) + stage.get("act", 0) for stage in stages]
                slope = exponent(sizes, seconds)
                figures = ", ".join(
                    f"{size:.0f} frames {value:.2f} s" for size, value in zip(sizes, seconds, strict=True)
                )
                report.line(f"{what}, exponent", slope, "<=", GOAL, figures)
    return report.status


if __name__ == "__main__":
    raise SystemExit(main())
