"""The DICOM stores of one cloud by name: the resource of each in the control plane, its archive on disk."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

from localcloud.cloud import Cloud
from localcloud.dicom.access import HOST
from localcloud.dicom.store.archive import Archive
from localcloud.errors import ApiError
from localcloud.ports import AuditLog, EntryLog, ObjectFiles, Publisher, TaskSpawner

STORE = r"projects/[^/]+/locations/[^/]+/datasets/[^/]+/dicomStores/[^/]+"
STORE_ID = re.compile(r"[A-Za-z0-9_.-]{1,256}")
"""Ids of datasets and stores. Google takes letters of any script too; here an id is a folder: ASCII only."""


class Stores:
    """Opens an archive when it is first asked for and removes it with its store."""

    def __init__(
        self,
        cloud: Cloud,
        *,
        audit: AuditLog,
        log: EntryLog,
        publisher: Publisher,
        objects: ObjectFiles,
        tasks: TaskSpawner,
    ) -> None:
        self.cloud = cloud
        self.audit, self.log, self.publisher, self.objects, self.tasks = audit, log, publisher, objects, tasks
        self._lock = threading.Lock()
        self._archives: dict[str, Archive] = {}
        cloud.on_delete.append(self.delete)

    def resource(self, store: str) -> dict[str, Any] | None:
        """The store's resource in the control plane."""
        return self.cloud.resources.get(HOST, store)

    def archive(self, store: str) -> Archive:
        """The archive of a store that exists."""
        with self._lock:
            if store not in self._archives:
                self._archives[store] = Archive(self.folder(store))
            return self._archives[store]

    def folder(self, store: str) -> Path:
        """`<data>/dicom/<project>/<location>/<dataset>/<store>`. Raises `ApiError` 400 for ids that are no names."""
        ids = store.split("/")[1::2]
        for identifier in ids:
            if not STORE_ID.fullmatch(identifier) or identifier in (".", ".."):
                raise ApiError(400, f"{identifier!r} in {store!r} is not a valid id.")
        return self.cloud.data / "dicom" / Path(*ids)

    def delete(self, host: str, name: str) -> None:
        """A resource was deleted: with a store its data go."""
        if host == HOST and re.fullmatch(STORE, name):
            with self._lock:
                archive = self._archives.pop(name, None) or Archive(self.folder(name))
            archive.destroy()

    def close(self) -> None:
        with self._lock:
            for archive in self._archives.values():
                archive.close()
            self._archives.clear()
