"""Speed and memory of the DICOM store, as ratios to named peers on the same stack in the same run.

`python -m benchmarks.store [--gib 1] [--instances 10000]` takes minutes, and on disk three times the big instance.
The exit status is 1 when a ratio misses its goal.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import MIB, BenchmarkReport
from benchmarks.store_client import Connection
from benchmarks.store_files import KIND, big_instance, multiframe, small_body

ROOT = (
    "/healthcare.googleapis.com/v1/projects/dicom-local/locations/europe-west4/datasets/imaging/dicomStores/{}/dicomWeb"
)
JSON = f"Content-Type: {KIND}\r\nAccept: application/dicom+json\r\n"
AS_STORED = 'Accept: multipart/related; type="application/dicom"; transfer-syntax=*\r\n'
FRAME = 'Accept: multipart/related; type="application/octet-stream"; transfer-syntax=*\r\n'


@dataclass
class StoreProcess:
    """The measured process."""

    process: subprocess.Popen[str]
    port: int
    token: str

    def connect(self) -> Connection:
        return Connection(self.port, self.token)

    def peak(self) -> float:
        return float(self._ask("/peak")) / MIB

    def cpu(self) -> float:
        """Seconds so far; finer than what the system counts for another process."""
        return float(self._ask("/cpu"))

    def _ask(self, path: str) -> bytes:
        connection = self.connect()
        connection.send(connection.request("GET", path))
        _, body, _ = connection.answer()
        connection.close()
        return body


def start(folder: Path) -> StoreProcess:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.store_server", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    ready = json.loads(process.stdout.readline())
    return StoreProcess(process, ready["port"], ready["token"])


def timed(action: Callable[[], None], repeats: int = 3) -> float:
    """The best of some runs in seconds: on a shared machine the others measure the neighbours."""
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - began)
    return best


def post(server: StoreProcess, path: str, headers: str, body: Path) -> None:
    connection = server.connect()
    connection.send(connection.request("POST", path, headers, body.stat().st_size))
    connection.send(body)
    status, text, _ = connection.answer()
    connection.close()
    if status != 200:
        raise RuntimeError(f"POST {path}: {status} {text[:500]!r}")


def fetch(server: StoreProcess, path: str, headers: str = "") -> None:
    connection = server.connect()
    connection.send(connection.request("GET", path, headers))
    status, text, _ = connection.answer()
    connection.close()
    if status != 200:
        raise RuntimeError(f"GET {path}: {status} {text[:500]!r}")


def remove(server: StoreProcess, path: str) -> None:
    connection = server.connect()
    connection.send(connection.request("DELETE", path))
    connection.answer()
    connection.close()


def bodies(server: StoreProcess, report: BenchmarkReport, folder: Path, gib: float) -> None:
    """STOW and WADO of one big instance."""
    root = ROOT.format("bench")
    runs: list[float] = []
    sinks: list[float] = []
    body, study = folder, ""
    for _ in range(4):
        # Each run finds the page cache as the other's removed file left it: fresh memory is what costs most.
        body, study = big_instance(folder, int(gib * 2**30))
        (folder / "sink.bin").unlink(missing_ok=True)
        os.sync()
        sinks.append(timed(lambda body=body: post(server, "/sink", JSON, body), 1))
        (folder / "sink.bin").unlink()
        os.sync()
        runs.append(timed(lambda body=body: post(server, f"{root}/studies", JSON, body), 1))
        if len(runs) < 4:
            remove(server, f"{root}/studies/{study}")
    post(server, "/sink", JSON, body)
    runs, sinks = runs[1:], sinks[1:]
    size = body.stat().st_size / MIB
    detail = f"{size / min(runs):.0f} against {size / min(sinks):.0f} MiB/s into a sink that flushes once"
    report.line("STOW of one big instance", min(sinks) / min(runs), ">=", 0.7, detail)
    report.line("peak memory of the server, MiB", server.peak(), "<=", 150, "after STOW")
    static = timed(lambda: fetch(server, "/static"))
    wado = timed(lambda: fetch(server, f"{root}/studies/{study}", AS_STORED))
    detail = f"{size / wado:.0f} against {size / static:.0f} MiB/s of a static file"
    report.line("WADO of one big instance", static / wado, ">=", 0.5, detail)
    report.line("peak memory of the server, MiB", server.peak(), "<=", 150, "after WADO")
    body.unlink()


def frames(server: StoreProcess, report: BenchmarkReport, folder: Path) -> None:
    """Single frames of a 4,096-frame instance against fixed answers of the same size."""
    body, path = multiframe(folder, 4096, 20_000)
    root = ROOT.format("bench")
    post(server, f"{root}/studies", JSON, body)
    connection = server.connect()
    rng = random.Random(1)
    fixed = [connection.request("GET", "/fixed")] * 4000
    single = [connection.request("GET", f"{root}/{path}/frames/{rng.randint(1, 4096)}", FRAME) for _ in range(4000)]
    second = [connection.request("GET", f"{root}/{path}/frames/2", FRAME)] * 2000
    last = [connection.request("GET", f"{root}/{path}/frames/4096", FRAME)] * 2000
    connection.rate(fixed[:500])
    connection.rate(single[:500])
    ratios: list[float] = []
    peer = ours = 0.0
    for at in range(0, 4000, 400):  # side by side, so that a busy neighbour meets both
        peer = connection.rate(fixed[at : at + 400])[0]
        ours = connection.rate(single[at : at + 400])[0]
        ratios.append(ours / peer)
    detail = f"{ours:.0f} against {peer:.0f} fixed answers of 20 kB a second in the last round"
    report.line("single frames, median of ten rounds", statistics.median(ratios), ">=", 0.5, detail)
    a = min(statistics.median(connection.rate(second)[1]) for _ in range(3))
    b = min(statistics.median(connection.rate(last)[1]) for _ in range(3))
    report.line("last frame against the second, time", b / a, "<=", 1.2, f"{b * 1e6:.0f} against {a * 1e6:.0f} us")
    audit(server, connection, report, single)
    connection.close()


def audit(server: StoreProcess, connection: Connection, report: BenchmarkReport, single: list[bytes]) -> None:
    """What an entry in the audit log costs a frame: the server's CPU for the same frames with and without, in turns."""
    spent: dict[str, list[float]] = {"0": [], "1": []}
    for turn in range(40):
        for on in ("01", "10")[turn % 2]:
            connection.send(connection.request("POST", f"/audit?on={on}", "Content-Length: 0\r\n"))
            connection.answer()
            connection.rate(single[:50])
            before = server.cpu()
            connection.rate(single[turn * 75 : turn * 75 + 1000])
            spent[on].append(server.cpu() - before)
    without, within = (statistics.median(spent[on]) / 1000 * 1e6 for on in "01")
    detail = f"{within:.0f} against {without:.0f} us of CPU a frame; medians of 40 turns of 1,000 frames"
    report.line("frames that are in the audit log, CPU", within / without, "<=", 1.03, detail)


QUERIES = (
    "studies?limit=10",
    "studies?PatientID={patient}",
    "studies?PatientName=synthetic&fuzzymatching=true&limit=10",
    "studies?ModalitiesInStudy=SM&limit=10",
    "series?Modality=SM&StudyInstanceUID={study}",
    "studies/{study}/series",
    "instances?limit=50&includefield=TotalPixelMatrixColumns",
    "instances?SOPInstanceUID={instance}",
    "studies/{study}/metadata",
    "studies/{study}/series/{series}/metadata",
    "studies/{study}/series/{series}/instances/{instance}/metadata",
)


def growth(server: StoreProcess, report: BenchmarkReport, folder: Path, many: int) -> None:
    """Searches and metadata with 100 instances and with many: the slowest twentieth of each."""
    known: dict[str, list[dict[str, str]]] = {"few": [], "many": []}
    for store, count in (("few", 100), ("many", many)):
        for first in range(0, count, 500):
            body, uids = small_body(folder, min(500, count - first), first)
            post(server, f"{ROOT.format(store)}/studies", JSON, body)
            known[store] += uids
    connection, rng = server.connect(), random.Random(2)
    for query in QUERIES:
        times: dict[str, list[float]] = {"few": [], "many": []}
        for _ in range(10):  # in turns, so that a busy neighbour meets both
            for store, uids in known.items():
                paths = [f"{ROOT.format(store)}/{query.format(**rng.choice(uids))}" for _ in range(40)]
                times[store] += connection.rate([connection.request("GET", path) for path in paths])[1]
        few, full = (sorted(times[store])[int(len(times[store]) * 0.95)] for store in ("few", "many"))
        detail = f"{full * 1e3:.2f} against {few * 1e3:.2f} ms"
        report.line(f"p95 of {query}, {many} against 100 instances", full / few, "<=", 3, detail)
    connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=1.0, help="size of the big instance")
    parser.add_argument("--instances", type=int, default=10_000, help="instances in the full store")
    options = parser.parse_args()
    report = BenchmarkReport()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = start(folder)
        try:
            bodies(server, report, folder, options.gib)
            frames(server, report, folder)
            growth(server, report, folder, options.instances)
        finally:
            assert server.process.stdin
            server.process.stdin.close()
            server.process.wait(timeout=30)
    return report.status


if __name__ == "__main__":
    sys.exit(main())
