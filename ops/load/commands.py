"""`python -m ops load SOURCE`: a folder, a file or gs://bucket/prefix into the stack's store.

Exit codes: 0 everything is in the store; 1 some files are not (each is said); 3 could not load; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from google.auth.exceptions import GoogleAuthError
from rich.console import Console

from ops.client.http import sessions
from ops.client.outputs import LOCAL, read_outputs
from ops.client.refusal import OpsRefused
from ops.load.bulk import BulkImport
from ops.load.files import scan
from ops.load.folder import FolderLoad
from ops.load.outcome import CannotLoad, Outcome, failed
from ops.load.target import LoadTarget, target
from ops.load.view import View, summary
from ops.operate.stack_outputs import outputs_file, token_command

DONE, SOME_FAILED, COULD_NOT_LOAD, INTERRUPTED = 0, 1, 3, 130


FLAGS: Mapping[str, dict[str, Any]] = {
    "--outputs": {
        "type": Path,
        "metavar": "FILE",
        "default": LOCAL,
        "help": "the stack's outputs as JSON; default .localcloud/outputs.json",
    },
    "--to": {"metavar": "URL", "help": "DICOMweb root to load into; default the stack's raw store"},
    "--as": {
        "dest": "principal",
        "metavar": "EMAIL",
        "help": "who stores; default the first of the stack's ingestWriters",
    },
    "--reader": {
        "metavar": "EMAIL",
        "help": "who reads back what is already there, to compare; default the job's account",
    },
    "--token-command": {
        "metavar": "COMMAND",
        "help": "prints an access token; {principal} is replaced; default Google's default credentials",
    },
    "--jobs": {"type": int, "metavar": "N", "default": 4, "help": "files sent at a time, 1 to 64; default 4"},
    "--poll-seconds": {
        "type": float,
        "metavar": "S",
        "default": 5.0,
        "help": "seconds between two looks at a running import; default 5",
    },
}


def parser() -> argparse.ArgumentParser:
    out = argparse.ArgumentParser(
        prog="python -m ops load", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    out.add_argument("--stack", help="take the outputs of this stack, and on local its tokens")
    out.add_argument("source", metavar="SOURCE", help="folder (searched to the bottom), file, or gs://bucket/prefix")
    for flag, options in FLAGS.items():
        out.add_argument(flag, **options)
    return out


def main(arguments: Sequence[str]) -> int:
    given = parser().parse_args(arguments)
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        if not 1 <= given.jobs <= 64:
            raise CannotLoad(f"--jobs is {given.jobs}: must be between 1 and 64")
        if given.stack:
            given.outputs = outputs_file(given.stack)
            given.token_command = given.token_command or token_command(given.stack)
        outputs = {} if given.to and not given.outputs.exists() else read_outputs(given.outputs)
        to = target(outputs, given.to, given.principal, given.reader)
        outcomes = load(given, to, Console(highlight=False))
    except OpsRefused as error:
        errors.print(f"load: {error}", markup=False)
        return COULD_NOT_LOAD
    except GoogleAuthError as error:
        errors.print(f"load: no usable Google credentials ({type(error).__name__}): sign in again")
        return COULD_NOT_LOAD
    except KeyboardInterrupt:
        errors.print("load: interrupted; what was reported as stored is stored whole, run again for the rest")
        sys.stdout.flush()
        os._exit(INTERRUPTED)  # threads may hang on a connection; what they were sending, the store throws away
    return SOME_FAILED if failed(outcomes) else DONE


def load(given: argparse.Namespace, to: LoadTarget, console: Console) -> list[Outcome]:
    acting = sessions(given.token_command, given.jobs, to.project)
    if given.source.startswith("gs://"):
        bulk = BulkImport(to, acting(to.writer), time.sleep, given.poll_seconds)
        with View(console, 0, "importing") as view:
            final, outcomes = bulk.run(given.source, view.counters)
            for outcome in outcomes:
                view.outcome(outcome)
        summary(console, outcomes, final.success)
        return outcomes
    outcomes: list[Outcome] = []
    files, others = scan(Path(given.source))
    total = sum(file.bytes for file in files)
    with View(console, total, "storing") as view, tempfile.TemporaryDirectory(prefix="loader-") as scratch:

        def report(outcome: Outcome) -> None:
            outcomes.append(outcome)
            view.outcome(outcome)

        for outcome in others:
            report(outcome)
        FolderLoad(to, acting, given.jobs, Path(scratch), view.advance, report).run(files)
    summary(console, outcomes)
    return outcomes
