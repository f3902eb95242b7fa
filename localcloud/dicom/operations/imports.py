"""dicomStores.import: files of a bucket into a store, as a long-running operation run by the healthcare service agent.

Done is not success: the operation's counters say how many files were not stored, the import log says which and why.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.dicom import notify
from localcloud.dicom.access import HOST
from localcloud.dicom.operations.bucket_work import begin, require
from localcloud.dicom.store.archive import Archive
from localcloud.dicom.store.commit import StoreOutcome, commit
from localcloud.dicom.store.index import NewInstance
from localcloud.dicom.store.ingest import InstanceRefused, stage
from localcloud.dicom.stores import Stores
from localcloud.errors import ApiError
from localcloud.forms import timestamp
from localcloud.inflation import InflationBudget
from localcloud.ports import EntryLog

URI = re.compile(r"gs://(?P<bucket>[a-z0-9][a-z0-9._-]{1,220})/(?P<object>.+)")
READ = "storage.objects.get"


@dataclass(frozen=True)
class ImportSource:
    """The objects that an import names."""

    uri: str
    bucket: str
    pattern: str

    @property
    def prefix(self) -> str:
        return re.split(r"[*?]", self.pattern, maxsplit=1)[0]

    def matches(self, name: str) -> bool:
        """`*` stands for anything but a slash, `**` for anything, `?` for one character."""
        pieces = re.split(r"(\*\*|\*|\?)", self.pattern)
        meaning = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
        return bool(re.fullmatch("".join(meaning.get(piece, re.escape(piece)) for piece in pieces), name, re.DOTALL))


def parse_source(body: dict[str, Any]) -> ImportSource:
    """Raises `ApiError` 400 for a request without a usable URI."""
    uri = (body.get("gcsSource") or {}).get("uri", "")
    match = URI.fullmatch(uri)
    if not match:
        raise ApiError(400, f"gcsSource.uri {uri!r} is not of the form gs://bucket/object.")
    if "**" in match["object"] and not re.fullmatch(r"[^*?]*\*\*(\.[\w.]+)?", match["object"]):
        raise ApiError(400, f"gcsSource.uri {uri!r}: ** must come last, alone or before a file extension.")
    return ImportSource(uri, match["bucket"], match["object"])


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


class Imports:
    """Answers the method for every store of one cloud."""

    def __init__(self, stores: Stores) -> None:
        self._stores, self._log = stores, ImportLog(stores.cloud, stores.log)

    def start(self, call: Call) -> dict[str, Any]:
        """Raises `ApiError` 400, 403, 404; what goes wrong later is in the operation."""
        cloud, store = self._stores.cloud, call.params["name"]
        resource = self._stores.resource(store)
        if resource is None:
            raise ApiError(404, f"DICOM store {store} does not exist.")
        wanted = parse_source(call.body)
        topics = notify.topics_of(resource, bulk_import=True)
        notify.require_publisher(cloud, topics)
        name = begin(cloud, call, store, "ImportDicomData")
        cloud.operations.update(HOST, name, {"logsUrl": self._log.url(name)})
        self._stores.tasks.spawn(self._run(name, store, wanted, topics))
        return cloud.operations.get(HOST, name)

    async def _run(self, operation: str, store: str, wanted: ImportSource, topics: list[str]) -> None:
        operations = self._stores.cloud.operations
        try:
            counter = await asyncio.to_thread(self._import, operation, store, wanted, topics)
        except ApiError as error:
            self._log.write(operation, store, wanted.uri, error.message)
            operations.fail(HOST, operation, error.code, error.message)
            return
        except Exception as error:
            operations.fail(HOST, operation, 500, f"the import of {wanted.uri} broke off: {error}")
            raise
        operations.update(HOST, operation, {"counter": counter})
        operations.finish(
            HOST, operation, {"@type": "type.googleapis.com/google.cloud.healthcare.v1.dicom.ImportDicomDataResponse"}
        )

    def _import(self, operation: str, store: str, wanted: ImportSource, topics: list[str]) -> dict[str, str]:
        cloud, archive = self._stores.cloud, self._stores.archive(store)
        require(cloud, READ, wanted.bucket, "roles/storage.objectViewer")
        objects = self._stores.objects
        names = [name for name in objects.object_names(wanted.bucket, wanted.prefix) if wanted.matches(name)]
        if not names:
            raise ApiError(400, f"no object matches {wanted.uri}.")
        good, bad, budget = 0, 0, InflationBudget()
        for number, name in enumerate(names):
            uri = f"gs://{wanted.bucket}/{name}"
            problem, stored = self._store(archive, objects.object_path(wanted.bucket, name), budget)
            notify.publish_stored(cloud, self._stores.publisher, topics, store, stored, "ImportDicomData")
            good, bad = good + (not problem), bad + bool(problem)
            if problem:
                self._log.write(operation, store, uri, problem)
            counter = {"success": str(good), "failure": str(bad), "pending": str(len(names) - number - 1)}
            cloud.operations.update(HOST, operation, {"counter": counter})
        return {"success": str(good), "failure": str(bad)}

    def _store(self, archive: Archive, path: Path | None, budget: InflationBudget) -> tuple[str, list[NewInstance]]:
        """Store one file; (why it was not, what is new). The same instance again is ignored, as Google does."""
        if path is None:
            return "the object was removed while it was imported", []
        name = archive.new_name()
        try:
            copy(path, archive.path(name))
            outcome = commit(archive, [stage(archive, name, "", budget)], "accept_identical")
        except InstanceRefused as refused:
            return refused.message, []
        except OSError as error:
            archive.discard(name)
            return f"cannot be copied: {error.strerror}", []
        return failure_of(outcome), outcome.stored


def copy(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("xb") as write:
        shutil.copyfileobj(read, write, 2**20)
        write.flush()
        os.fsync(write.fileno())


def failure_of(outcome: StoreOutcome) -> str:
    return "; ".join(f"{refusal.message}, but the DICOM files differ" for refusal in outcome.refused)
