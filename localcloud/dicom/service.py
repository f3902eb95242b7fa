"""The service behind every DICOM store: its DICOMweb routes, and the API's own methods on stores."""

from __future__ import annotations

from functools import partial
from typing import Any

from aiohttp import web

from localcloud.cloud import Cloud
from localcloud.control.call import Call, Handler
from localcloud.dicom import notify
from localcloud.dicom.access import HOST
from localcloud.dicom.http.routes import Routes
from localcloud.dicom.operations.exports import Exports
from localcloud.dicom.operations.imports import Imports
from localcloud.dicom.operations.metrics import Metrics
from localcloud.dicom.operations.storage import StorageClasses
from localcloud.dicom.stores import STORE, Stores
from localcloud.errors import ApiError
from localcloud.ports import AuditLog, EntryLog, ObjectFiles, Publisher, TaskSpawner

NOT_LOCAL = ("deidentify",)


def refuse_not_local(name: str) -> Handler:
    """Answers a method that the local cloud does not have."""

    def refuse(call: Call) -> Any:
        raise ApiError(501, f"{name} is not part of the local cloud's DICOM store; try it on a store of Google's.")

    return refuse


class DicomStores:
    """All DICOM stores of one cloud, as the server holds them."""

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
        self.stores = Stores(cloud, audit=audit, log=log, publisher=publisher, objects=objects, tasks=tasks)
        self._add_methods()

    def _add_methods(self) -> None:
        """The API's own methods on stores, in both versions."""
        imports, exports, metrics = Imports(self.stores), Exports(self.stores), Metrics(self.stores)
        classes = StorageClasses(self.stores)
        stores = "projects.locations.datasets.dicomStores"
        for version in ("v1", "v1beta1"):
            add = partial(self._add_method, f"healthcare.{version}:{stores}")
            add("import", imports.start)
            add("export", exports.start)
            add("getDICOMStoreMetrics", metrics.store)
            add("dicomWeb.studies.getStudyMetrics", metrics.study)
            add("dicomWeb.studies.series.getSeriesMetrics", metrics.series)
            add("setBlobStorageSettings", classes.set)
            add("dicomWeb.studies.setBlobStorageSettings", classes.set)
            add("dicomWeb.studies.series.instances.getStorageInfo", classes.get_info)
            for verb in ("create", "patch"):
                method = f"healthcare.{version}:{stores}.{verb}"
                self.cloud.extras[method] = notify.check_settings
                self.cloud.checks.setdefault(method, []).append(partial(notify.check_publisher, self.cloud))
            for name in NOT_LOCAL:
                add(name, refuse_not_local(name))

    def _add_method(self, prefix: str, name: str, handler: Handler) -> None:
        self.cloud.methods[f"{prefix}.{name}"] = handler

    def routes(self, app: web.Application) -> None:
        """Add the DICOMweb routes. Paths with a colon (`…:getStudyMetrics`) are methods of the control plane."""
        path = f"/{HOST}/{{version:v1|v1beta1}}/{{store:{STORE}}}/dicomWeb/{{path:[^:]*}}"
        app.router.add_route("*", path, Routes(self.stores).handle)

    async def close(self) -> None:
        self.stores.close()
