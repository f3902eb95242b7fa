"""DICOMweb over HTTP: who may, which transaction a path is, and errors in Google's shape with CORS headers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from localcloud.dicom import audit
from localcloud.dicom.access import HOST, Access, Denied
from localcloud.dicom.http import answers, cors
from localcloud.dicom.store.archive import Archive
from localcloud.errors import ApiError
from localcloud.iam.principal import Principal

if TYPE_CHECKING:
    from localcloud.dicom.service import DicomStores

READ, WRITE, DELETE = (f"healthcare.dicomStores.dicomWeb{duty}" for duty in ("Read", "Write", "Delete"))
PERMISSION = {"GET": READ, "HEAD": READ, "POST": WRITE, "DELETE": DELETE}
UID = re.compile(r"[0-9.]{1,64}")
SEGMENT = r"[^/]+"
PATH = re.compile(
    rf"(?:studies/(?P<study>{SEGMENT})/?)?(?:series/(?P<series>{SEGMENT})/?)?(?:instances/(?P<instance>{SEGMENT})/?)?"
    r"(?P<what>studies|series|instances|metadata|rendered|bulkdata/(?P<bulk>.+))?/?"
)
FRAMES = "/frames/"


class Resource(NamedTuple):
    """What the part of a path behind /dicomWeb addresses; empty where it says nothing."""

    study: str
    series: str
    instance: str
    what: str
    """`metadata`, `frames`, `rendered`, `bulkdata/…`, the level of a search, or empty for the files themselves."""
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
        caller: Principal | None = None
        status, message = 500, ""
        try:
            try:
                caller = self._caller(request)
                response = await self._answer(request)
            except ApiError as error:
                caller = error.principal if isinstance(error, Denied) else caller
                response, message = self._refusal(request, error), error.message
            status = response.status
        except (asyncio.CancelledError, ConnectionError):
            status = 499
            raise
        finally:
            if caller:
                self._audit(request, caller, status, message)
        if not response.prepared:
            response.headers.update(cors.headers(request.headers))
        return response

    def _refusal(self, request: web.Request, error: ApiError) -> web.StreamResponse:
        response = web.json_response(error.body(), status=error.code)
        if error.code == 401:
            response.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
        elif error.code == 405:
            response.headers["Allow"] = ", ".join([*allowed(request.match_info["path"]), "OPTIONS"])
        return response

    def _audit(self, request: web.Request, caller: Principal, status: int, message: str) -> None:
        log, permission = self._service.audit, PERMISSION[request.method]
        kind = audit.KIND[permission == READ]
        if log.asks(HOST, kind, caller):
            log.take(audit.told(request, kind, permission, address, caller, status, message))

    def _caller(self, request: web.Request) -> Principal:
        """Who asks, and may."""
        permission = PERMISSION.get(request.method)
        if not permission:
            raise no_transaction(request.method, request.match_info["path"])
        return self._access.require(bearer(request), permission, request.match_info["store"])

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        store, version = request.match_info["store"], request.match_info["version"]
        path = request.match_info["path"]
        resource = address(path)
        answer = transaction(request.method, resource) if resource else None
        if not answer or not resource:
            raise no_transaction(request.method, path)
        check_uids(resource)
        root = f"{self._origin(request)}/{HOST}/{version}/{store}/dicomWeb"
        return await answer(
            Target(request, self._service, self._service.archive(store), store, root, version, resource)
        )

    def _origin(self, request: web.Request) -> str:
        """Where the client reaches us; some (dicomweb-client) leave the port out of Host, which then says nothing."""
        return f"{request.scheme}://{request.host}" if ":" in request.host else self._service.cloud.base


@lru_cache(maxsize=1024)
def fixed_part(path: str) -> Resource | None:
    found = PATH.fullmatch(path)
    if not found:
        return None
    study, series, instance, what, bulk = found.group("study", "series", "instance", "what", "bulk")
    return Resource(study or "", series or "", instance or "", what or "", bulk or "", "")


def address(path: str) -> Resource | None:
    """What a path addresses. A slide's instance stays the same through thousands of frames: it is remembered."""
    instance, frames, list_ = path.partition(FRAMES)
    resource = fixed_part(instance)
    if not frames or not resource or resource.what:
        return None if frames else resource
    list_, _, rest = list_.partition("/")
    if not list_ or rest not in ("", "rendered"):
        return None
    return Resource(*resource[:3], rest or "frames", "", list_)


def allowed(path: str) -> list[str]:
    """The methods of a path, which a 405 must name (RFC 9110 §15.5.6); none when it is no resource."""
    resource = address(path)
    return [method for method in PERMISSION if resource and transaction(method, resource)]


def no_transaction(method: str, path: str) -> ApiError:
    """404 for what is no resource, 405 for a resource that has other methods."""
    if not (methods := allowed(path)):
        return ApiError(404, f"{path!r} is not a DICOMweb resource of this store.")
    return ApiError(405, f"{method} is not supported by {path!r}: it has {', '.join(methods)}.", status="UNIMPLEMENTED")


def check_uids(resource: Resource) -> None:
    """Raises `ApiError` 400 unless what stands where a path has UIDs can be UIDs."""
    for keyword, uid in zip(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"), resource, strict=False):
        if uid and not UID.fullmatch(uid):
            raise ApiError(400, f"{keyword} {uid[:80]!r} is not a UID: digits and dots, at most 64 of them.")


def bearer(request: web.Request) -> str | None:
    """The caller's token; Google's APIs take it as a query parameter too."""
    given = request.query.get("access_token")
    return request.headers.get("Authorization") or (f"Bearer {given}" if given else None)


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
    if what == "rendered":
        return answers.rendered
    return answers.bulk_data if resource.bulk else answers.frames
