"""A slide of any size through the whole job: store, missing levels, verify, report, in a container's memory.

The job runs as a process of its own in a control group whose limit counts tmpfs, with its temporary files on tmpfs, as
on Cloud Run. The slide is streamed into a local store; that store's process is not limited. No peer does this, so the
figures are absolute: seconds, base pixels a second, peak memory, requests.

    python -m benchmarks.large [--columns 100000] [--rows 100000] [--limit-mib 1024] [--sparse] [--folder DISK]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests

from benchmarks.harness import MIB
from benchmarks.memory_limit import NoGroup, memory_limit
from benchmarks.tissue_slide import TissueSlide
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running

DATASET = "projects/dicom-local/locations/europe-west4/datasets/imaging"
JOB = Path(__file__).resolve().parents[1] / "jobs/prepare"


def session_of(cloud: Cloud) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {cloud.iam.token(cloud.iam.owner)}"
    return session


def root_of(cloud: Cloud, store: str) -> str:
    return f"{cloud.endpoint('healthcare.googleapis.com')}v1/{DATASET}/dicomStores/{store}/dicomWeb"


def prepare_cloud(cloud: Cloud) -> None:
    """Two stores and a bucket."""
    session = session_of(cloud)
    healthcare, storage = cloud.endpoint("healthcare.googleapis.com"), cloud.endpoint("storage.googleapis.com")
    location, _, dataset = DATASET.rpartition("/")
    for url, body in (
        (f"{healthcare}v1/{location}?datasetId={dataset}", {}),
        (f"{healthcare}v1/{DATASET}/dicomStores?dicomStoreId=raw", {}),
        (f"{healthcare}v1/{DATASET}/dicomStores?dicomStoreId=viewer", {}),
        (f"{storage}storage/v1/b?project=dicom-local", {"name": "records"}),
    ):
        session.post(url, json=body, timeout=10).raise_for_status()


def store_slide(cloud: Cloud, slide: TissueSlide) -> None:
    headers = {"Content-Type": "application/dicom", "Accept": "application/dicom+json"}
    answer = session_of(cloud).post(f"{root_of(cloud, 'raw')}/studies", data=iter(slide), headers=headers, timeout=3600)
    answer.raise_for_status()


def job_environment(cloud: Cloud, temporary: str, separate: bool) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(JOB),
        "TMPDIR": temporary,
        "GOOGLE_APPLICATION_CREDENTIALS": str(cloud.iam.credentials_file),
        "DICOMWEB_ROOT": root_of(cloud, "raw"),
        "VIEWER_DICOMWEB_ROOT": root_of(cloud, "viewer" if separate else "raw"),
        "RECORDS_BUCKET": "records",
        "STAGED_BUCKET": "records",
        "STORAGE_ENDPOINT": cloud.endpoint("storage.googleapis.com"),
        "NO_PROXY": "*",
    }


def run_job(cloud: Cloud, study: str, limit: int, separate: bool) -> dict[str, Any]:
    """The job's answer (`--json`), with `wall` seconds, `peak` bytes of its group and `exit_code`. Raises NoGroup."""
    tmpfs = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with memory_limit(limit) as group, tempfile.TemporaryDirectory(dir=tmpfs) as temporary:
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "prepare", "--study", study, "--json"],
            env=job_environment(cloud, temporary, separate),
            preexec_fn=group.enter,
            capture_output=True,
            text=True,
        )
        wall, peak = time.perf_counter() - began, group.peak
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {"series": []}
    return {**answer, "wall": wall, "peak": peak, "exit_code": done.returncode, "log": done.stderr[-2000:]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", type=int, default=100_000, help="pixels")
    parser.add_argument("--rows", type=int, default=100_000, help="pixels")
    parser.add_argument("--limit-mib", type=int, default=1024, help="of the job's memory, tmpfs included")
    parser.add_argument("--sparse", action="store_true", help="each frame says its position; viewers' own store")
    parser.add_argument("--folder", type=Path, help="where the store keeps its files")
    given = parser.parse_args()
    slide = TissueSlide(given.columns, given.rows, sparse=given.sparse)
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        cloud = Cloud(data=Path(name), awkward=WITHOUT_WAITING)
        with running(cloud):
            prepare_cloud(cloud)
            store_slide(cloud, slide)
            try:
                done = run_job(cloud, str(slide.header.StudyInstanceUID), given.limit_mib * MIB, given.sparse)
            except NoGroup as error:
                print(f"no control group with a limit on memory can be made here: {error}", file=sys.stderr)
                return 3
    statuses = [series_row["status"] for series_row in done["series"]]
    print(f"{given.columns} x {given.rows}, {slide.grid.tiles} frames, {slide.length / MIB:.0f} MiB: {statuses}")
    speed = given.columns * given.rows / 1e6 / done["wall"]
    print(f"{done['wall']:.0f} s, {speed:.1f} Mpx/s, peak {done['peak'] / MIB:.0f} of {given.limit_mib} MiB")
    for series_row in done["series"]:
        report = series_row["report"] or {}
        seconds = {stage: round(value, 1) for stage, value in report.get("seconds", {}).items()}
        print(f"requests {report.get('requests')}, levels {len(report.get('levels', []))}, seconds {seconds}")
    if done["exit_code"] or statuses != ["ready"]:
        print(f"exit code {done['exit_code']}\n{done['log']}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
