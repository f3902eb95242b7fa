"""Looking at a healthy series with 40 ms added to each request: seconds to know what it needs; requests when unchanged.

The latency is added in the client, before each request goes out. The series is a complete pyramid of 16,384 pixels in a
local store; each level has a colour profile, which metadata tell by reference: one request more a level. Goals are
absolute: 0.5 s, as nobody else looks; three requests (the listing, the sizes, the report).

    python -m benchmarks.probe [--latency 0.04]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google.auth
import requests
from prepare.backlog.records import Records
from prepare.checks.rules import findings
from prepare.clock import Clock
from prepare.dicomweb.inspection import inspect
from prepare.dicomweb.store import IN_FLIGHT, DicomStore
from prepare.execution.preparation import Preparation
from prepare.execution.series_run import prepare_series
from prepare.execution.study_run import StudyRun
from prepare.http.retry import RetryingAdapter, Traffic
from requests.adapters import HTTPAdapter

from benchmarks.harness import BenchmarkReport
from benchmarks.large import prepare_cloud, root_of, session_of, store_slide
from benchmarks.linear import level
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running
from smoke_tests.slide.dataset import icc_profile

EDGE, TILE, STUDY, SERIES = 16_384, 256, "1.2.826.60", "1.2.826.60.1"
SECONDS, REQUESTS = 0.5, 3


@dataclass
class Late(HTTPAdapter):
    """A transport on which everything takes longer."""

    latency: float

    def __post_init__(self) -> None:
        super().__init__(pool_maxsize=IN_FLIGHT)

    def send(self, *arguments: Any, **named: Any) -> requests.Response:
        time.sleep(self.latency)
        return super().send(*arguments, **named)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.04, help="seconds before each request")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        cloud = Cloud(data=Path(name), awkward=WITHOUT_WAITING)
        with running(cloud):
            prepare_cloud(cloud)
            for halvings in range(7):
                slide = level(EDGE, STUDY, halvings, TILE)
                slide.header.OpticalPathSequence[0].ICCProfile = icc_profile()
                store_slide(cloud, slide)
            return measure(cloud, given.latency)


def measure(cloud: Cloud, latency: float) -> int:
    times: list[float] = []
    findings_seen: list[Any] = []
    rows: list[Any] = []
    traffic, looking = Traffic(), 0
    session = session_of(cloud)
    for _ in range(5):
        session.mount("http://", RetryingAdapter(Late(latency), traffic=traffic))  # with connections of its own
        store = DicomStore(root_of(cloud, "raw"), session)
        rows = store.instances(STUDY)
        began, before = time.perf_counter(), traffic.requests
        slide = inspect(store, STUDY, rows).slides[SERIES]
        findings_seen = list(findings(slide, "show"))
        times.append(time.perf_counter() - began)
        looking = traffic.requests - before
        if not all(image.icc_digest for image in slide.images):
            raise RuntimeError("a profile was not read")
    store = DicomStore(root_of(cloud, "raw"), session)
    credentials, _ = google.auth.load_credentials_from_file(str(cloud.iam.credentials_file))
    records = Records("records", cloud.endpoint("storage.googleapis.com"), credentials, session)
    preparation = Preparation(store=store, records=records, clock=Clock(), traffic=traffic)
    prepare_series(StudyRun.open(preparation, STUDY), SERIES)
    before = traffic.requests
    again = prepare_series(StudyRun.open(preparation, STUDY), SERIES)
    asked = traffic.requests - before
    if again.status != "unchanged":
        raise RuntimeError(f"the second look ended with {again.status}")
    report = BenchmarkReport()
    detail = f"{looking} requests, findings {[finding.rule for finding in findings_seen]}"
    report.line(f"probe of {len(rows)} levels, seconds", min(times), "<=", SECONDS, detail)
    report.line(f"requests when {again.status}", asked, "<=", REQUESTS)
    return report.status


if __name__ == "__main__":
    raise SystemExit(main())
