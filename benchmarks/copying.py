"""Whole studies out of a store: the job against dicomweb-client, as ratios on the same server in the same run.

`python -m benchmarks.copying [--mib 300]`: store to every frame's bytes; and, without a peer, store to store.
Each client is a process of its own; the exit status is 1 when a ratio misses its goal.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from dicomweb_client.web import DICOMwebClient
from prepare.dicomweb.retrieve import StoredFile
from prepare.dicomweb.store import DicomStore
from prepare.execution.content_digest import content_of
from prepare.execution.copying import Deliverer
from prepare.execution.executor import Executor
from prepare.http.retry import RetryingAdapter, Traffic
from prepare.model.plan import SeriesPlan
from pydicom.encaps import encapsulate_extended, generate_frames
from pydicom.uid import JPEGBaseline8Bit
from requests.adapters import HTTPAdapter

from benchmarks.harness import MIB, BenchmarkReport
from benchmarks.store import JSON, ROOT, StoreProcess, post, start
from benchmarks.store_files import HEAD, TAIL, describe, encode, uid

FRAME = 20_000
SHARES = (0.5, 0.2, 0.1, 0.1, 0.05, 0.05)
"""Of the study's bytes, by instance."""


def fill(server: StoreProcess, folder: Path, mib: int) -> str:
    """Stores a study of one series; StudyInstanceUID."""
    study, series = uid(), uid()
    for share in SHARES:
        ds = describe()
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
        ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
        ds.NumberOfFrames = int(mib * MIB * share / FRAME)
        block = os.urandom(FRAME)
        data = encapsulate_extended([block] * ds.NumberOfFrames)
        ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = data
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
        body = folder / "one.body"
        body.write_bytes(HEAD + encode(ds) + TAIL)
        post(server, f"{ROOT.format('bench')}/studies", JSON, body)
    return study


def session_of(token: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def ours(base: str, token: str) -> Executor:
    session, traffic = session_of(token), Traffic()
    session.mount("http://", RetryingAdapter(HTTPAdapter(pool_maxsize=8), traffic=traffic))
    source, target = (DicomStore(base + ROOT.format(name), session) for name in ("bench", "few"))
    return Executor(source, Deliverer(target, traffic))


def read(base: str, token: str, study: str) -> int:
    """Every frame of the study, hashed."""
    store = ours(base, token).source
    rows = store.instances(study)
    with ThreadPoolExecutor(2) as pool:
        return sum(len(one.frames) for one in pool.map(lambda row: content_of(StoredFile(store, study, row)), rows))


def copy(base: str, token: str, study: str) -> int:
    executor = ours(base, token)
    rows = executor.source.instances(study)
    executor.carry_out(study, SeriesPlan(series=rows[0].series), rows)
    return sum(row.frames for row in rows)


def peer(base: str, token: str) -> DICOMwebClient:
    return DICOMwebClient(base + ROOT.format("bench"), session=session_of(token), timeout=600)


def retrieve_study(base: str, token: str, study: str) -> int:
    retrieved = peer(base, token).retrieve_study(study, media_types=(("application/dicom", "*"),))
    return sum(
        len(frame) > 0
        for ds in retrieved
        for frame in generate_frames(ds.PixelData, number_of_frames=ds.NumberOfFrames)
    )


def iter_study(base: str, token: str, study: str) -> int:
    retrieved = peer(base, token).iter_study(study, media_types=(("application/dicom", "*"),))
    return sum(
        len(frame) > 0
        for ds in retrieved
        for frame in generate_frames(ds.PixelData, number_of_frames=ds.NumberOfFrames)
    )


CLIENTS: dict[str, Callable[[str, str, str], int]] = {
    one.__name__: one for one in (read, copy, retrieve_study, iter_study)
}


def measure(server: StoreProcess, client: str, study: str) -> tuple[float, float]:
    """(seconds, peak MiB) of one client in a process of its own; what it imports does not count as time."""
    base = f"http://127.0.0.1:{server.port}"
    arguments = [sys.executable, "-m", "benchmarks.copying", "--client", client, base, server.token, study]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    answer = json.loads(done.stdout)
    return answer["seconds"], answer["peak"]


def run_client(name: str, base: str, token: str, study: str) -> None:
    began = time.perf_counter()
    frames = CLIENTS[name](base, token, study)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak": peak_mib(), "frames": frames}))


def peak_mib() -> float:
    """Peak resident memory of this process in MiB. Not getrusage's figure:
    on Linux that begins with what the parent had when it forked.
    """
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=300, help="size of the study")
    parser.add_argument("--client", nargs=4, metavar=("NAME", "BASE", "TOKEN", "STUDY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        run_client(*options.client)
        return 0
    report = BenchmarkReport()
    with tempfile.TemporaryDirectory() as folder:
        server = start(Path(folder))
        study = fill(server, Path(folder), options.mib)
        best: dict[str, tuple[float, float]] = {}
        for name in (*CLIENTS, *(name for name in CLIENTS if name != "copy")):  # a copy is made only once
            seconds, peak = measure(server, name, study)
            best[name] = min(best.get(name, (seconds, peak)), (seconds, peak))
        speed = {name: options.mib / seconds for name, (seconds, _) in best.items()}
        peaks = {name: peak for name, (_, peak) in best.items()}
        for name, goal in (("retrieve_study", 2.5), ("iter_study", 1.3)):
            detail = f"{speed['read']:.0f} against {speed[name]:.0f} MiB/s"
            report.line(f"read, speed against {name}", speed["read"] / speed[name], ">=", goal, detail)
            detail = (
                f"{peaks['read']:.0f} against {peaks[name]:.0f} MiB; needs --mib 1000 to be met: Python itself has 50"
            )
            report.line(f"read, memory against {name}", peaks["read"] / peaks[name], "<=", 1 / 20, detail)
        print(f"     copy to another store of the same server: {speed['copy']:.0f} MiB/s, {peaks['copy']:.0f} MiB")
        assert server.process.stdin
        server.process.stdin.close()
        server.process.wait(30)
    return report.status


if __name__ == "__main__":
    raise SystemExit(main())
