"""The control plane: a request becomes a method, a caller, a permission, a checked body and an answer.

Generic for every API in `apis.APIS`; `special/` and the services (through `Cloud.methods`) say what differs.
Opens no socket. `handle` is thread-safe: calls are answered one at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

from engine.api_request import ApiRequest, ApiResponse
from engine.discovery import Method, catalogue
from localcloud.cloud import Cloud
from localcloud.control import iam_methods, names, operation_methods, quota, schema
from localcloud.control.audited import audit_call
from localcloud.control.call import Call
from localcloud.control.generic import Extra, Generic
from localcloud.control.special import CHECKS, EXTRAS, METHODS, seed
from localcloud.control.special.service_usage import require_enabled
from localcloud.errors import ApiError
from localcloud.iam import permissions
from localcloud.ports import AuditLog, NoAuditLog

WITH_REASONS = ("storage.googleapis.com",)
"""APIs older than google.rpc.Status: their clients read `errors[].reason`."""
REASONS = {400: "invalid", 401: "authError", 403: "forbidden", 404: "notFound", 409: "conflict", 412: "conditionNotMet"}


class ControlPlane:
    """Answers API requests of one cloud."""

    def __init__(self, cloud: Cloud, audit: AuditLog | None = None) -> None:
        self._cloud, self._audit = cloud, audit or NoAuditLog()
        self._lock = threading.RLock()
        self._catalogue = catalogue()
        self._generic = Generic(cloud, self._catalogue, self._extras)
        seed(cloud)

    def handle(self, request: ApiRequest) -> ApiResponse:
        """Never raises an `ApiError`: a refusal is a response too."""
        try:
            with self._lock:
                return ApiResponse(status=200, body=self._answer(request))
        except ApiError as error:
            return ApiResponse(status=error.code, body=_shape(request.host, error))

    def _answer(self, request: ApiRequest) -> Any:
        match = self._catalogue.match(request.host, request.method, request.path)
        if match is None:
            raise ApiError(404, f"No method {request.method} {request.path} in the APIs of {request.host}.")
        method, params = match
        principal = self._cloud.iam.authenticate(request.authorization)
        quota.require(self._cloud, request, principal)
        params = {key: names.canonical(self._cloud, value) for key, value in params.items()}
        name = names.target(self._cloud, method, params)
        permission = permissions.required_permission(method, request.body)
        call = Call(method_id=method.id, request=request, params=params, principal=principal, name=name)
        if not permission:
            return self._check(call, method)
        with audit_call(self._cloud, self._audit, method, call, permission):
            for needed in (permission, *permissions.further_permissions(method)):
                self._cloud.iam.require(principal, needed, names.full(self._cloud, request.host, name))
            return self._check(call, method)

    def _check(self, call: Call, method: Method) -> Any:
        refuse_deep(call.request.body)
        require_enabled(self._cloud, call.request.host)
        schema.check(method, call.request.body, call.request.query)
        return self._respond(call, method)

    def _respond(self, call: Call, method: Method) -> Any:
        for check in _first(CHECKS, method) or []:
            check(self._cloud, call)
        for refuse in _first(self._cloud.checks, method) or []:
            refuse(call)
        if service := _first(self._cloud.methods, method):
            return service(call)
        if special := _first(METHODS, method):
            return special(self._cloud, self._generic, call)
        if method.collection == "operations" and method.leaf in operation_methods.ANSWERS:
            return operation_methods.ANSWERS[method.leaf](self._cloud, call)
        if method.leaf in iam_methods.ANSWERS:
            return iam_methods.ANSWERS[method.leaf](self._cloud, call)
        return self._generic.answer(call)

    def _extras(self, method: Method) -> list[Extra]:
        """What is added to a stored resource: first by our special cases, then by a service."""
        special, service = _first(EXTRAS, method), _first(self._cloud.extras, method)
        return ([partial(special, self._cloud)] if special else []) + ([service] if service else [])


DEEPEST = 100
"""Lists and objects in each other: the limit of Google's JSON parser."""


def refuse_deep(body: Any) -> None:
    """400 for a body nested deeper than Google reads."""
    level: list[Any] = [body]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise ApiError(400, f"Invalid JSON payload received. Message too deep: at most {DEEPEST} levels.")


T = TypeVar("T")


def _first(registered: Mapping[str, T], method: Method) -> T | None:
    """What is registered for the method, or else for the same method in another version of its API."""
    return next((registered[key] for key in method.ids if key in registered), None)


def _shape(host: str, error: ApiError) -> dict[str, Any]:
    body = error.body()
    if host in WITH_REASONS:
        reason = REASONS.get(error.code, "backendError")
        body["error"]["errors"] = [{"message": error.message, "domain": "global", "reason": reason}]
    return body
