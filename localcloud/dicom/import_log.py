"""What Cloud Logging holds of imports: one entry a file that was not stored, readable through entries.list."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from localcloud.control.call import Call
from localcloud.forms import timestamp

PAGE = 1000
"""Entries of one answer when the caller does not say."""


class ImportLog:
    """Entries in the file `<data>/logs/healthcare-import.jsonl`, one a line, oldest first."""

    def __init__(self, path: Path, project: str, clock: Callable[[], float]) -> None:
        self._path, self._project, self._clock = path, project, clock
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return f"projects/{self._project}/logs/healthcare.googleapis.com%2Fdicom_import"

    def url(self, operation: str) -> str:
        """The page of the console that shows an operation's entries; its filter is the one for entries.list."""
        query = quote(f'logName="{self.name}"\noperation.id="{operation}"', safe="")
        return f"https://console.cloud.google.com/logs/query;query={query}?project={self._project}"

    def write(self, operation: str, store: str, uri: str, message: str) -> None:
        _, project, _, location, _, dataset, _, dicom_store = store.split("/")
        labels = {"project_id": project, "location": location, "dataset_id": dataset, "dicom_store_id": dicom_store}
        entry = {
            "logName": self.name,
            "severity": "ERROR",
            "timestamp": timestamp(self._clock()),
            "operation": {"id": operation, "producer": "healthcare.googleapis.com"},
            "resource": {"type": "healthcare_dicom_store", "labels": labels},
            "jsonPayload": {
                "@type": "type.googleapis.com/google.cloud.healthcare.logging.ImportDicomLogEntry",
                "source": uri,
                "error": {"code": 3, "message": message},
            },
        }
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a") as log:
                log.write(json.dumps(entry) + "\n")

    def entries(self, call: Call) -> dict[str, Any]:
        """entries.list: all entries, or those of the operation that the filter names; nothing else is filtered."""
        found = re.search(r'operation\.id\s*[=:]\s*"([^"]+)"', call.body.get("filter", ""))
        with self._lock:
            lines = self._path.read_text().splitlines() if self._path.exists() else []
        entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
        if found:
            entries = [one for one in entries if one["operation"]["id"].endswith(found[1])]
        if "desc" in call.body.get("orderBy", ""):
            entries.reverse()
        first, size = int(call.body.get("pageToken") or 0), int(call.body.get("pageSize") or PAGE)
        page: dict[str, Any] = {"entries": entries[first : first + size]}
        if first + size < len(entries):
            page["nextPageToken"] = str(first + size)
        return page
