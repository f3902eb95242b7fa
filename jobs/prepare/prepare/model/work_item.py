"""A work item: one series that something happened to, which task acts on it, and when. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Item:
    """One series to look at. Times are seconds since 1970."""

    study: str
    series: str
    noticed: float
    """When the first message about it was read."""
    notices: int = 1
    """Batches of messages read about it; counting them makes a new generation of the object."""
    instances: int = -1
    """Instances the store listed when last counted; -1 before that."""
    counted: float = 0.0
    published: float = 0.0
    """When the newest message about it was published; 0 when none said."""
    attempts: int = 0
    reason: str = ""
    """Why the last attempt failed."""

    @property
    def name(self) -> str:
        return f"work/{self.study}/{self.series}.json"


def shard(study: str, tasks: int) -> int:
    """The task (0 … tasks - 1) that acts on a study; all series of a study go to one task."""
    return int.from_bytes(hashlib.sha256(study.encode()).digest()[:8], "big") % tasks


def quiet_in(item: Item, instances: int, now: float, quiet_seconds: float) -> float:
    """Seconds until the series counts as complete; 0 when its number of instances has not changed for long enough."""
    if instances != item.instances or now < item.counted:
        return quiet_seconds
    return max(0.0, quiet_seconds - (now - item.counted))


def content_of(item: Item) -> dict[str, Any]:
    """The item as it is kept."""
    return {"schema_version": SCHEMA_VERSION, **asdict(item)}
