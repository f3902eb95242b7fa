"""One request to a DICOM store, once its caller is known to be allowed."""

from __future__ import annotations

from typing import NamedTuple

from aiohttp import web

from localcloud.cloud import Cloud
from localcloud.dicom.http.address import DicomwebAddress
from localcloud.dicom.stores import Stores


class StoreRequest(NamedTuple):
    """The request, and what its path addresses."""

    request: web.Request
    stores: Stores
    store: str
    root: str
    """URL of the store that the client sees, ending in /dicomWeb."""
    version: str
    address: DicomwebAddress

    @property
    def cloud(self) -> Cloud:
        return self.stores.cloud

    @property
    def accept(self) -> str:
        return ",".join(self.request.headers.getall("Accept", ()))

    @property
    def uids(self) -> tuple[str, str, str]:
        return self.address[:3]

    @property
    def url(self) -> str:
        """The URL of the instance addressed."""
        study, series, instance = self.uids
        return f"{self.root}/studies/{study}/series/{series}/instances/{instance}"
