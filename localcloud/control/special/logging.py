"""Cloud Logging: sinks and metrics have short names in bodies and answers; two buckets are there from the start."""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud
from localcloud.control import canon, names
from localcloud.control.call import Call
from localcloud.control.generic import Generic, merged
from localcloud.control.special.registry import Resource, extra, method, seeded
from localcloud.errors import ApiError

HOST = "logging.googleapis.com"
SINKS = "logging.v2:projects.sinks"
METRICS = "logging.v2:projects.metrics"
BUCKETS = ("logging.v2:projects.locations.buckets", "logging.v2:locations.buckets")


@seeded
def default_buckets(cloud: Cloud) -> None:
    for identifier, days in (("_Default", 30), ("_Required", 400)):
        name = f"projects/{cloud.project}/locations/global/buckets/{identifier}"
        text = f"{identifier} bucket"
        bucket = {"name": name, "description": text, "retentionDays": days, "lifecycleState": "ACTIVE"}
        cloud.resources.put(HOST, name, bucket)


@method(f"{SINKS}.create", f"{METRICS}.create")
def create(cloud: Cloud, generic: Generic, call: Call) -> Any:
    kind, collection = ("LogSink", "sinks") if "sinks" in call.method_id else ("LogMetric", "metrics")
    name = f"{call.name}/{collection}/{names.valid_id(str(call.body.get('name') or ''), 'name')}"
    resource = canon.canonical(generic.document(call), kind, call.body)
    now = generic.now()
    complete = _sink if kind == "LogSink" else _metric
    complete(cloud, resource)
    return generic.store(call, name, {**resource, "resourceName": name, "createTime": now, "updateTime": now})


def _sink(cloud: Cloud, sink: Resource) -> None:
    sink["writerIdentity"] = f"serviceAccount:{cloud.service_agent('gcp-sa-logging')}"


def _metric(cloud: Cloud, metric: Resource) -> None:
    kind = f"logging.googleapis.com/user/{metric['name']}"
    metric["metricDescriptor"] = {
        "unit": "1",
        **metric.get("metricDescriptor", {}),
        "name": f"projects/{cloud.project}/metricDescriptors/{kind}",
        "type": kind,
    }


@method(f"{SINKS}.update", f"{SINKS}.patch", f"{METRICS}.update")
def update(cloud: Cloud, generic: Generic, call: Call) -> Any:
    """A sink by its mask; a metric (PUT) as a whole."""
    current = generic.existing(call)
    kind = "LogSink" if "sinks" in call.method_id else "LogMetric"
    document = generic.document(call)
    body = canon.canonical(document, kind, call.body)
    mask = call.query.get("updateMask")
    fields = mask.split(",") if mask else sorted(canon.writable(document, kind) - {"name"})
    changed = {**merged(current, body, fields), "updateTime": generic.now()}
    if kind == "LogMetric":
        _metric(cloud, changed)
    cloud.resources.put(HOST, call.name, changed)
    return changed


@method(*(f"{buckets}.createAsync" for buckets in BUCKETS))
def create_bucket(cloud: Cloud, generic: Generic, call: Call) -> Any:
    name = f"{call.name}/buckets/{names.valid_id(call.query.get('bucketId', ''), 'bucketId')}"
    now = generic.now()
    bucket = canon.canonical(generic.document(call), "LogBucket", call.body)
    resource = {"retentionDays": 30, **bucket, "name": name, "createTime": now, "updateTime": now}
    return generic.store(call, name, {**resource, "lifecycleState": "ACTIVE"})


@extra(*(f"{buckets}.create" for buckets in BUCKETS))
def complete_bucket(cloud: Cloud, call: Call, bucket: Resource) -> None:
    bucket.setdefault("retentionDays", 30)
    bucket["lifecycleState"] = "ACTIVE"


@method(*(f"{buckets}.delete" for buckets in BUCKETS))
def delete_bucket(cloud: Cloud, generic: Generic, call: Call) -> Any:
    bucket = generic.existing(call)
    identifier = call.name.rpartition("/")[2]
    if identifier.startswith("_") or bucket.get("locked"):
        why = "it is locked" if bucket.get("locked") else "it is one of the buckets that every project has"
        raise ApiError(400, f"Log bucket {call.name} cannot be deleted: {why}.", status="FAILED_PRECONDITION")
    generic.remove(HOST, call.name)
    return {}
