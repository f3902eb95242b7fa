"""Cloud Scheduler, Workflows, Eventarc: states. What they set in motion is the chain's."""

from __future__ import annotations

import uuid
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.operations import timestamp
from localcloud.control.special.registry import Resource, extra, method

SCHEDULER = "cloudscheduler.v1:projects.locations.jobs"
WORKFLOWS = "workflows.v1:projects.locations.workflows"


@extra(f"{SCHEDULER}.create")
def schedule(cloud: Cloud, call: Call, job: Resource) -> None:
    job["state"] = "ENABLED"
    job["userUpdateTime"] = timestamp(cloud.clock())


@method(f"{SCHEDULER}.resume", f"{SCHEDULER}.pause")
def switch(cloud: Cloud, generic: Generic, call: Call) -> Any:
    state = "PAUSED" if call.method_id.endswith("pause") else "ENABLED"
    job = {**generic.existing(call), "state": state}
    cloud.resources.put(call.request.host, call.name, job)
    return job


@extra(f"{WORKFLOWS}.create", f"{WORKFLOWS}.patch")
def revise(cloud: Cloud, call: Call, workflow: Resource) -> None:
    """A new revision for new source or service account, as on Google."""
    number = int(workflow.get("revisionId", "000000").split("-")[0])
    if number and not {"sourceContents", "serviceAccount"} & set(call.query.get("updateMask", "").split(",")):
        return
    workflow["state"] = "ACTIVE"
    workflow["revisionId"] = f"{number + 1:06d}-{uuid.uuid4().hex[:3]}"
    workflow["revisionCreateTime"] = timestamp(cloud.clock())
