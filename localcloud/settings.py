"""What is chosen of a local cloud before it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from localcloud.awkward import EVERY_POINT, AwkwardPoint


@dataclass(kw_only=True)
class CloudSettings:
    """One project, one folder, one clock."""

    data: Path
    """Folder for everything kept: blobs, index, logs, keys."""
    base: str = "http://127.0.0.1:8787"
    """Origin that clients reach us at; an API's root is `<base>/<its host>/`."""
    project: str = "dicom-local"
    number: str = "123456789012"
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    """How whoever deploys here waits for that clock."""
    new_project: bool = False
    """Like a new project on Google, where an API answers only once it is enabled; otherwise all are on."""
    duplicates: Literal["reject_all", "accept_identical"] = "reject_all"
    """What a DICOM store answers to an instance that it has: `reject_all` always 409, `accept_identical` 200 when its
    content is the same (sources about Google's store differ)."""
    request_seconds: float = 1800
    """Deadline of the body of a request to a DICOM store, and of an answer's."""

    creator: str = ""
    """E-mail of a person in a new organisation, in which the project is yet to be made, by them, and paid for."""
    awkward: frozenset[AwkwardPoint] = EVERY_POINT
    """In which points this is like a new project on Google; see `awkward.py`."""
    delays: float = 1.0
    """Share of Google's delays, for a person who waits: 0.05 makes a minute three seconds."""

    def is_within(self, point: AwkwardPoint, since: float, seconds: float) -> bool:
        """Whether what began at `since` is too new by this point, if the point is on."""
        return point in self.awkward and self.clock() < since + seconds * self.delays

    def endpoint(self, host: str) -> str:
        """Root of an API, with a trailing slash: `http://127.0.0.1:8787/healthcare.googleapis.com/`."""
        return f"{self.base}/{host}/"

    def service_agent(self, service: str) -> str:
        """E-mail of a Google-managed service agent, e.g. `service_agent("gcp-sa-healthcare")`."""
        return f"service-{self.number}@{service}.iam.gserviceaccount.com"
