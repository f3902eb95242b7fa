"""Cloud Logging: sinks have short names in bodies and answers; two buckets are there from the start."""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.special.registry import Resource, extra, method, seeded
from localcloud.errors import ApiError

HOST = "logging.googleapis.com"
SINKS = "logging.v2:projects.sinks"
BUCKETS = "logging.v2:projects.locations.buckets"


@seeded
def default_buckets(cloud: Cloud) -> None:
    for identifier, days in (("_Default", 30), ("_Required", 400)):
        name = f"projects/{cloud.project}/locations/global/buckets/{identifier}"
        text = f"{identifier} bucket"
        bucket = {"name": name, "description": text, "retentionDays": days, "lifecycleState": "ACTIVE"}
        cloud.resources.put(HOST, name, bucket)


@extra(f"{SINKS}.create")
def sink(cloud: Cloud, call: Call, resource: Resource) -> None:
    resource["resourceName"] = resource["name"]
    resource["name"] = resource["name"].rpartition("/")[2]
    resource["writerIdentity"] = f"serviceAccount:{cloud.service_agent('gcp-sa-logging')}"


@extra(f"{BUCKETS}.createAsync")
def bucket(cloud: Cloud, call: Call, resource: Resource) -> None:
    resource.setdefault("retentionDays", 30)
    resource["lifecycleState"] = "ACTIVE"


@method(f"{BUCKETS}.delete")
def delete_bucket(cloud: Cloud, generic: Generic, call: Call) -> Any:
    found = generic.existing(call)
    if call.name.rpartition("/")[2].startswith("_") or found.get("locked"):
        why = "it is locked" if found.get("locked") else "it is one of the buckets that every project has"
        raise ApiError(400, f"Log bucket {call.name} cannot be deleted: {why}.", status="FAILED_PRECONDITION")
    generic.remove(HOST, call.name)
    return {}
