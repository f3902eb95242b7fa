"""What Cloud Logging holds of imports: one entry a file that was not stored, readable through entries.list."""

from __future__ import annotations

import itertools
from urllib.parse import quote

from localcloud.cloud import Cloud
from localcloud.forms import timestamp
from localcloud.ports import EntryLog


class ImportLog:
    """Entries of the log `healthcare.googleapis.com/dicom_import`."""

    def __init__(self, cloud: Cloud, log: EntryLog) -> None:
        self._cloud, self._log = cloud, log
        self._numbers = itertools.count()

    @property
    def name(self) -> str:
        return f"projects/{self._cloud.project}/logs/healthcare.googleapis.com%2Fdicom_import"

    def url(self, operation: str) -> str:
        """The page of the console that shows an operation's entries; its filter is the one for entries.list."""
        query = quote(f'logName="{self.name}"\noperation.id="{operation}"', safe="")
        return f"https://console.cloud.google.com/logs/query;query={query}?project={self._cloud.project}"

    def write(self, operation: str, store: str, uri: str, message: str) -> None:
        _, project, _, location, _, dataset, _, dicom_store = store.split("/")
        labels = {"project_id": project, "location": location, "dataset_id": dataset, "dicom_store_id": dicom_store}
        now = timestamp(self._cloud.clock())
        self._log.write(
            {
                "insertId": f"{operation.rpartition('/')[2]}-{next(self._numbers):08x}",
                "logName": self.name,
                "severity": "ERROR",
                "timestamp": now,
                "receiveTimestamp": now,
                "operation": {"id": operation, "producer": "healthcare.googleapis.com"},
                "resource": {"type": "healthcare_dicom_store", "labels": labels},
                "jsonPayload": {
                    "@type": "type.googleapis.com/google.cloud.healthcare.logging.ImportDicomLogEntry",
                    "source": uri,
                    "error": {"code": 3, "message": message},
                },
            }
        )
