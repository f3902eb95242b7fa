"""Counts and sizes of a store, study or series, as the API's get…Metrics methods give them (numbers as strings)."""

from __future__ import annotations

import re
from typing import Any

from localcloud.control.call import Call
from localcloud.dicom.store.archive import Archive
from localcloud.dicom.store.index import JOINED
from localcloud.dicom.stores import Stores
from localcloud.errors import ApiError

PATH = re.compile(
    r"(?P<store>.+/dicomStores/[^/]+)(?:/dicomWeb/studies/(?P<study>[^/]+)(?:/series/(?P<series>[^/]+))?)?"
)


class Metrics:
    """Answers the three methods for every store of one cloud."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def store(self, call: Call) -> dict[str, Any]:
        return {"name": call.params["name"], **self._measure(call.params["name"], ("study", "series", "instance"))}

    def study(self, call: Call) -> dict[str, Any]:
        return {"study": call.params["study"], **self._measure(call.params["study"], ("series", "instance"))}

    def series(self, call: Call) -> dict[str, Any]:
        return {"series": call.params["series"], **self._measure(call.params["series"], ("instance",))}

    def _measure(self, path: str, counted: tuple[str, ...]) -> dict[str, str]:
        match = PATH.fullmatch(path)
        if not match or self._stores.resource(match["store"]) is None:
            raise ApiError(404, f"{path} does not exist.")
        archive = self._stores.archive(match["store"])
        if match["study"]:
            archive.find(match["study"], match["series"] or "")
        numbers = measure(archive, match["study"] or "", match["series"] or "")
        sizes = {"structuredStorageSizeBytes": "structured", "blobStorageSizeBytes": "blob"}
        counts = {f"{what}Count": what for what in counted}
        return {field: str(numbers[column]) for field, column in {**counts, **sizes}.items()}


def measure(archive: Archive, study: str, series: str) -> dict[str, int]:
    given = {"studies.uid": study, "series.uid": series}
    conditions = {column: uid for column, uid in given.items() if uid}
    where = " WHERE " + " AND ".join(f"{column} = ?" for column in conditions) if conditions else ""
    row = archive.index.query(
        "SELECT count(DISTINCT studies.id) study, count(DISTINCT series.id) series, count(*) instance, "  # noqa: S608
        f"coalesce(sum(size), 0) blob, coalesce(sum(index_size + metadata_size), 0) structured FROM {JOINED}{where}",
        tuple(conditions.values()),
    )[0]
    return dict(row)
