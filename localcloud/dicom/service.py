"""The service behind every DICOM store: archives by store name, routes, and the API's own methods on stores."""

from __future__ import annotations

import re
import threading
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from localcloud.cloud import Cloud
from localcloud.control.call import Call, Handler
from localcloud.dicom.access import HOST
from localcloud.dicom.http.routes import Routes
from localcloud.dicom.operations.exports import Exports
from localcloud.dicom.operations.import_log import ImportLog
from localcloud.dicom.operations.imports import Imports
from localcloud.dicom.operations.metrics import Metrics
from localcloud.dicom.store.archive import Archive
from localcloud.errors import ApiError
from localcloud.ports import AuditLog, EntryLog, ObjectFiles, Publisher, TaskSpawner

STORE = r"projects/[^/]+/locations/[^/]+/datasets/[^/]+/dicomStores/[^/]+"
NOT_LOCAL = (
    *("deidentify", "setBlobStorageSettings", "dicomWeb.studies.setBlobStorageSettings"),
    "dicomWeb.studies.series.instances.getStorageInfo",
)


def not_local(name: str) -> Handler:
    """Answers a method that the local cloud does not have."""

    def refuse(call: Call) -> Any:
        raise ApiError(501, f"{name} is not part of the local cloud's DICOM store; try it on a store of Google's.")

    return refuse


class DicomStores:
    """All DICOM stores of one cloud."""

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
        cloud.on_delete.append(self.deleted)
        self._add_methods()

    def _add_methods(self) -> None:
        """The API's own methods on stores, in both versions."""
        imports, exports, metrics = Imports(self, ImportLog(self.cloud, self.log)), Exports(self), Metrics(self)
        stores = "projects.locations.datasets.dicomStores"
        for version in ("v1", "v1beta1"):
            add = partial(self._add_method, f"healthcare.{version}:{stores}")
            add("import", imports.start)
            add("export", exports.start)
            add("getDICOMStoreMetrics", metrics.store)
            add("dicomWeb.studies.getStudyMetrics", metrics.study)
            add("dicomWeb.studies.series.getSeriesMetrics", metrics.series)
            for name in NOT_LOCAL:
                add(name, not_local(name))

    def _add_method(self, prefix: str, name: str, handler: Handler) -> None:
        self.cloud.methods[f"{prefix}.{name}"] = handler

    def routes(self, app: web.Application) -> None:
        """Add the DICOMweb routes. Paths with a colon (`…:getStudyMetrics`) are methods of the control plane."""
        path = f"/{HOST}/{{version:v1|v1beta1}}/{{store:{STORE}}}/dicomWeb/{{path:[^:]*}}"
        app.router.add_route("*", path, Routes(self).handle)

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
        for one in ids:
            if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,256}", one) or one in (".", ".."):
                raise ApiError(400, f"{one!r} in {store!r} is not a valid id.")
        return self.cloud.data / "dicom" / Path(*ids)

    def deleted(self, host: str, name: str) -> None:
        """A resource was deleted: with a store its data go."""
        if host == HOST and re.fullmatch(STORE, name):
            with self._lock:
                archive = self._archives.pop(name, None) or Archive(self.folder(name))
            archive.destroy()

    async def close(self) -> None:
        with self._lock:
            for archive in self._archives.values():
                archive.close()
            self._archives.clear()
