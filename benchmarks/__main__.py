"""`python -m benchmarks [NAME …]`: run benchmarks in turn; the status is 1 when one missed a goal."""

from __future__ import annotations

import subprocess
import sys

ALL = {
    "up": (),
    "deploy": (),
    "policy": (),
    "preview": (),
    "store": (),
    "storing": (),
    "scale": (),
    "quota": (),
    "job_use": (),
    "time_to_view": (),
    "copying": ("--mib", "1000"),
    "probe": (),
    "frames": (),
    "pyramid": (),
    "linear": (),
    "large": (),
    "viewer": (),
}
"""Name → arguments of a full run, the quick ones first."""


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in ALL]:
        print(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    missed: list[str] = []
    for name in names or ALL:
        print(f"{name}:", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *ALL[name]]).returncode:
            missed.append(name)
    print(f"missed or failed: {', '.join(missed)}" if missed else "every goal was met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
