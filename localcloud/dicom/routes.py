"""DICOMweb over HTTP: who may, which transaction a path is, and errors in Google's shape with CORS headers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from localcloud.dicom import answers, cors
from localcloud.dicom.access import HOST, Access
from localcloud.dicom.archive import Archive
from localcloud.errors import ApiError

if TYPE_CHECKING:
    from localcloud.dicom.service import DicomStores

READ, WRITE, DELETE = (f"healthcare.dicomStores.dicomWeb{duty}" for duty in ("Read", "Write", "Delete"))
PERMISSION = {"GET": READ, "HEAD": READ, "POST": WRITE, "DELETE": DELETE}
UID = r"[0-9.]{1,64}"
PATH = re.compile(
    rf"(?:studies/(?P<study>{UID})/?)?(?:series/(?P<series>{UID})/?)?(?:instances/(?P<instance>{UID})/?)?"
    r"(?P<what>studies|series|instances|metadata|rendered|bulkdata/(?P<bulk>.+)|"
    r"frames/(?P<frames>[^/]+)(?:/rendered)?)?/?"
)
PARTS = ("study", "series", "instance", "what", "bulk", "frames")


class Resource(NamedTuple):
    """What the part of a path behind /dicomWeb addresses; empty where it says nothing."""

    study: str
    series: str
    instance: str
    what: str
    """Last step: `metadata`, `frames/1,2`, `frames/1/rendered`, `series` of a search, or empty for the files."""
    bulk: str
    frames: str


class Target(NamedTuple):
    """A request whose caller is known to be allowed, and what its path addresses."""

    request: web.Request
    service: DicomStores
    archive: Archive
    store: str
    root: str
    """URL of the store that the client sees, ending in /dicomWeb."""
    version: str
    resource: Resource

    @property
    def accept(self) -> str:
        return ",".join(self.request.headers.getall("Accept", ()))

    @property
    def uids(self) -> tuple[str, str, str]:
        return self.resource[:3]

    @property
    def url(self) -> str:
        """Of the instance addressed."""
        study, series, instance = self.uids
        return f"{self.root}/studies/{study}/series/{series}/instances/{instance}"


Answer = Callable[[Target], Awaitable[web.StreamResponse]]


class Routes:
    """The handler of every DICOMweb path."""

    def __init__(self, service: DicomStores) -> None:
        self._service = service
        self._access = Access(service.cloud)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=cors.preflight(request.headers))
        try:
            response = await self._answer(request)
        except ApiError as error:
            response = web.json_response(error.body(), status=error.code)
            if error.code == 401:
                response.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
        if not response.prepared:
            response.headers.update(cors.headers(request.headers))
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        store, version = request.match_info["store"], request.match_info["version"]
        permission = PERMISSION.get(request.method)
        if not permission:
            raise ApiError(405, f"{request.method} is not supported by DICOMweb stores.", status="UNIMPLEMENTED")
        self._access.require(request.headers.get("Authorization"), permission, store)
        path = request.match_info["path"]
        found = PATH.fullmatch(path)
        if not found:
            raise ApiError(404, f"{path!r} is not a DICOMweb resource of this store.")
        study, series, instance, what, bulk, frames = found.group(*PARTS)
        resource = Resource(study or "", series or "", instance or "", what or "", bulk or "", frames or "")
        answer = transaction(request.method, resource)
        if not answer:
            raise ApiError(404, f"{request.method} {path!r} is not a DICOMweb transaction of this store.")
        root = f"{self._origin(request)}/{HOST}/{version}/{store}/dicomWeb"
        return await answer(
            Target(request, self._service, self._service.archive(store), store, root, version, resource)
        )

    def _origin(self, request: web.Request) -> str:
        """Where the client reaches us; some (dicomweb-client) leave the port out of Host, which then says nothing."""
        return f"{request.scheme}://{request.host}" if ":" in request.host else self._service.cloud.base


def transaction(method: str, resource: Resource) -> Answer | None:
    """The transaction that a method and a path address."""
    study, series, instance, what = resource.study, resource.series, resource.instance, resource.what
    if (series and not study) or (instance and not series):
        return None
    if method == "POST":
        return answers.store if not series and what == ("" if study else "studies") else None
    if method == "DELETE":
        return answers.delete if study and not what else None
    if what in ("studies", "series", "instances"):
        depth = ("studies", "series", "instances").index(what)
        return answers.search if not instance and depth >= bool(study) + bool(series) else None
    if not study:
        return None
    if what == "metadata":
        return answers.metadata
    if not what:
        return answers.instances
    if not instance:
        return None
    if what.endswith("rendered"):
        return answers.rendered
    return answers.bulk_data if resource.bulk else answers.frames
