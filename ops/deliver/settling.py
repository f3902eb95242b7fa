"""What an earlier delivery left: one that ended unproved, whatever ended it, is taken back by the next that runs.

A build that is killed or runs out of time cannot go back by itself. The next run finds its record, asks Cloud Build
whether that build still runs, and settles it before anything else.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime

from ops.client.google import GoogleApi
from ops.client.refusal import OpsRefused
from ops.deliver import cli
from ops.deliver.cloud_build import is_running
from ops.deliver.going_back import go_back
from ops.deliver.ledger import Ledger
from ops.deliver.record import Record, busy, may_be_at_work
from ops.deliver.stack import Stack


def at_work(stack: Stack, google: GoogleApi, current: Record, now: datetime) -> bool:
    """Whether the build that the record names is still delivering; where nobody can tell, the clock decides."""
    if current.state != "deploying":
        return False
    running = is_running(stack, google, current.build)
    return may_be_at_work(current, now) if running is None else running


def require_idle(stack: Stack, google: GoogleApi, current: Record, now: datetime) -> None:
    """Raises `OpsRefused` while a delivery is at work, or may be."""
    if at_work(stack, google, current, now):
        raise busy(current)


def settle(stack: Stack, commit: str, build: str, ledger: Ledger, now: datetime) -> None:
    """Takes back what ended unproved. Raises `OpsRefused` while another commit's delivery is at work.

    Where going back fails too, it is said and left: the delivery that begins may be the one that mends it.
    """
    current, number = ledger.read(stack.name)
    if current is None or current.state == "proved" or current.build == build:
        return
    if current.state == "deploying":
        if current.release.commit == commit:
            return  # what an earlier build left half-done, the same steps finish
        require_idle(stack, ledger.google, current, now)
        cli.cancel(stack)
    what = f"build {current.build} left {current.release.commit[:12]} on {stack.name} unproved"
    if current.previous is None:
        if current.state == "deploying":
            ledger.write(replace(current, state="failed"), number)
        print(f"{what}, and there is no earlier release to go back to")
        return
    print(f"{what}: going back to {current.previous.commit[:12]} first")
    try:
        go_back(stack, ledger, build)
    except OpsRefused as refused:
        print(f"{what}, and it could not be taken back: {refused}", file=sys.stderr)
