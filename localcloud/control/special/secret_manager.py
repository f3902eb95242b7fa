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
        "replicationStatus": {
            kind: {"replicas": [{"location": r.get("location")} for r in how["replicas"]]} if "replicas" in how else {}
            for kind, how in secret.get("replication", {}).items()
        },
        "etag": f'"{number:x}"',
        "clientSpecifiedPayloadChecksum": "dataCrc32c" in (call.body.get("payload") or {}),
    }
    if not version["clientSpecifiedPayloadChecksum"]:
        del version["clientSpecifiedPayloadChecksum"]
    cloud.resources.put(HOST, payload_name(name), {"data": data})
    return generic.store(call, name, version)


def payload_name(version: str) -> str:
    """The payload lies below its version, where no method reads, and goes with it."""
    return f"{version}/payload"


def _number(version: Resource) -> int:
    return int(version["name"].rpartition("/")[2])


def _version(cloud: Cloud, call: Call) -> tuple[str, Resource]:
    """The stored name and version that `call` means; `latest` is the newest."""
    secret, _, identifier = call.name.rpartition("/versions/")
    versions = cloud.resources.children(HOST, secret, "versions")
    if identifier == "latest" and versions:
        identifier = str(max(map(_number, versions)))
    name = f"{secret}/versions/{identifier}"
    version = cloud.resources.get(HOST, name)
    if version is None:
        raise ApiError(404, f"Secret Version [{names.by_number(cloud, name)}] not found.")
    return name, version


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
    data = (cloud.resources.get(HOST, payload_name(name)) or {})["data"]
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
        cloud.resources.delete(HOST, payload_name(name))
    cloud.resources.put(HOST, name, changed)
    return changed
