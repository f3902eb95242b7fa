"""Cloud Storage's buckets: no `name` paths, labels merged by PATCH, the policy itself as body.

Objects are the object service's."""

from __future__ import annotations

import re
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.special.agents import ensure_agent
from localcloud.control.special.registry import Resource, method
from localcloud.errors import ApiError

HOST = "storage.googleapis.com"
BUCKETS = "storage.v1:buckets"


def _name(bucket: str) -> str:
    return f"projects/_/buckets/{bucket}"


def _bucket(cloud: Cloud, call: Call) -> Resource:
    bucket = cloud.resources.get(HOST, call.name)
    if bucket is None:
        raise ApiError(404, "The specified bucket does not exist.")
    return bucket


@method("storage.v1:projects.serviceAccount.get")
def agent(cloud: Cloud, generic: Generic, call: Call) -> Any:
    """Google's own account, which encrypts objects with a customer's key, and exists from now on."""
    return {"kind": "storage#serviceAccount", "email_address": ensure_agent(cloud, "storage")}


@method(f"{BUCKETS}.insert")
def insert(cloud: Cloud, generic: Generic, call: Call) -> Any:
    identifier = str(call.body.get("name") or "")
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]", identifier):
        raise ApiError(400, f"Invalid bucket name: '{identifier}'")
    if call.query.get("project") not in (cloud.project, cloud.number):
        raise ApiError(400, f"Unknown project id: {call.query.get('project')}")
    if cloud.resources.get(HOST, _name(identifier)):
        raise ApiError(409, "Your previous request to create the named bucket succeeded and you already own it.")
    now = generic.now()
    location = str(call.body.get("location") or "US").upper()
    bucket = {
        "storageClass": "STANDARD",
        "softDeletePolicy": {"retentionDurationSeconds": "604800", "effectiveTime": now},
        "rpo": "DEFAULT",
        "iamConfiguration": {"publicAccessPrevention": "inherited", "uniformBucketLevelAccess": {"enabled": False}},
        **_normalise(call.body, now),
        "kind": "storage#bucket",
        "id": identifier,
        "name": identifier,
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{identifier}",
        "projectNumber": cloud.number,
        "metageneration": "1",
        "etag": "CAE=",
        "timeCreated": now,
        "updated": now,
        "location": location,
        "locationType": "multi-region" if location in ("US", "EU", "ASIA") else "region",
    }
    stored = generic.store(call, _name(identifier), bucket)
    cloud.iam.set_policy(f"//{HOST}/{_name(identifier)}", {"bindings": _default_bindings(cloud)})
    return stored


def _default_bindings(cloud: Cloud) -> list[Resource]:
    """What Google grants on every new bucket."""
    project = cloud.project
    return [
        {"role": "roles/storage.legacyBucketOwner", "members": [f"projectEditor:{project}", f"projectOwner:{project}"]},
        {"role": "roles/storage.legacyBucketReader", "members": [f"projectViewer:{project}"]},
    ]


def _normalise(body: Resource, now: str) -> Resource:
    """What was sent, without nulls; the retention period as Google writes it."""
    given = {key: value for key, value in body.items() if value is not None}
    if "retentionPolicy" in given:
        if "retentionPeriod" not in given["retentionPolicy"]:
            raise ApiError(400, "The retentionPolicy of a bucket needs a retentionPeriod, in seconds.")
        period = str(given["retentionPolicy"]["retentionPeriod"])
        given["retentionPolicy"] = {**given["retentionPolicy"], "retentionPeriod": period, "effectiveTime": now}
    return given


@method(f"{BUCKETS}.list")
def list_buckets(cloud: Cloud, generic: Generic, call: Call) -> Any:
    items = cloud.resources.children(HOST, "projects/_", "buckets")
    return {"kind": "storage#buckets", "items": items} if items else {"kind": "storage#buckets"}


@method(f"{BUCKETS}.patch")
def patch(cloud: Cloud, generic: Generic, call: Call) -> Any:
    """A field that is null goes; labels are merged one by one."""
    bucket = dict(_bucket(cloud, call))
    for field, value in call.body.items():
        if value is None:
            bucket.pop(field, None)
        elif field == "labels":
            labels = {**bucket.get("labels", {}), **value}
            bucket["labels"] = {key: text for key, text in labels.items() if text is not None}
        else:
            bucket.update(_normalise({field: value}, generic.now()))
    bucket["metageneration"] = str(int(bucket["metageneration"]) + 1)
    bucket["updated"] = generic.now()
    cloud.resources.put(HOST, call.name, bucket)
    return bucket


@method(f"{BUCKETS}.delete")
def delete(cloud: Cloud, generic: Generic, call: Call) -> Any:
    _bucket(cloud, call)
    generic.remove(HOST, call.name)
    return {}


@method(f"{BUCKETS}.getIamPolicy")
def get_policy(cloud: Cloud, generic: Generic, call: Call) -> Any:
    _bucket(cloud, call)
    return _show(call, cloud.iam.policy(f"//{HOST}/{call.name}"))


@method(f"{BUCKETS}.setIamPolicy")
def set_policy(cloud: Cloud, generic: Generic, call: Call) -> Any:
    _bucket(cloud, call)
    policy = {key: value for key, value in call.body.items() if key not in ("kind", "resourceId")}
    return _show(call, cloud.iam.set_policy(f"//{HOST}/{call.name}", policy))


@method(f"{BUCKETS}.testIamPermissions")
def test_permissions(cloud: Cloud, generic: Generic, call: Call) -> Any:
    """The permissions are in the query; of several the last, as a query keeps one value a name here."""
    asked = call.query.get("permissions", "")
    held = cloud.iam.is_allowed(call.principal, asked, f"//{HOST}/{call.name}")
    answer: Resource = {"kind": "storage#testIamPermissionsResponse"}
    return {**answer, "permissions": [asked]} if held else answer


def _show(call: Call, policy: Resource) -> Resource:
    return {"kind": "storage#policy", "resourceId": call.name, "version": 1, **policy}


@method("storage.v1:objects.list")
def no_objects(cloud: Cloud, generic: Generic, call: Call) -> Any:
    return {"kind": "storage#objects"}


@method("storage.v1:anywhereCaches.list")
def no_caches(cloud: Cloud, generic: Generic, call: Call) -> Any:
    return {"kind": "storage#anywhereCaches"}
