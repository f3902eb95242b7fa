"""CPU time of deploying the local stack in process, as a multiple of importing the same `pulumi_gcp` modules.

Each measurement is a fresh process: one imports what the program uses of `pulumi_gcp` and nothing else; one starts the
local cloud; one starts it and deploys the program to it over HTTP, so that both sides of every request are in that
process. What the third takes beyond the second is the deployment: imports, engine, provider, transport, control plane.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.harness import REPOSITORY, BenchmarkReport, best, parser, processor_seconds

if TYPE_CHECKING:
    from localcloud.assemble import Parts

GOAL = 2.5
ME = ("-m", "benchmarks.deploy", "--only")


@contextlib.contextmanager
def serve() -> Generator[Parts]:
    """The local cloud on a free port, with the job's image."""
    from localcloud.awkward import WITHOUT_WAITING
    from localcloud.cloud import Cloud
    from localcloud.server import running
    from ops.local.serve import JOB

    with (
        tempfile.TemporaryDirectory() as folder,
        running(Cloud(data=Path(folder), awkward=WITHOUT_WAITING), 0) as parts,
    ):
        parts.registry.seed(REPOSITORY / JOB)
        yield parts


def deploy(parts: Parts) -> None:
    """Deploy the local stack, as `up` does."""
    from rich.console import Console

    from ops.local import up

    os.chdir(REPOSITORY)
    up.deploy(Console(quiet=True), parts, up.stack_config())


def used_modules() -> list[str]:
    """The submodules of `pulumi_gcp` that deploying loads."""
    with serve() as parts:
        deploy(parts)
    inside = (name.split(".") for name in sys.modules if name.startswith("pulumi_gcp."))
    return sorted({parts[1] for parts in inside if len(parts) > 2})


def main() -> int:
    declared = parser(__doc__)
    declared.add_argument("--only", choices=["import", "serve", "deploy", "modules"], help=argparse.SUPPRESS)
    declared.add_argument("modules", nargs="*", help=argparse.SUPPRESS)
    options = declared.parse_args()
    if options.only == "import":
        for name in ["pulumi", "pulumi_gcp", *(f"pulumi_gcp.{module}" for module in options.modules)]:
            hasattr(importlib.import_module(name), "outputs")  # submodules are lazy: a look into one loads it
        return 0
    if options.only in ("serve", "deploy"):
        with serve() as parts:
            if options.only == "deploy":
                deploy(parts)
        return 0
    if options.only == "modules":
        print(" ".join(used_modules()))
        return 0
    listing = [sys.executable, *ME, "modules"]
    modules = subprocess.run(listing, check=True, cwd=REPOSITORY, capture_output=True, text=True).stdout.split()
    imports = best(lambda: processor_seconds([*ME, "import", *modules]), options.runs)
    serving = best(lambda: processor_seconds([*ME, "serve"]), options.runs)
    both = best(lambda: processor_seconds([*ME, "deploy"]), options.runs)
    report = BenchmarkReport()
    report.note(f"import of pulumi and {len(modules)} modules of pulumi_gcp: {imports:.2f} s CPU")
    report.note(f"start of the local cloud: {serving:.2f} s CPU; with the stack deployed to it: {both:.2f} s CPU")
    report.line("deployment / import", (both - serving) / imports, "<=", GOAL)
    return report.status


if __name__ == "__main__":
    sys.exit(main())
