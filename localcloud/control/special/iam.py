"""Service accounts and custom roles: ids from the body, deletion that leaves traces. Tokens of a service account."""

from __future__ import annotations

import re
import uuid
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control import canon
from localcloud.control.call import Call
from localcloud.control.fields import merge, new_etag
from localcloud.control.generic import Generic
from localcloud.control.operations import timestamp
from localcloud.control.schema import camel_case
from localcloud.control.special.registry import Resource, method
from localcloud.errors import ApiError

ACCOUNTS = "iam.v1:projects.serviceAccounts"
ROLES = "iam.v1:projects.roles"
DELETED = "deleted roles"
"""Kept beside the resources, under this in place of a host: when a role was deleted."""
UNDELETE_DAYS, GONE_DAYS = 7, 37
"""A deleted role can be had back for a week; its id is free again a month later."""


@method(f"{ACCOUNTS}.create")
def create_account(cloud: Cloud, generic: Generic, call: Call) -> Any:
    identifier = str(call.body.get("accountId", ""))
    if not re.fullmatch(r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])", identifier):
        rule = "6 to 30 lower-case letters, digits and dashes, beginning with a letter"
        raise ApiError(400, f"Invalid account id {identifier!r}: an account id is {rule}.")
    email = f"{identifier}@{cloud.project}.iam.gserviceaccount.com"
    name = f"{call.name}/serviceAccounts/{email}"
    if cloud.resources.get(call.request.host, name):
        raise ApiError(409, f"Service account {identifier} already exists within project {call.name}.")
    account = {
        **canon.canonical(generic.document(call), "ServiceAccount", call.body.get("serviceAccount") or {}),
        "name": name,
        "projectId": cloud.project,
        "uniqueId": _number(),
        "email": email,
        "oauth2ClientId": _number(),
        "etag": new_etag(),
    }
    return generic.store(call, name, account)


def _number() -> str:
    """A number of 21 digits, as Google's unique ids are."""
    return f"1{uuid.uuid4().int % 10**20:020d}"


@method(f"{ACCOUNTS}.patch")
def patch_account(cloud: Cloud, generic: Generic, call: Call) -> Any:
    """The mask is in the body, in snake_case."""
    current = generic.existing(call)
    sent: Resource = call.body.get("serviceAccount") or {}
    fields = [camel_case(field) for field in str(call.body.get("updateMask") or "").split(",") if field]
    if not fields or not set(fields) <= {"displayName", "description"}:
        raise ApiError(400, f"Invalid updateMask {call.body.get('updateMask')!r}: use display_name, description.")
    account = {**merge(current, sent, fields), "etag": new_etag()}
    cloud.resources.put(call.request.host, call.name, account)
    return account


@method(f"{ACCOUNTS}.delete")
def delete_account(cloud: Cloud, generic: Generic, call: Call) -> Any:
    account = generic.existing(call)
    generic.remove(call.request.host, call.name)
    cloud.iam.forget_member(account["email"], account["uniqueId"])
    return {}


@method(f"{ACCOUNTS}.disable", f"{ACCOUNTS}.enable")
def switch_account(cloud: Cloud, generic: Generic, call: Call) -> Any:
    account = dict(generic.existing(call))
    account.pop("disabled", None)
    if call.method_id.endswith("disable"):
        account["disabled"] = True
    cloud.resources.put(call.request.host, call.name, account)
    return {}


@method("iamcredentials.v1:projects.serviceAccounts.generateAccessToken")
def access_token(cloud: Cloud, generic: Generic, call: Call) -> Any:
    if not call.body.get("scope"):
        raise ApiError(400, "generateAccessToken: the request names no scope.")
    lifetime = float(str(call.body.get("lifetime") or "3600s").removesuffix("s"))
    if not 0 < lifetime <= 3600:
        raise ApiError(400, f"generateAccessToken: lifetime {lifetime:.0f}s is not between 1 and 3600 seconds.")
    token = cloud.iam.token(call.name.rpartition("/")[2], lifetime=lifetime)
    return {"accessToken": token, "expireTime": timestamp(cloud.clock() + lifetime)}


@method(f"{ROLES}.create")
def create_role(cloud: Cloud, generic: Generic, call: Call) -> Any:
    identifier = str(call.body.get("roleId", ""))
    if not re.fullmatch(r"[a-zA-Z0-9_.]{3,64}", identifier):
        raise ApiError(400, f"The role id {identifier!r} must be 3 to 64 letters, digits, '_' or '.'.")
    name = f"{call.name}/roles/{identifier}"
    existing = cloud.resources.get(call.request.host, name)
    if existing and _days_since_deletion(cloud, name) >= GONE_DAYS:
        existing = None
        cloud.resources.delete(call.request.host, name)
    if existing:
        how = "has been deleted; undelete it" if existing.get("deleted") else "already exists"
        raise ApiError(409, f"A role named {identifier} in {call.name} {how}.")
    role = canon.canonical(generic.document(call), "Role", call.body.get("role") or {})
    return generic.store(call, name, {"name": name, **role, "etag": new_etag()})


def _days_since_deletion(cloud: Cloud, name: str) -> float:
    deleted = cloud.resources.get(DELETED, name)
    return (cloud.clock() - float(deleted["at"])) / 86400 if deleted else 0.0


@method(f"{ROLES}.delete")
def delete_role(cloud: Cloud, generic: Generic, call: Call) -> Any:
    """Soft: the role stays readable and grants nothing; its id is taken for 37 days."""
    cloud.resources.put(DELETED, call.name, {"at": cloud.clock()})
    role = {**generic.existing(call), "deleted": True}
    cloud.resources.put(call.request.host, call.name, role)
    return role


@method(f"{ROLES}.undelete")
def undelete_role(cloud: Cloud, generic: Generic, call: Call) -> Any:
    role = dict(generic.existing(call))
    if not role.pop("deleted", False):
        raise ApiError(400, f"Role {call.name} is not deleted.", status="FAILED_PRECONDITION")
    if _days_since_deletion(cloud, call.name) >= UNDELETE_DAYS:
        why = f"was deleted more than {UNDELETE_DAYS} days ago and cannot be undeleted."
        raise ApiError(400, f"Role {call.name} {why}", status="FAILED_PRECONDITION")
    cloud.resources.delete(DELETED, call.name)
    cloud.resources.put(call.request.host, call.name, role)
    return role
