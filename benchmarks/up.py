"""`make up ONCE=1` on a warm environment, and with `--browser` the browser tests too: the offline check of a change.

Limits: 20 s in all, 10 s of it smoke tests; with the browser tests, on two processes as `make test` runs them, 180 s.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from benchmarks.harness import REPOSITORY, BenchmarkReport, parser

LIMIT, SMOKE_LIMIT, CHECK_LIMIT = 20.0, 10.0, 180.0
SMOKE_REPORT = REPOSITORY / ".localcloud/reports/smoke.json"


def seconds(*command: str) -> float:
    """Wall time of `python COMMAND`; raises `CalledProcessError` when it fails, as there is nothing to measure."""
    started = time.monotonic()
    subprocess.run([sys.executable, *command], cwd=REPOSITORY, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - started


def main() -> int:
    options = parser(__doc__, runs=1)
    options.add_argument("--browser", action="store_true", help="run the browser tests as well")
    given = options.parse_args()
    report = BenchmarkReport()
    up = min(seconds("-m", "ops", "up", "--once", "--port", "0") for _ in range(given.runs))
    report.line("up --once, seconds", up, "<=", LIMIT)
    report.line("of it smoke tests", json.loads(SMOKE_REPORT.read_text())["ms"] / 1000, "<=", SMOKE_LIMIT)
    if given.browser:
        tests = seconds("-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "tests/browser")
        report.line("with the browser tests", up + tests, "<=", CHECK_LIMIT, f"browser tests {tests:.0f} s")
    return report.status


if __name__ == "__main__":
    sys.exit(main())
