"""`python -m policy COMMAND …`, and the policy pack when Pulumi runs this folder as a program.

Commands: `controls` writes docs/controls.md; all others are those of `review`, which judges a change by these rules and
by what it does.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    if not __package__:
        # As a program this folder is first on the module path, and `resource` would be ours instead of Python's.
        sys.path[:] = [str(HERE.parent), *(path for path in sys.path if Path(path).resolve() != HERE)]
        from policy.pack import serve

        serve(HERE.parent)
    elif sys.argv[1:2] == ["controls"]:
        from policy.controls import main

        sys.exit(main(sys.argv[2:]))
    else:
        if not set(sys.argv[1:2]) - {"-h", "--help"}:
            print("python -m policy controls [--check] writes docs/controls.md; all else is", end=" ")
        runpy.run_module("review", run_name="__main__", alter_sys=True)
