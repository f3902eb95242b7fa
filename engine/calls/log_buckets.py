"""`ProjectBucketConfig`: a log bucket that Google made is adjusted, any other is created."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.api import Api
from engine.render import fill

TYPE = "gcp:logging/projectBucketConfig:ProjectBucketConfig"

Json = dict[str, Any]


def configure(api: Api, values: Mapping[str, Any]) -> tuple[str, Json]:
    """Id and outputs of the bucket's configuration."""
    parent = fill("projects/{~project}/locations/{location}/buckets", values)
    bucket_id = fill("{bucketId}", values)
    name = f"{parent}/{bucket_id}"
    body: Json = {
        "cmekSettings": values.get("cmekSettings"),
        "description": values.get("description", ""),
        "indexConfigs": values.get("indexConfigs", []),
    }
    if "retentionDays" in values:
        body["retentionDays"] = values["retentionDays"]
    if values.get("enableAnalytics"):
        body["analyticsEnabled"] = True
    if api.find("logging", f"/v2/{name}") is not None:
        mask = ",".join(field for field, value in body.items() if value)
        api.call("logging", "PATCH", f"/v2/{name}", {"updateMask": mask}, body)
    else:
        body |= {"locked": values.get("locked", False), "name": ""}
        operation = api.call("logging", "POST", f"/v2/{parent}:createAsync", {"bucketId": bucket_id}, body)
        api.finish("logging", "v2", operation)
    answer = api.call("logging", "GET", f"/v2/{name}")
    return name, {"name": name, "lifecycleState": answer.get("lifecycleState", "ACTIVE")}
