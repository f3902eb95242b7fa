"""Storage classes: `setBlobStorageSettings` moves instances, `getStorageInfo` says where one is and since when.

What a class costs to read or to leave early is not kept here: nothing is refused for it on Google either.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from localcloud.control.call import Call
from localcloud.dicom.access import HOST
from localcloud.dicom.operations.bucket_work import begin, require
from localcloud.dicom.store.index import InstanceRecord
from localcloud.dicom.stores import Stores
from localcloud.errors import ApiError
from localcloud.forms import timestamp

CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")
RESOURCE = re.compile(
    r"(?P<store>.+/dicomStores/[^/]+)"
    r"(?:/dicomWeb/studies/(?P<study>[^/]+)(?:/series/(?P<series>[^/]+)(?:/instances/(?P<instance>[^/]+))?)?)?/?"
)
FILTERED = re.compile(r"/?studies/(?P<study>[^/]+)(?:/series/(?P<series>[^/]+)(?:/instances/(?P<instance>[^/]+))?)?/?")
URI = re.compile(r"gs://(?P<bucket>[a-z0-9][a-z0-9._-]{1,220})/(?P<object>.+)")
READ = "storage.objects.get"


class StorageClasses:
    """Answers the methods for every store of one cloud."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def set(self, call: Call) -> dict[str, Any]:
        """Raises `ApiError` 400, 404; what goes wrong with a filter's file later is in the operation."""
        cloud, match = self._stores.cloud, self._find(call)
        wanted = (call.body.get("blobStorageSettings") or {}).get("blobStorageClass")
        if wanted not in CLASSES:
            raise ApiError(400, f"blobStorageSettings.blobStorageClass must be one of {', '.join(CLASSES)}.")
        filter_uri = (call.body.get("filterConfig") or {}).get("resourcePathsGcsUri", "")
        if bool(filter_uri) == bool(match["study"]):
            raise ApiError(
                400, "Name a study in resource, or a DICOM store in resource and its instances by filterConfig."
            )
        records = [] if filter_uri else self._records(match)
        name = begin(cloud, call, match["store"], "SetBlobStorageSettings")
        self._stores.tasks.spawn(self._run(name, match["store"], wanted, records, filter_uri))
        return cloud.operations.get(HOST, name)

    def get_info(self, call: Call) -> dict[str, Any]:
        """Sizes and storage class of one instance. Raises `ApiError` 404."""
        match = self._find(call)
        [record] = self._records(match)
        storage_class, updated = self._stores.archive(match["store"]).index.storage_class(record)
        info: dict[str, Any] = {"sizeBytes": str(record.size), "storageClass": storage_class}
        if updated is not None:
            info["storageClassUpdateTime"] = timestamp(updated)
        return {
            "referencedResource": call.params["resource"],
            "blobStorageInfo": info,
            "structuredStorageInfo": {"sizeBytes": str(record.index_size + record.metadata_size)},
        }

    def _find(self, call: Call) -> re.Match[str]:
        match = RESOURCE.fullmatch(call.params["resource"])
        if not match or self._stores.resource(match["store"]) is None:
            raise ApiError(404, f"{call.params['resource']} does not exist.")
        return match

    def _records(self, match: re.Match[str]) -> list[InstanceRecord]:
        archive = self._stores.archive(match["store"])
        return archive.find(match["study"], match["series"] or "", match["instance"] or "")

    async def _run(
        self, operation: str, store: str, wanted: str, records: list[InstanceRecord], filter_uri: str
    ) -> None:
        operations = self._stores.cloud.operations
        try:
            counter = await asyncio.to_thread(self._move, store, wanted, records, filter_uri)
        except ApiError as error:
            operations.fail(HOST, operation, error.code, error.message)
            return
        operations.update(HOST, operation, {"counter": counter})
        kind = "google.cloud.healthcare.v1.storageinfo.SetBlobStorageSettingsResponse"
        operations.finish(HOST, operation, {"@type": f"type.googleapis.com/{kind}"})

    def _move(self, store: str, wanted: str, records: list[InstanceRecord], filter_uri: str) -> dict[str, str]:
        index, failed = self._stores.archive(store).index, 0
        if filter_uri:
            records, failed = self._filter(store, filter_uri)
        index.set_storage_class(records, wanted, self._stores.cloud.clock())
        return {"success": str(len(records)), **({"failure": str(failed)} if failed else {})}

    def _filter(self, store: str, uri: str) -> tuple[list[InstanceRecord], int]:
        """What the lines of a file in a bucket name, and how many of them name nothing."""
        match = URI.fullmatch(uri)
        if not match:
            raise ApiError(400, f"filterConfig.resourcePathsGcsUri {uri!r} is not of the form gs://bucket/object.")
        require(self._stores.cloud, READ, match["bucket"], "roles/storage.objectViewer")
        path = self._stores.objects.object_path(match["bucket"], match["object"])
        if path is None:
            raise ApiError(404, f"{uri} does not exist.")
        archive, records, failed = self._stores.archive(store), dict[str, InstanceRecord](), 0
        for line in filter(None, path.read_text(errors="replace").split()):
            named = FILTERED.fullmatch(line)
            filtered = (
                archive.index.records(named["study"], named["series"] or "", named["instance"] or "") if named else []
            )
            failed += not filtered
            records |= {record.file: record for record in filtered}
        return list(records.values()), failed
