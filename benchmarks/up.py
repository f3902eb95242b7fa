"""`make up ONCE=1` on a warm environment, against its limits: 20 s in all, 10 s of it smoke tests."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

LIMIT, SMOKE_LIMIT = 20.0, 10.0
REPORT = Path(".localcloud/reports/smoke.json")


def main() -> int:
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "ops", "up", "--once", "--port", "0"], stdout=subprocess.DEVNULL)
    wall = time.monotonic() - started
    smoke = json.loads(REPORT.read_text())["ms"] / 1000
    print(f"up --once: {wall:.1f} s of {LIMIT:.0f} s allowed, ratio {wall / LIMIT:.2f} (goal <= 1)")
    print(f"  smoke tests: {smoke:.1f} s of {SMOKE_LIMIT:.0f} s allowed, ratio {smoke / SMOKE_LIMIT:.2f} (goal <= 1)")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
