"""DICOMweb over HTTP: who may, which transaction a path is, and errors in Google's shape with CORS headers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from localcloud import cors
from localcloud.dicom import audit
from localcloud.dicom.access import HOST, Denied, StoreAccess
from localcloud.dicom.http import answers
from localcloud.dicom.http.address import DicomwebAddress, check_uids, parse_address
from localcloud.dicom.http.store_request import StoreRequest
from localcloud.dicom.stores import Stores
from localcloud.errors import ApiError
from localcloud.iam.principal import Principal

READ, WRITE, DELETE = (f"healthcare.dicomStores.dicomWeb{duty}" for duty in ("Read", "Write", "Delete"))
PERMISSION = {"GET": READ, "HEAD": READ, "POST": WRITE, "DELETE": DELETE}
Transaction = Callable[[StoreRequest], Awaitable[web.StreamResponse]]


class Routes:
    """The handler of every DICOMweb path."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._access = StoreAccess(stores.cloud)

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
            response.headers["Allow"] = ", ".join([*allowed_methods(request.match_info["path"]), "OPTIONS"])
        return response

    def _audit(self, request: web.Request, caller: Principal, status: int, message: str) -> None:
        log, permission = self._stores.audit, PERMISSION[request.method]
        kind = audit.KIND[permission == READ]
        if log.asks(HOST, kind, caller):
            log.take(audit.access_entry(request, kind, permission, caller, status, message))

    def _caller(self, request: web.Request) -> Principal:
        """The caller, who has the permission."""
        permission = PERMISSION.get(request.method)
        if not permission:
            raise no_transaction(request.method, request.match_info["path"])
        return self._access.require(bearer(request), permission, request.match_info["store"])

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        store, version = request.match_info["store"], request.match_info["version"]
        path = request.match_info["path"]
        address = parse_address(path)
        answer = transaction(request.method, address) if address else None
        if not answer or not address:
            raise no_transaction(request.method, path)
        check_uids(address)
        root = f"{self._origin(request)}/{HOST}/{version}/{store}/dicomWeb"
        return await answer(StoreRequest(request, self._stores, store, root, version, address))

    def _origin(self, request: web.Request) -> str:
        """Where the client reaches us; some (dicomweb-client) leave the port out of Host, which then says nothing."""
        return f"{request.scheme}://{request.host}" if ":" in request.host else self._stores.cloud.base


def allowed_methods(path: str) -> list[str]:
    """The methods of a path, which a 405 must name (RFC 9110 §15.5.6); none when it is no resource."""
    address = parse_address(path)
    return [method for method in PERMISSION if address and transaction(method, address)]


def no_transaction(method: str, path: str) -> ApiError:
    """404 for what is no resource, 405 for a resource that has other methods."""
    if not (methods := allowed_methods(path)):
        return ApiError(404, f"{path!r} is not a DICOMweb resource of this store.")
    return ApiError(405, f"{method} is not supported by {path!r}: it has {', '.join(methods)}.", status="UNIMPLEMENTED")


def bearer(request: web.Request) -> str | None:
    """The caller's token; Google's APIs take it as a query parameter too."""
    given = request.query.get("access_token")
    return request.headers.get("Authorization") or (f"Bearer {given}" if given else None)


def transaction(method: str, address: DicomwebAddress) -> Transaction | None:
    """The transaction that a method and a path address."""
    study, series, instance, what = address.study, address.series, address.instance, address.what
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
        return answers.answer_rendered
    return answers.bulk_data if address.bulk else answers.frames
