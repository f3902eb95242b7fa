"""What the job uses of a study: processor seconds and requests a GiB, for the cost model and `benchmarks.scale`.

A slide with all its levels goes through the job as a process of its own, from one local store to another; so does its
base alone, whose levels the job makes. Figures go into `ops/review/prices.json` by hand, marked as measured.

    python -m benchmarks.job_use [--gib 0.25]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path

from benchmarks.harness import MIB, BenchmarkReport
from benchmarks.large import prepare_cloud, run_job, store_slide
from benchmarks.linear import level
from benchmarks.time_to_view import GIB, TILE, edge_for
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running

LIMIT = 1024 * MIB


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=0.25, help="size of the study")
    given = parser.parse_args()
    report = BenchmarkReport()
    edge = edge_for(round(given.gib * GIB))
    with tempfile.TemporaryDirectory() as name:
        cloud = Cloud(data=Path(name), awkward=WITHOUT_WAITING)
        with running(cloud):
            prepare_cloud(cloud)
            for what, study, halvings in (
                ("copied", "1.2.826.18.1", (edge // TILE).bit_length() - 1),
                ("levels made", "1.2.826.18.2", 0),
            ):
                levels = [level(edge, study, times, TILE) for times in range(halvings + 1)]
                for instance in levels:
                    store_slide(cloud, instance)
                size = sum(instance.length for instance in levels) / GIB
                before = processor_seconds()
                done = run_job(cloud, study, LIMIT, separate=True)
                used = processor_seconds() - before
                [outcome] = done["series"]
                if outcome["status"] != "ready":
                    raise RuntimeError(f"{what}: {outcome['status']}: {outcome['reason']}")
                sent = outcome["report"]["requests"]
                report.note(
                    f"{what}: {size:.2f} GiB, {used / size:.1f} s of processor a GiB, {sent} requests for "
                    f"{len(levels)} instances, peak {done['peak'] / MIB:.0f} MiB, {done['wall']:.1f} s"
                )
    return report.status


if __name__ == "__main__":
    raise SystemExit(main())
