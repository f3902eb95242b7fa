"""A DICOMweb request as Cloud Audit Logs tell it: its path, with the UIDs, but not its query, which may name a patient.

The methods' verbs are those of the API's reference; the name of their service is ours to guess, as Google's audit
documentation was not at hand for it. So nothing should ask for more than the end of the name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from aiohttp import web

from localcloud.cloud import Access
from localcloud.dicom.access import HOST
from localcloud.iam import Principal

if TYPE_CHECKING:
    from localcloud.dicom.routes import Resource

SERVICE = "google.cloud.healthcare.{}.dicomweb.DicomWebService.{}"


def told(
    request: web.Request, permission: str, resource: Resource | None, principal: Principal, status: int, message: str
) -> Access:
    """`resource` is None for a path that addresses nothing."""
    store = request.match_info["store"]
    return Access(
        principal=principal,
        service=HOST,
        method=SERVICE.format(request.match_info["version"], verb(request.method, resource)),
        kind="DATA_READ" if permission.endswith("Read") else "DATA_WRITE",
        permission=permission,
        resource=f"{store}/dicomWeb/{request.match_info['path']}",
        status=status,
        message=message,
        caller=request.remote or "",
        agent=request.headers.get("User-Agent", ""),
    )


@lru_cache(maxsize=1024)
def verb(method: str, resource: Resource | None) -> str:
    """`RetrieveFrames`, `SearchForStudies`, `StoreInstances`, `DeleteSeries`."""
    if resource is None:
        return "Unknown"
    depth = bool(resource.study) + bool(resource.series) + bool(resource.instance)
    level: Literal["Study", "Series", "Instance"] = ("Study", "Study", "Series", "Instance")[depth]
    if method == "POST":
        return "StoreInstances"
    if method == "DELETE":
        return f"Delete{level}"
    if resource.what in ("studies", "series", "instances"):
        return f"SearchFor{resource.what.capitalize()}"
    what = "bulkdata" if resource.bulk else resource.what
    return {"": f"Retrieve{level}", "metadata": f"Retrieve{level}Metadata"}.get(what, f"Retrieve{what.capitalize()}")
