"""Cloud Logging: sinks, exclusions and metrics have short names; what every project has is there already."""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.special.agents import ensure_agent
from localcloud.control.special.registry import Resource, check, extra, method, seed
from localcloud.errors import ApiError
from localcloud.forms import epoch, timestamp

HOST = "logging.googleapis.com"
SINKS = "logging.v2:projects.sinks"
EXCLUSIONS = "logging.v2:projects.exclusions"
METRICS = "logging.v2:projects.metrics"
BUCKETS = "logging.v2:projects.locations.buckets"
DELETED = "deleted log buckets"
"""Kept beside the resources, under this in place of a host: until when a deleted bucket's name is taken."""
UNREQUIRED = " AND ".join(
    f'NOT LOG_ID("{origin}.googleapis.com/{log}")'
    for log in ("activity", "system_event", "access_transparency")
    for origin in ("cloudaudit", "externalaudit")
)
"""Filter of the `_Default` sink: what `_Required` does not keep."""
DAY = 86400.0
PRECONDITION = "FAILED_PRECONDITION"


@seed
def default_buckets(cloud: Cloud) -> None:
    for identifier, days in (("_Default", 30), ("_Required", 400)):
        name = f"projects/{cloud.project}/locations/global/buckets/{identifier}"
        text = f"{identifier} bucket"
        bucket = {"name": name, "description": text, "retentionDays": days, "lifecycleState": "ACTIVE"}
        cloud.resources.put(HOST, name, bucket)
    default = f"projects/{cloud.project}/locations/global/buckets/_Default"
    cloud.resources.put(
        HOST,
        f"{default}/views/_AllLogs",
        {"name": f"{default}/views/_AllLogs", "description": "All logs", "filter": ""},
    )
    name = f"projects/{cloud.project}/sinks/_Default"
    sink = {"name": "_Default", "resourceName": name, "destination": f"{HOST}/{default}", "filter": UNREQUIRED}
    cloud.resources.put(HOST, name, sink)


@extra(f"{SINKS}.create")
def complete_sink(cloud: Cloud, call: Call, resource: Resource) -> None:
    resource["resourceName"] = resource["name"]
    resource["name"] = resource["name"].rpartition("/")[2]
    resource["writerIdentity"] = f"serviceAccount:{ensure_agent(cloud, 'logging')}"


@extra(f"{EXCLUSIONS}.create", f"{EXCLUSIONS}.patch")
def complete_exclusion(cloud: Cloud, call: Call, resource: Resource) -> None:
    resource["name"] = resource["name"].rpartition("/")[2]


@extra(f"{METRICS}.create", f"{METRICS}.update")
def complete_metric(cloud: Cloud, call: Call, resource: Resource) -> None:
    name = resource["name"].rpartition("/")[2]
    kind = f"logging.googleapis.com/user/{name}"
    descriptor = {"unit": "1", **resource.get("metricDescriptor", {})}
    descriptor |= {"name": f"projects/{cloud.project}/metricDescriptors/{kind}", "type": kind}
    resource |= {
        "name": name,
        "resourceName": f"projects/{cloud.project}/metrics/{name}",
        "metricDescriptor": descriptor,
    }


@extra(f"{BUCKETS}.createAsync")
def complete_bucket(cloud: Cloud, call: Call, resource: Resource) -> None:
    resource.setdefault("retentionDays", 30)
    resource["lifecycleState"] = "ACTIVE"


@method(f"{BUCKETS}.delete")
def delete_bucket(cloud: Cloud, generic: Generic, call: Call) -> Any:
    bucket = generic.existing(call)
    if call.name.rpartition("/")[2].startswith("_") or bucket.get("locked"):
        why = "it is locked" if bucket.get("locked") else "it is one of the buckets that every project has"
        raise ApiError(400, f"Log bucket {call.name} cannot be deleted: {why}.", status=PRECONDITION)
    expires = timestamp(cloud.clock() + 7 * DAY)
    deleted = {**bucket, "lifecycleState": "DELETE_REQUESTED", "updateTime": generic.now()}
    cloud.resources.put(HOST, call.name, deleted)
    cloud.resources.put(DELETED, call.name, {"expires": expires})
    return {}


@method(f"{BUCKETS}.undelete")
def undelete_bucket(cloud: Cloud, generic: Generic, call: Call) -> Any:
    cloud.resources.put(HOST, call.name, {**generic.existing(call), "lifecycleState": "ACTIVE"})
    cloud.resources.delete(DELETED, call.name)
    return {}


@check(f"{BUCKETS}.patch", f"{BUCKETS}.updateAsync")
def refuse_change(cloud: Cloud, call: Call) -> None:
    """A bucket that is being deleted takes no changes, and a locked one no other retention."""
    bucket = cloud.resources.get(HOST, call.name) or {}
    if bucket.get("lifecycleState") == "DELETE_REQUESTED":
        raise ApiError(400, f"Buckets must be in an ACTIVE state to be modified: {call.name}", status=PRECONDITION)
    days = call.body.get("retentionDays")
    if bucket.get("locked") and days is not None and int(days) != int(bucket.get("retentionDays", 30)):
        why = "The retention period on a locked bucket cannot be changed."
        raise ApiError(400, f"{call.name}: {why}", status=PRECONDITION)


@check(f"{BUCKETS}.createAsync", f"{BUCKETS}.create", f"{BUCKETS}.get", f"{BUCKETS}.delete")
def purge(cloud: Cloud, call: Call) -> None:
    """Seven days after its deletion a bucket is gone."""
    name = call.name if "/buckets/" in call.name else f"{call.name}/buckets/{call.query.get('bucketId')}"
    gone = cloud.resources.get(DELETED, name)
    if gone and epoch(gone["expires"]) <= cloud.clock():
        cloud.resources.delete(DELETED, name)
        cloud.resources.delete(HOST, name)
