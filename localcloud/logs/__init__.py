"""Cloud Logging as it is read: what was logged, kept within bounds, and who may see which of it.

Audit entries come from the control plane and from the services through `Logs.audit`, other entries through
`Logs.write`. Sinks, exclusions, buckets, views and metrics as resources are the control plane's. Not here: writing
entries over the API, alerts (nothing is watched), the retention of buckets.
"""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud
from localcloud.logs.audit import Audit, spell_out
from localcloud.logs.journal import Journals
from localcloud.logs.reading import Reading

__all__ = ["Logs"]


class Logs:
    """Keeps log entries and answers `entries.list`; `audit` takes accesses."""

    def __init__(self, cloud: Cloud) -> None:
        self._journals = Journals(cloud.data / "logs" / "batches", spell_out(cloud.project))
        self.audit = Audit(cloud, self._journals.note)
        cloud.methods["logging.v2:entries.list"] = Reading(cloud, self._journals).entries

    def write(self, entry: dict[str, Any]) -> None:
        """Keep a `LogEntry` with `logName`, `timestamp` and `insertId`."""
        self._journals.write(entry)

    async def close(self) -> None:
        self._journals.close()
