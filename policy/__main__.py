"""`python -m policy controls`, and the policy pack when Pulumi runs this folder as a program.

The one command, `controls`, writes docs/controls.md.
"""

from __future__ import annotations

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
        sys.exit("python -m policy controls [--check] writes docs/controls.md; python -m ops judges a change")
