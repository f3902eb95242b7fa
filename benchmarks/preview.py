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
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GOAL = 2.5
SETTINGS = "PREVIEW_SETTINGS"
"""Names the variable that hands a stack's settings to the fresh process."""
EMPTY = 1.5
"""CPU seconds of `pulumi preview` of an empty Python program: 1.5 to 2.0 with CLI 3.254 on two busy cores."""
STACKS = ("local", "prod")


def cpu(stack: str) -> float:
    """CPU seconds of a fresh process that previews `stack`, or an empty program."""
    before = os.times()
    subprocess.run([sys.executable, "-m", "benchmarks.preview", "--only", stack], check=True, cwd=ROOT)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def preview(stack: str, settings: Mapping[str, object]) -> None:
    """The program as a preview runs it, in this process."""
    from engine import StackConfig, load_config, program_of
    from engine.rehearsal import rehearse

    if stack == "empty":
        rehearse(lambda: None, StackConfig(project_name="empty", config={}, secret_keys=[]), stack)
    else:
        rehearse(program_of(ROOT), load_config(ROOT, stack, settings), stack)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="measurements of each; the best counts (default: 5)")
    parser.add_argument("--only", choices=["empty", *STACKS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        preview(options.only, json.loads(os.environ[SETTINGS]) if options.only == "prod" else {})
        return 0

    from tests.infra.stacks import PROD

    os.environ[SETTINGS] = json.dumps(PROD)
    empty = min(cpu("empty") for _ in range(options.runs))
    kept = True
    for stack in STACKS:
        ours = min(cpu(stack) for _ in range(options.runs))
        ratio = (ours - empty) / EMPTY
        kept = kept and ratio <= GOAL
        print(
            f"{stack}: {ours:.2f} s CPU, an empty program {empty:.2f}; it adds {ours - empty:.2f} s, {ratio:.2f} of "
            f"the {EMPTY} s of an empty preview with the engine (goal: at most {GOAL}, with the provider's share)"
        )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
