"""Ctrl-C and SIGTERM end a run, whatever it does when they come. `SLOW=1` tries a thousand times."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

ROOT = Path.cwd()
TRIES = 1000 if os.environ.get("SLOW") else 40
SERVED = 40 if os.environ.get("SLOW") else 2
WAITS = {
    "for the end": "wait_for_the_end()",
    "in the system, the signal taken by another thread": (
        # Blocked in the main thread, a signal goes to another: the case that a kernel or a sandbox makes now and then.
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT}); wait_for_the_end()"
    ),
    "for a child": "subprocess.run(['sleep', '25'], stdout=subprocess.DEVNULL)",
    "for a lock": "lock.acquire()",
    "in a finalizer that throws exceptions away": (
        "Thrower(); sys.stdout.flush(); wait_for_the_end()"  # what it raises is only printed
    ),
}
PROGRAM = """
import signal, subprocess, sys, threading, time
from ops.local.ending import end_on_signals, wait_for_the_end
class Thrower:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(1)
lock = threading.Lock(); lock.acquire()
def work():
    while True:
        sum(range(500))
end_on_signals()
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
try:
    if "Thrower" not in {wait!r}:
        print("ready", flush=True)
    {wait}
except KeyboardInterrupt:
    pass
print("tidied up", flush=True)
"""


def end(wait: str, number: int) -> str:
    """What is wrong with the end of one run, or nothing."""
    command = [sys.executable, "-c", PROGRAM.format(wait=wait)]
    with subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, process_group=0
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(number)
        try:
            output, _ = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            return "did not end"
        return "" if (process.returncode, output) == (0, "tidied up\n") else f"{process.returncode}: {output}"


@pytest.mark.parametrize("wait", WAITS)
def test_no_signal_is_lost(wait: str) -> None:
    each = TRIES // len(WAITS)
    with ThreadPoolExecutor(4) as pool:
        numbers = [signal.SIGTERM if n % 2 else signal.SIGINT for n in range(each)]
        wrong = [fault for fault in pool.map(lambda number: end(WAITS[wait], number), numbers) if fault]

    assert wrong == []


def load(base: str, stop: threading.Event) -> None:
    """Keep the server busy with uploads until it is gone."""
    url = f"{base}/healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/dicomStores/s/dicomWeb/studies"
    while not stop.is_set():
        try:
            requests.post(url, data=bytes(2**20), headers={"Content-Type": "application/dicom"}, timeout=10)
        except requests.RequestException:
            time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_busy_server_ends_and_leaves_nothing(tmp_path: Path, number: int) -> None:
    for _ in range(SERVED // 2):
        process = subprocess.Popen(
            [sys.executable, "-m", "ops", "serve", "--port", "0"],
            cwd=tmp_path,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        assert process.stdout
        base = next(line.split()[-1] for line in process.stdout if line.startswith("local cloud on"))
        stop = threading.Event()
        clients = [threading.Thread(target=load, args=(base, stop)) for _ in range(4)]
        for client in clients:
            client.start()
        time.sleep(0.5)

        started = time.monotonic()
        process.send_signal(number)
        time.sleep(0.05)
        process.send_signal(number)  # an impatient second one does not disturb the tidying up

        try:
            # At its very end the interpreter gives signals back to the system.
            assert process.wait(20) in (0, -number), process.stdout.read()
            assert not list((tmp_path / ".localcloud").glob("run-*"))
        finally:
            process.kill()
            stop.set()
            for client in clients:
                client.join()
        assert time.monotonic() - started < 20
