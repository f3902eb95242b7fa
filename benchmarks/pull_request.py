"""The offline check of a pull request on a warm environment: deploy, smoke tests, browser tests, against 3 minutes.

The browser tests start the parts of the platform that they need themselves; they run as `make test` runs them, on two
processes.
"""

from __future__ import annotations

import subprocess
import sys
import time

LIMIT = 180.0
STEPS = {
    "deploy and smoke tests": ["-m", "ops", "up", "--once", "--port", "0"],
    "browser tests": ["-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "tests/browser"],
}


def main() -> int:
    seconds: dict[str, float] = {}
    for name, arguments in STEPS.items():
        print(f"{name} ...", flush=True)
        started = time.monotonic()
        done = subprocess.run([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)
        seconds[name] = time.monotonic() - started
        if done.returncode:
            print(done.stdout, f"{name}: ended with {done.returncode}, so there is nothing to measure", sep="\n")
            return 1
    total = sum(seconds.values())
    parts = ", ".join(f"{name} {took:.0f} s" for name, took in seconds.items())
    print(f"{parts}: {total:.0f} s of {LIMIT:.0f} s allowed, ratio {total / LIMIT:.2f} (goal <= 1)")
    return 0 if total <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
