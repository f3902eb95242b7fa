"""dicomStores.export: every instance of a store into a bucket, as a long-running operation of the service agent.

To Cloud Storage only, as stored (`transfer-syntax=*` is Google's default for files). BigQuery and filters are answered
with 501. Objects are named `PREFIX/STUDY/SERIES/INSTANCE.dcm`.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from localcloud.control.call import Call
from localcloud.dicom.access import HOST
from localcloud.dicom.operations.bucket_work import begin, require
from localcloud.dicom.stores import Stores
from localcloud.errors import ApiError

PREFIX = re.compile(r"gs://(?P<bucket>[a-z0-9][a-z0-9._-]{1,220})(?:/(?P<prefix>[^*?]*))?")
WRITE = "storage.objects.create"
DICOM = "application/dicom"


def parse_destination(body: dict[str, Any]) -> tuple[str, str]:
    """Bucket, and prefix without a slash at its end. Raises `ApiError` 400 or 501."""
    for other in ("bigqueryDestination", "filterConfig"):
        if other in body:
            raise ApiError(501, f"{other} is not part of the local cloud's DICOM store; try it on a store of Google's.")
    uri = (body.get("gcsDestination") or {}).get("uriPrefix", "")
    match = PREFIX.fullmatch(uri)
    if not match:
        raise ApiError(400, f"gcsDestination.uriPrefix {uri!r} is not of the form gs://bucket/prefix.")
    return match["bucket"], (match["prefix"] or "").strip("/")


class Exports:
    """Answers the method for every store of one cloud."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def start(self, call: Call) -> dict[str, Any]:
        """Raises `ApiError` 400, 404, 501; what goes wrong later is in the operation."""
        cloud, store = self._stores.cloud, call.params["name"]
        if self._stores.resource(store) is None:
            raise ApiError(404, f"DICOM store {store} does not exist.")
        bucket, prefix = parse_destination(call.body)
        name = begin(cloud, call, store, "ExportDicomData")
        self._stores.tasks.spawn(self._run(name, store, bucket, prefix))
        return cloud.operations.get(HOST, name)

    async def _run(self, operation: str, store: str, bucket: str, prefix: str) -> None:
        operations = self._stores.cloud.operations
        try:
            done = await asyncio.to_thread(self._export, operation, store, bucket, prefix)
        except ApiError as error:
            operations.fail(HOST, operation, error.code, error.message)
            return
        except Exception as error:
            operations.fail(HOST, operation, 500, f"the export of {store} broke off: {error}")
            raise
        operations.update(HOST, operation, {"counter": {"success": str(done)}})
        kind = "google.cloud.healthcare.v1.dicom.ExportDicomDataResponse"
        operations.finish(HOST, operation, {"@type": f"type.googleapis.com/{kind}"})

    def _export(self, operation: str, store: str, bucket: str, prefix: str) -> int:
        cloud, archive = self._stores.cloud, self._stores.archive(store)
        require(cloud, WRITE, bucket, "roles/storage.objectAdmin")
        records = archive.index.every()
        for number, record in enumerate(records):
            name = f"{record.study}/{record.series}/{record.instance}.dcm"
            path = f"{prefix}/{name}" if prefix else name
            self._stores.objects.put_object(bucket, path, archive.read_chunks(record), DICOM)
            counter = {"success": str(number + 1), "pending": str(len(records) - number - 1)}
            cloud.operations.update(HOST, operation, {"counter": counter})
        return len(records)
