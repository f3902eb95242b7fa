"""Cloud Run jobs: what Google adds to a job. Running it is the runner's."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.operations import timestamp
from localcloud.control.special.registry import Resource, extra

JOBS = "run.v2:projects.locations.jobs"


@extra(f"{JOBS}.create")
def complete(cloud: Cloud, call: Call, job: Resource) -> None:
    ready = {"state": "CONDITION_SUCCEEDED", "lastTransitionTime": timestamp(cloud.clock())}
    job["creator"] = call.principal.email
    job["generation"] = job["observedGeneration"] = "1"
    job.setdefault("launchStage", "GA")
    job["lastModifier"] = call.principal.email
    job["terminalCondition"] = {"type": "Ready", **ready}
    job["conditions"] = [{"type": "ResourcesAvailable", **ready}]
    job["satisfiesPzs"] = True
