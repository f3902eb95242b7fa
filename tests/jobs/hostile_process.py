"""Runs cases of `hostile_cases` alone: imported once, forked for each line of standard input (a case, its arguments).

Prints a line of JSON for each: what the job said, the traceback where it broke, bytes of memory taken at the most.
"""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import traceback
from pathlib import Path

from tests.jobs.hostile_cases import CASES


def status(what: str) -> int:
    """Bytes, of this process."""
    found = re.search(rf"{what}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


def told(case: str, arguments: list[object]) -> dict[str, object]:
    said = broke = ""
    action = CASES[case](*arguments)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = status("VmRSS")
    try:
        said = action()
    except BaseException:
        broke = traceback.format_exc()
    return {"said": said, "broke": broke, "memory": status("VmHWM") - before}


if __name__ == "__main__":
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            print(json.dumps(told(*json.loads(line))), flush=True)
            os._exit(0)
        _, ended = os.waitpid(pid, 0)
        if ended:
            print(json.dumps({"said": "", "broke": f"ended with {ended}", "memory": 0}), flush=True)
