"""The one project: found by id and by number in Resource Manager v1 and v3, and Compute."""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.operations import timestamp
from localcloud.control.special.organization import ORGANIZATION, project
from localcloud.control.special.registry import method

CREATED = "2026-01-01T00:00:00.000Z"


@method("cloudresourcemanager.v1:projects.get")
def get(cloud: Cloud, generic: Generic, call: Call) -> Any:
    since = project(cloud)["created"]
    created = CREATED if since is None else timestamp(since)
    if call.method_id.startswith("cloudresourcemanager.v3"):
        return {
            "name": f"projects/{cloud.number}",
            "projectId": cloud.project,
            "displayName": cloud.project,
            "state": "ACTIVE",
            "parent": ORGANIZATION,
            "createTime": created,
        }
    return {
        "projectNumber": cloud.number,
        "projectId": cloud.project,
        "lifecycleState": "ACTIVE",
        "name": cloud.project,
        "createTime": created,
        "parent": {"type": "organization", "id": "987654321098"},
    }


@method("compute.v1:projects.get")
def compute(cloud: Cloud, generic: Generic, call: Call) -> Any:
    return {"kind": "compute#project", "id": cloud.number, "name": cloud.project}
