"""Seconds from a study's last instance until viewers see it: stored, announced, started, prepared, shown.

The local stack is deployed as `make up` does; a slide with all its levels is stored into the raw store, the largest
level last. The clock runs from the answer to the last request until the study's report says that all of it is ready.
`--google` takes the defaults of a stack at Google for the windows, which the local stack makes shorter.

    python -m benchmarks.time_to_view [--gib 1] [--google]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from benchmarks.harness import MIB, REPOSITORY, BenchmarkReport
from benchmarks.linear import level

if TYPE_CHECKING:
    from localcloud.assemble import Parts

GOAL = 10.0
GIB = 1024 * MIB
TILE = 256
PATIENCE = 900.0
WINDOWS = ("dicom-platform:eventWindowSeconds", "dicom-platform:jobQuietSeconds")


def deploy(parts: Parts, google: bool) -> dict[str, Any]:
    """The local stack's outputs."""
    from rich.console import Console

    from ops.local import up

    loaded = up.stack_config()
    for key in WINDOWS if google else ():
        del loaded.config[key]
    return up.deploy(Console(quiet=True), parts, loaded).outputs


def edge_for(size: int) -> int:
    """Pixels along the edge of a slide that has about `size` bytes with its levels, halved evenly down to one tile."""
    per_tile = level(TILE * 8, "1.2", 0, TILE).length / 64
    tiles = size * 3 / 4 / per_tile
    step = TILE * 64
    return max(step, round(tiles**0.5 * TILE / step) * step)


def wait_until_shown(session: requests.Session, url: str, instances: int, since: float) -> float:
    """Seconds since `since` until all of the study is shown. `RuntimeError` for a study that is not."""
    seen: dict[str, Any] = {}
    while time.monotonic() - since < PATIENCE:
        answer = session.get(url, timeout=60)
        seen = answer.json() if answer.ok else {}
        if seen.get("status") == "ready" and seen["instances"] == instances:
            return time.monotonic() - since
        time.sleep(0.1)
    raise RuntimeError(f"the study is not shown after {PATIENCE:.0f} s: {json.dumps(seen)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=1.0, help="size of the study")
    parser.add_argument("--google", action="store_true", help="the windows of a stack at Google")
    given = parser.parse_args()
    from localcloud.awkward import WITHOUT_WAITING
    from localcloud.cloud import Cloud
    from localcloud.server import running
    from ops.local.serve import JOB

    os.chdir(REPOSITORY)
    edge, study = edge_for(round(given.gib * GIB)), "1.2.826.17.1"
    halvings = (edge // TILE).bit_length() - 1
    levels = [level(edge, study, times, TILE) for times in range(halvings + 1)]
    report = BenchmarkReport()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Cloud(data=Path(folder), awkward=WITHOUT_WAITING), 0) as parts,
    ):
        parts.registry.seed(REPOSITORY / JOB)
        outputs = deploy(parts, given.google)
        session = requests.Session()
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {parts.cloud.iam.token(parts.cloud.iam.owner)}"
        storage = parts.cloud.endpoint("storage.googleapis.com")
        url = f"{storage}storage/v1/b/{outputs['recordsBucket']}/o/readiness%2F{study}%2Fstudy.json?alt=media"
        headers = {"Content-Type": "application/dicom", "Accept": "application/dicom+json"}
        files = [Path(folder, f"{number}.dcm") for number in range(len(levels))]
        for one, file in zip(levels, files, strict=True):
            with file.open("wb") as out:
                out.writelines(one)
        root = outputs["stores"]["raw"]["dicomwebRoot"]
        began = time.monotonic()
        for file in reversed(files):
            with file.open("rb") as data:
                session.post(f"{root}/studies", data=data, headers=headers, timeout=3600).raise_for_status()
        last = time.monotonic()
        size = sum(instance.length for instance in levels)
        report.note(f"{size / GIB:.2f} GiB in {len(levels)} levels of {edge} pixels, stored in {last - began:.1f} s")
        seconds = wait_until_shown(session, url, len(levels), last)
    report.line("seconds from the last instance to the view", seconds, "<=", GOAL)
    return report.status


if __name__ == "__main__":
    raise SystemExit(main())
