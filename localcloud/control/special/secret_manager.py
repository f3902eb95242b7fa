"""Secret versions: numbered, found by `latest`, payloads kept apart from what is read back, names by project number."""

from __future__ import annotations

import base64
from typing import Any

import google_crc32c

from localcloud.cloud import Cloud
from localcloud.control import names
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.special.registry import Resource, method
from localcloud.errors import ApiError

HOST = "secretmanager.googleapis.com"
PAYLOADS = "payloads of secretmanager.googleapis.com"
"""Kept in place of a host, by version, so that no list or get can show a value."""
SECRETS = "secretmanager.v1:projects.secrets"
STATES = {"enable": "ENABLED", "disable": "DISABLED", "destroy": "DESTROYED"}


@method(f"{SECRETS}.addVersion")
def add(cloud: Cloud, generic: Generic, call: Call) -> Any:
    secret = generic.existing(call)
    data = str((call.body.get("payload") or {}).get("data") or "")
    number = 1 + max((_number(v) for v in cloud.resources.children(HOST, call.name, "versions")), default=0)
    name = f"{call.name}/versions/{number}"
    version = {
        "name": names.by_number(cloud, name),
        "createTime": generic.now(),
        "state": "ENABLED",
        "replicationStatus": {kind: {} for kind in secret.get("replication", {})},
        "etag": f'"{number:x}"',
        "clientSpecifiedPayloadChecksum": "dataCrc32c" in (call.body.get("payload") or {}),
    }
    if not version["clientSpecifiedPayloadChecksum"]:
        del version["clientSpecifiedPayloadChecksum"]
    cloud.resources.put(PAYLOADS, name, {"data": data})
    return generic.store(call, name, version)


def _number(version: Resource) -> int:
    return int(version["name"].rpartition("/")[2])


def _version(cloud: Cloud, call: Call) -> tuple[str, Resource]:
    """The stored name and version that `call` means; `latest` is the newest."""
    secret, _, identifier = call.name.rpartition("/versions/")
    versions = cloud.resources.children(HOST, secret, "versions")
    if identifier == "latest" and versions:
        identifier = str(max(map(_number, versions)))
    name = f"{secret}/versions/{identifier}"
    found = cloud.resources.get(HOST, name)
    if found is None:
        raise ApiError(404, f"Secret Version [{names.by_number(cloud, name)}] not found.")
    return name, found


@method(f"{SECRETS}.versions.get")
def get(cloud: Cloud, generic: Generic, call: Call) -> Any:
    return _version(cloud, call)[1]


@method(f"{SECRETS}.versions.access")
def access(cloud: Cloud, generic: Generic, call: Call) -> Any:
    name, version = _version(cloud, call)
    if version["state"] != "ENABLED":
        raise ApiError(
            400,
            f"Secret Version [{version['name']}] is in {version['state']} state.",
            status="FAILED_PRECONDITION",
        )
    data = (cloud.resources.get(PAYLOADS, name) or {})["data"]
    checksum = google_crc32c.value(base64.b64decode(data))
    return {"name": version["name"], "payload": {"data": data, "dataCrc32c": str(checksum)}}


@method(*(f"{SECRETS}.versions.{verb}" for verb in STATES))
def switch(cloud: Cloud, generic: Generic, call: Call) -> Any:
    name, version = _version(cloud, call)
    verb = call.method_id.rpartition(".")[2]
    if version["state"] == "DESTROYED":
        raise ApiError(400, f"Secret Version [{version['name']}] is destroyed.", status="FAILED_PRECONDITION")
    changed = {**version, "state": STATES[verb]}
    if verb == "destroy":
        changed["destroyTime"] = generic.now()
        cloud.resources.delete(PAYLOADS, name)
    cloud.resources.put(HOST, name, changed)
    return changed


@method(f"{SECRETS}.delete")
def delete(cloud: Cloud, generic: Generic, call: Call) -> Any:
    generic.existing(call)
    generic.remove(HOST, call.name)
    cloud.resources.delete(PAYLOADS, call.name)
    return {}
