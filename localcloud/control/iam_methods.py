"""getIamPolicy, setIamPolicy and testIamPermissions of any resource. The rules of policies are in `localcloud.iam`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control import names
from localcloud.control.call import Call
from localcloud.errors import ApiError

_OUTSIDE = ("cloudresourcemanager.googleapis.com", "iap.googleapis.com")
"""Whose policies are about resources of other APIs."""


def get_policy(cloud: Cloud, call: Call) -> dict[str, Any]:
    return cloud.iam.policy(_resource(cloud, call))


def set_policy(cloud: Cloud, call: Call) -> dict[str, Any]:
    if not isinstance(call.body.get("policy"), dict):
        raise ApiError(400, f"setIamPolicy of {call.name}: the request has no policy.")
    return cloud.iam.set_policy(_resource(cloud, call), _mask(cloud, call))


def test_permissions(cloud: Cloud, call: Call) -> dict[str, Any]:
    """The subset of the asked permissions that the caller has."""
    resource = _resource(cloud, call)
    held = [p for p in call.body.get("permissions", []) if cloud.iam.is_allowed(call.principal, p, resource)]
    return {"permissions": held} if held else {}


def _mask(cloud: Cloud, call: Call) -> dict[str, Any]:
    """The policy to set: of the fields outside `updateMask` (by default bindings and etag) the present value stays."""
    policy: dict[str, Any] = call.body["policy"]
    mask = str(call.body.get("updateMask") or "bindings,etag")
    if "auditConfigs" in mask or ("auditConfigs" in policy and "updateMask" not in call.body):
        return policy
    current = cloud.iam.policy(_resource(cloud, call))
    return {**policy, "auditConfigs": current.get("auditConfigs", [])}


def _resource(cloud: Cloud, call: Call) -> str:
    host = call.request.host
    exists = host in _OUTSIDE or not names.has_parent_resource(call.name) or cloud.resources.get(host, call.name)
    if not exists:
        raise ApiError(404, f"Resource not found: {call.name}")
    return names.full(cloud, host, call.name)


ANSWERS: dict[str, Callable[[Cloud, Call], Any]] = {
    "getIamPolicy": get_policy,
    "setIamPolicy": set_policy,
    "testIamPermissions": test_permissions,
}
"""By the method's last name."""
