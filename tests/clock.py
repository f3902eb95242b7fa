"""The time of the tests: it stands, or runs, and is moved where a program would wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.cloud import Cloud


@dataclass
class Clock:
    """Seconds since 1970, `ahead` of what `base` says."""

    base: Callable[[], float] = time.time
    ahead: float = field(default=0.0)

    def __call__(self) -> float:
        return self.base() + self.ahead

    def sleep(self, seconds: float) -> None:
        """What somebody who waits calls: no time passes elsewhere."""
        self.ahead += seconds


def new_project(data: Path, project: str = "dicom-local") -> Cloud:
    """Like a new project on Google in every point. Whoever deploys there waits no real time."""
    clock = Clock()
    return Cloud(data=data, project=project, clock=clock, sleep=clock.sleep, new_project=True)


SETTLED = 600.0
"""Seconds after which all of Google knows of what was made, whatever it is."""
