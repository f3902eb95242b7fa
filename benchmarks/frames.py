"""Frames in batches at 40 ms of added latency: this job's reader against dicomweb-client with 50 frames a request.

The server is a process of its own that answers from memory and waits before each answer. dicomweb-client has 8 threads
with a request each; the reader has its defaults (100 frames, 8 in flight). Each side runs in a process of its own, in
turns; the best run counts. CPU is the client's.

    python -m benchmarks.frames [--frames 5000] [--latency 0.04] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.harness import BenchmarkReport

FRAME = bytes(range(256)) * 74  # 19 kB, as a JPEG tile of 256 pixels has
BATCH, THREADS = 50, 8
GOALS = {"speed": 1.0, "cpu": 0.5}


async def serve(latency: float) -> None:
    """Prints its port, then answers until it is ended."""
    from aiohttp import web

    async def frames(request: web.Request) -> web.Response:
        await asyncio.sleep(latency)
        head = b"--b\r\nContent-Type: application/octet-stream\r\n\r\n"
        count = request.match_info["numbers"].count(",") + 1
        body = (head + FRAME + b"\r\n") * count + b"--b--"
        kind = 'multipart/related; type="application/octet-stream"; boundary=b'
        return web.Response(body=body, headers={"Content-Type": kind})

    app = web.Application()
    app.router.add_get("/studies/1/series/2/instances/3/frames/{numbers}", frames)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def ours(url: str, frames: int) -> int:
    import requests
    from prepare.pixels.frames import FrameReader

    session = requests.Session()
    wanted = (("3", number) for number in range(1, frames + 1))
    return sum(map(len, FrameReader(session, url).read("1", "2", wanted, 200_000)))


def theirs(url: str, frames: int) -> int:
    from dicomweb_client import DICOMwebClient

    client = DICOMwebClient(url)

    def batch(start: int) -> int:
        numbers = list(range(start, min(start + BATCH, frames + 1)))
        kinds = (("application/octet-stream", "*"),)
        return sum(map(len, client.retrieve_instance_frames("1", "2", "3", numbers, media_types=kinds)))

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(batch, range(1, frames + 1, BATCH)))


SIDES: dict[str, Callable[[str, int], int]] = {"ours": ours, "theirs": theirs}


def child(side: str, url: str, frames: int) -> None:
    SIDES[side](url, BATCH)  # imports, and the first connection
    usage, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    size = SIDES[side](url, frames)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    assert size == frames * len(FRAME), f"{size} bytes came"
    cpu = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "frames_per_second": frames / seconds}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=5000, help="frames read")
    parser.add_argument("--latency", type=float, default=0.04, help="seconds before each answer")
    parser.add_argument("--runs", type=int, default=3, help="of each side")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side == "server":
        asyncio.run(serve(given.latency))
    elif given.side:
        child(given.side, given.url, given.frames)
    else:
        compare(given.frames, given.latency, given.runs, given.json)


def compare(frames: int, latency: float, runs: int, out: Path | None) -> None:
    me = [sys.executable, "-m", "benchmarks.frames", "--frames", str(frames), "--latency", str(latency)]
    best: dict[str, dict[str, float]] = {}
    with subprocess.Popen([*me, "--side", "server"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}"
        try:
            for side in [*SIDES] * runs:
                done = subprocess.run([*me, "--side", side, "--url", url], check=True, capture_output=True, text=True)
                figures: dict[str, float] = json.loads(done.stdout)
                if side not in best or figures["seconds"] < best[side]["seconds"]:
                    best[side] = figures
        finally:
            server.terminate()
    for side, figures in best.items():
        print(f"{side:6} {figures['frames_per_second']:6.0f} frames/s, cpu {figures['cpu']:.2f} s")
    speed = best["theirs"]["seconds"] / best["ours"]["seconds"]
    cpu = best["ours"]["cpu"] / best["theirs"]["cpu"]
    report = BenchmarkReport()
    report.line("frames a second against dicomweb-client", speed, ">=", GOALS["speed"])
    report.line("processor time against dicomweb-client", cpu, "<=", GOALS["cpu"])
    if out:
        out.write_text(json.dumps({**best, "speed": speed, "cpu": cpu}, indent=2))
    raise SystemExit(report.status)


if __name__ == "__main__":
    main()
