"""Delete studies, series and instances. The first two are long-running operations of the dataset, as on Google."""

from __future__ import annotations

import asyncio
from typing import Any

from localcloud.cloud import Cloud
from localcloud.dicom.access import HOST
from localcloud.dicom.store.archive import Archive
from localcloud.ports import TaskSpawner

EMPTY = {"@type": "type.googleapis.com/google.protobuf.Empty"}


def delete_many(
    cloud: Cloud, tasks: TaskSpawner, archive: Archive, store: str, study: str, series: str, version: str
) -> dict[str, Any]:
    """Take a study or series out of sight and start removing its files; returns the operation.

    Nothing can be stored into it until the operation is done. Raises `ApiError` 404.
    """
    files = archive.remove(study, series)
    archive.deleting.add((study, series))
    dataset = store.rsplit("/dicomStores/", 1)[0]
    method = "DeleteSeries" if series else "DeleteStudy"
    name = cloud.operations.new(
        HOST,
        dataset,
        {
            "@type": f"type.googleapis.com/google.cloud.healthcare.{version}.OperationMetadata",
            "apiMethodName": f"google.cloud.healthcare.{version}.dicomweb.DicomWebService.{method}",
            "counter": {"pending": str(len(files))},
        },
    )
    tasks.spawn(finish(cloud, archive, name, files, (study, series)))
    return cloud.operations.get(HOST, name)


async def finish(cloud: Cloud, archive: Archive, operation: str, files: list[str], what: tuple[str, str]) -> None:
    try:
        await asyncio.to_thread(discard, archive, files)
    finally:
        archive.deleting.discard(what)
    cloud.operations.update(HOST, operation, {"counter": {"success": str(len(files))}})
    cloud.operations.finish(HOST, operation, dict(EMPTY))


def delete_one(archive: Archive, study: str, series: str, instance: str) -> None:
    """Raises `ApiError` 404."""
    discard(archive, archive.remove(study, series, instance))


def discard(archive: Archive, files: list[str]) -> None:
    for file in files:
        archive.discard(file)
