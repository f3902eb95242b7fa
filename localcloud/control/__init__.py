"""The control plane: a request becomes a method, a caller, a permission, a checked body and an answer.

Generic for every API in `discovery.APIS`; `special/` and the services (through `Cloud.methods`) say what differs.
Opens no socket. `handle` is thread-safe: calls are answered one at a time.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control import iam_methods, names, operation_methods, schema
from localcloud.control.call import Call, Request, Response
from localcloud.control.discovery import Catalogue, Method
from localcloud.control.generic import Extra, Generic
from localcloud.control.operations import Operations
from localcloud.control.resources import Resources
from localcloud.control.special import EXTRAS, METHODS, seed
from localcloud.errors import ApiError
from localcloud.iam import Iam, permissions

WITH_REASONS = ("storage.googleapis.com", "bigquery.googleapis.com")
"""APIs older than google.rpc.Status: their clients read `errors[].reason`."""
REASONS = {400: "invalid", 401: "authError", 403: "forbidden", 404: "notFound", 409: "conflict", 412: "conditionNotMet"}


class ControlPlane:
    """Answers API requests of one cloud; makes its resources, operations and IAM."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.RLock()
        self._catalogue = Catalogue()
        cloud.resources = Resources()
        cloud.operations = Operations(cloud.clock)
        cloud.iam = Iam(cloud)
        self._generic = Generic(cloud, self._catalogue, self._extras)
        seed(cloud)

    def handle(self, request: Request) -> Response:
        """Never raises an `ApiError`: a refusal is a response too."""
        try:
            with self._lock:
                return Response(status=200, body=self._answer(request))
        except ApiError as error:
            return Response(status=error.code, body=_shaped(request.host, error))

    def _answer(self, request: Request) -> Any:
        found = self._catalogue.match(request.host, request.method, request.path)
        if found is None:
            raise ApiError(404, f"No method {request.method} {request.path} in the APIs of {request.host}.")
        method, params = found
        principal = self._cloud.iam.authenticate(request.authorization)
        params = {key: names.canonical(self._cloud, value) for key, value in params.items()}
        name = names.target(self._cloud, method, params)
        permission = permissions.required(method, request.body)
        if permission:
            self._cloud.iam.require(principal, permission, names.full(self._cloud, request.host, name))
        schema.check(method, request.body, request.query)
        call = Call(method_id=method.id, request=request, params=params, principal=principal, name=name)
        return self._respond(call, method)

    def _respond(self, call: Call, method: Method) -> Any:
        for key in method.ids:
            if key in self._cloud.checks:
                for check in self._cloud.checks[key]:
                    check(call)
                break
        for key in method.ids:
            if key in self._cloud.methods:
                return self._cloud.methods[key](call)
        for key in method.ids:
            if key in METHODS:
                return METHODS[key](self._cloud, self._generic, call)
        if method.collection == "operations" and method.leaf in operation_methods.ANSWERS:
            return operation_methods.ANSWERS[method.leaf](self._cloud, call)
        if method.leaf in iam_methods.ANSWERS:
            return iam_methods.ANSWERS[method.leaf](self._cloud, call)
        return self._generic.answer(call)

    def _extras(self, method: Method) -> list[Extra]:
        """What is added to a stored resource: first by our special cases, then by a service."""
        found: list[Extra] = []
        for key in method.ids:
            if key in EXTRAS:
                found.append(partial(EXTRAS[key], self._cloud))
                break
        for key in method.ids:
            if key in self._cloud.extras:
                found.append(self._cloud.extras[key])
                break
        return found


def _shaped(host: str, error: ApiError) -> dict[str, Any]:
    body = error.body()
    if host in WITH_REASONS:
        reason = REASONS.get(error.code, "backendError")
        body["error"]["errors"] = [{"message": error.message, "domain": "global", "reason": reason}]
    return body
