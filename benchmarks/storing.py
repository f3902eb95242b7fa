"""Storing files: the job's STOW, with what it does to be sure, against raw bodies of the same files, four at once each.

The peer posts the bytes of a file and reads the answer's status; the job sends the same file in a multipart body and
reads from the answer whether the instance is stored. Both sides are processes of their own, in turns, on one server.

    python -m benchmarks.storing [--mib 1000]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from prepare.dicomweb.store import DicomStore
from prepare.execution.copying import IN_FLIGHT, Deliverer, SeriesDelivery
from prepare.http.retry import RetryingAdapter, Traffic
from prepare.model.metadata import Row
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit
from requests.adapters import HTTPAdapter

from benchmarks.copying import FRAME, MIB, SHARES, session_of
from benchmarks.harness import BenchmarkReport
from benchmarks.store import ROOT, StoreProcess, remove, start
from benchmarks.store_files import describe, encode, uid

PIECE = 256 * 1024
GOAL = 0.8
RUNS = 3


@dataclass(frozen=True)
class Local:
    """A file on disk, as the job reads any other."""

    path: Path

    @property
    def length(self) -> int:
        return self.path.stat().st_size

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


def write(folder: Path, mib: int) -> str:
    """Files of one study, named by their instances; StudyInstanceUID."""
    study, series = uid(), uid()
    for share in SHARES:
        ds = describe()
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
        ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
        ds.NumberOfFrames = int(mib * MIB * share / FRAME)
        ds.PixelData = encapsulate([os.urandom(FRAME)] * ds.NumberOfFrames, has_bot=False)
        ds["PixelData"].is_undefined_length = True
        (folder / f"{ds.SOPInstanceUID}.dcm").write_bytes(encode(ds))
    return study


def ours(root: str, token: str, study: str, files: list[Path]) -> None:
    session, traffic = session_of(token), Traffic()
    session.mount("http://", RetryingAdapter(HTTPAdapter(pool_maxsize=8), traffic=traffic))
    deliverer, delivery = Deliverer(DicomStore(root, session), traffic), SeriesDelivery()
    rows = [Row("", path.stem, "", "", 1, 0, 0, ("", "", "")) for path in files]
    known = {path.stem: Local(path) for path in files}
    deliverer.each(rows, {}, delivery, lambda row: deliverer.deliver(study, row, known[row.instance]))
    assert len(delivery.written) == len(files)


def raw(root: str, token: str, study: str, files: list[Path]) -> None:
    session = session_of(token)

    def post(path: Path) -> None:
        headers = {"Content-Type": "application/dicom", "Accept": "application/dicom+json"}
        with path.open("rb") as file:
            answer = session.post(f"{root}/studies/{study}", data=file, headers=headers, timeout=600)
        answer.raise_for_status()

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        list(pool.map(post, files))


SIDES = {"ours": ours, "raw": raw}


def measure(server: StoreProcess, side: str, study: str, folder: Path) -> float:
    root = f"http://127.0.0.1:{server.port}{ROOT.format('bench')}"
    command = [sys.executable, "-m", "benchmarks.storing", "--side", side, root, server.token, study, str(folder)]
    seconds = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    remove(server, f"{ROOT.format('bench')}/studies/{study}")
    os.sync()
    return float(seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=1000, help="size of the study")
    parser.add_argument("--side", nargs=5, metavar=("SIDE", "ROOT", "TOKEN", "STUDY", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        side, root, token, study, folder = given.side
        files = sorted(Path(folder).glob("*.dcm"))
        began = time.perf_counter()
        SIDES[side](root, token, study, files)
        print(json.dumps(time.perf_counter() - began))
        return 0
    report = BenchmarkReport()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "files"
        folder.mkdir()
        study = write(folder, given.mib)
        server = start(Path(name))
        measure(server, "raw", study, folder)  # the first pays for fresh memory
        best = {side: min(measure(server, side, study, folder) for _ in range(RUNS)) for side in SIDES}
        detail = f"{given.mib / best['ours']:.0f} against {given.mib / best['raw']:.0f} MiB/s"
        report.line("storing against raw bodies", best["raw"] / best["ours"], ">=", GOAL, detail)
        assert server.process.stdin
        server.process.stdin.close()
        server.process.wait(30)
    return report.status


if __name__ == "__main__":
    raise SystemExit(main())
