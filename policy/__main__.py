"""`python -m policy COMMAND …`: the commands of `review`, which judge a change by these rules and by what it does."""

from __future__ import annotations

import runpy

if __name__ == "__main__":
    runpy.run_module("review", run_name="__main__", alter_sys=True)
