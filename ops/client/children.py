"""Commands that a person watches: on Ctrl-C, which reaches them too, they are waited for and not killed."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence


def run_child(command: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Exit status; what it prints is for whoever typed the command.

    `subprocess.run` would kill it a quarter of a second after Ctrl-C, in the middle of what it tidies up: Pulumi then
    leaves a lock, and resources that are in no state.
    """
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603 - our callers' own words
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise
