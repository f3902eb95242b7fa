"""What the program adds to `pulumi preview`, against the preview of an empty program.

The Pulumi CLI is not needed, so the engine's work is not in the figure: a fresh process imports the program, reads
the settings and declares everything, beside one that runs an empty program the same way. What ours takes beyond it is
set against an empty preview of the real engine, which was measured where one was at hand (`EMPTY`). The gcp provider's
share (a check of each resource) comes on top; with the CLI, compare `time pulumi preview` of both.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping

from benchmarks.harness import REPOSITORY, BenchmarkReport, best, parser, processor_seconds

GOAL = 2.5
SETTINGS = "PREVIEW_SETTINGS"
"""Names the variable that hands a stack's settings to the fresh process."""
EMPTY = 1.5
"""CPU seconds of `pulumi preview` of an empty Python program: 1.5 to 2.0 with CLI 3.254 on two busy cores."""
STACKS = ("local", "prod")


def cpu(stack: str, runs: int) -> float:
    """CPU seconds of a fresh process that previews `stack`, or an empty program."""
    return best(lambda: processor_seconds(["-m", "benchmarks.preview", "--only", stack]), runs)


def preview(stack: str, settings: Mapping[str, object]) -> None:
    """The program as a preview runs it, in this process."""
    from engine import StackConfig, load_config, program_of
    from engine.rehearsal import rehearse

    if stack == "empty":
        rehearse(lambda: None, StackConfig(project_name="empty", config={}, secret_keys=[]), stack)
    else:
        rehearse(program_of(REPOSITORY), load_config(REPOSITORY, stack, settings), stack)


def main() -> int:
    declared = parser(__doc__)
    declared.add_argument("--only", choices=["empty", *STACKS], help=argparse.SUPPRESS)
    options = declared.parse_args()
    if options.only:
        preview(options.only, json.loads(os.environ[SETTINGS]) if options.only == "prod" else {})
        return 0

    from tests.infra.stacks import PROD

    os.environ[SETTINGS] = json.dumps(PROD)
    empty = cpu("empty", options.runs)
    report = BenchmarkReport()
    for stack in STACKS:
        ours = cpu(stack, options.runs)
        ratio = (ours - empty) / EMPTY
        detail = f"{ours:.2f} s CPU, an empty program {empty:.2f}, of the {EMPTY} s of an empty preview with the engine"
        report.line(f"{stack} adds to an empty preview", ratio, "<=", GOAL, detail)
    return report.status


if __name__ == "__main__":
    sys.exit(main())
