"""Cloud Logging as it is read: what was logged, kept within bounds, and who may see which of it.

Audit entries come from the control plane and from the services through `Cloud.audit`, other entries through
`Cloud.log`. Sinks, buckets, views and metrics as resources are the control plane's. Not here: writing entries over the
API, exclusions on the project, alerts (nothing is watched), the retention of buckets.
"""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.logs.audit import Audit, spelled_out
from localcloud.logs.journal import Journals
from localcloud.logs.reading import Reading

__all__ = ["Logs"]


class Logs:
    """Sets `cloud.log`, `cloud.audit` and `cloud.audits`, and answers `entries.list`."""

    def __init__(self, cloud: Cloud) -> None:
        self._journals = Journals(cloud.data / "logs" / "batches", spelled_out(cloud.project))
        cloud.log = self._journals.write
        audit = Audit(cloud, self._journals.note)
        cloud.audit, cloud.audits = audit.take, audit.asks
        cloud.methods["logging.v2:entries.list"] = Reading(cloud, self._journals).entries

    async def close(self) -> None:
        self._journals.close()
