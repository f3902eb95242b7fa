"""A DICOMweb request as Cloud Audit Logs show it: its path, with the UIDs, but not its query, which may name a patient.

The methods' verbs are those of the API's reference; the name of their service is ours to guess, as Google's audit
documentation was not at hand for it. So nothing should ask for more than the end of the name.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Literal

from aiohttp import hdrs, web

from localcloud.dicom.access import HOST
from localcloud.dicom.http.address import DicomwebAddress, parse_address
from localcloud.iam.principal import Principal
from localcloud.ports import Access

SERVICE = "google.cloud.healthcare.{}.dicomweb.DicomWebService.{}"
Kind = Literal["DATA_READ", "DATA_WRITE"]
KIND: tuple[Kind, Kind] = ("DATA_WRITE", "DATA_READ")
"""By whether it reads."""


def access_entry(
    request: web.Request,
    kind: Kind,
    permission: str,
    principal: Principal,
    status: int,
    message: str,
) -> Access:
    """The audit entry of one request. The path of frames, which come by the thousand, is not parsed."""
    info = request.match_info
    path = info["path"]
    if "/frames/" in path and not path.endswith("rendered"):
        method = method_of(info["version"], "RetrieveFrames")
    else:
        method = method_of(info["version"], verb(request.method, parse_address(path)))
    return Access(
        principal,
        HOST,
        method,
        kind,
        permission,
        f"{info['store']}/dicomWeb/{path}",
        status,
        message,
        request.remote or "",
        request.headers.get(hdrs.USER_AGENT, ""),
    )


@cache
def method_of(version: str, verb: str) -> str:
    return SERVICE.format(version, verb)


@lru_cache(maxsize=1024)
def verb(method: str, address: DicomwebAddress | None) -> str:
    """`RetrieveFrames`, `SearchForStudies`, `StoreInstances`, `DeleteSeries`."""
    if address is None:
        return "Unknown"
    depth = bool(address.study) + bool(address.series) + bool(address.instance)
    level: Literal["Study", "Series", "Instance"] = ("Study", "Study", "Series", "Instance")[depth]
    if method == "POST":
        return "StoreInstances"
    if method == "DELETE":
        return f"Delete{level}"
    if address.what in ("studies", "series", "instances"):
        return f"SearchFor{address.what.capitalize()}"
    what = "bulkdata" if address.bulk else address.what
    return {"": f"Retrieve{level}", "metadata": f"Retrieve{level}Metadata"}.get(what, f"Retrieve{what.capitalize()}")
