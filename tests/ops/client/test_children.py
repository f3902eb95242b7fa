"""Ctrl-C at a command that a person watches: it ends what it tidies up, and only then are we gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

TIDIES = (
    "import signal, sys, time, pathlib\n"
    + """
def tidy(*_):
    time.sleep(1.0)
    pathlib.Path('tidied').write_text('all of it')
    sys.exit(7)
signal.signal(signal.SIGINT, tidy)
pathlib.Path('ready').write_text('')
time.sleep(60)
"""
)
RUNS = """
import signal, sys
from ops.client.children import run_child
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it
run_child([sys.executable, 'child.py'])
"""


def test_on_ctrl_c_the_command_ends_what_it_tidies_up(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(TIDIES)
    process = subprocess.Popen(
        [sys.executable, "-c", RUNS], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        start_new_session=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    os.killpg(process.pid, signal.SIGINT)

    process.wait(timeout=60)
    assert (tmp_path / "tidied").read_text() == "all of it"
    assert process.returncode != 0
