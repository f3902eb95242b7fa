"""Starts the job as often as asked, quickly: imported once, forked for each line of arguments (JSON) on standard input.

Prints the pid of each child at its start and its exit status (negative for a signal) at its end, a line each.
"""

from __future__ import annotations

import json
import os
import sys

from prepare.__main__ import main

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 1)
        os._exit(main(json.loads(line), os.environ))
    print(pid, flush=True)
    _, status = os.waitpid(pid, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
