"""Cloud KMS: a key is born with a version; destruction of a version is scheduled. Nothing is encrypted with it here."""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.operations import timestamp
from localcloud.control.special.registry import Resource, extra, method
from localcloud.errors import ApiError

KEYS = "cloudkms.v1:projects.locations.keyRings.cryptoKeys"
_DEFAULT = {"protectionLevel": "SOFTWARE", "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"}


@extra(f"{KEYS}.create")
def first_version(cloud: Cloud, call: Call, key: Resource) -> None:
    key.setdefault("versionTemplate", _DEFAULT)
    key.setdefault("destroyScheduledDuration", "2592000s")
    if call.query.get("skipInitialVersionCreation") == "true":
        return
    now = timestamp(cloud.clock())
    version = {
        "name": f"{key['name']}/cryptoKeyVersions/1",
        "state": "ENABLED",
        "createTime": now,
        "generateTime": now,
        "protectionLevel": "SOFTWARE",
        **key["versionTemplate"],
    }
    key["primary"] = version
    cloud.resources.put(call.request.host, version["name"], version)


@method(f"{KEYS}.cryptoKeyVersions.restore")
def restore(cloud: Cloud, generic: Generic, call: Call) -> Any:
    version = generic.existing(call)
    if version["state"] != "DESTROY_SCHEDULED":
        raise ApiError(400, f"{call.name} is {version['state']}: nothing is to restore.", status="FAILED_PRECONDITION")
    saved = {key: value for key, value in version.items() if key != "destroyTime"} | {"state": "DISABLED"}
    cloud.resources.put(call.request.host, call.name, saved)
    return saved


@method(f"{KEYS}.cryptoKeyVersions.destroy")
def destroy(cloud: Cloud, generic: Generic, call: Call) -> Any:
    version = generic.existing(call)
    if version["state"] not in ("ENABLED", "DISABLED"):
        raise ApiError(400, f"{call.name} is {version['state']}: it cannot be destroyed.", status="FAILED_PRECONDITION")
    key = cloud.resources.get(call.request.host, call.name.partition("/cryptoKeyVersions/")[0]) or {}
    wait = float(str(key.get("destroyScheduledDuration", "2592000s")).removesuffix("s"))
    doomed = {**version, "state": "DESTROY_SCHEDULED", "destroyTime": timestamp(cloud.clock() + wait)}
    cloud.resources.put(call.request.host, call.name, doomed)
    if key.get("primary", {}).get("name") == call.name:
        cloud.resources.put(call.request.host, key["name"], {**key, "primary": doomed})
    return doomed
