"""Cloud Run jobs: what Google adds to a job. Running it is the runner's."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.operations import timestamp
from localcloud.control.special.registry import Resource, extra

JOBS = "run.v2:projects.locations.jobs"


@extra(f"{JOBS}.create", f"{JOBS}.patch")
def complete(cloud: Cloud, call: Call, job: Resource) -> None:
    ready = {"state": "CONDITION_SUCCEEDED", "lastTransitionTime": timestamp(cloud.clock())}
    job.setdefault("creator", call.principal.email)
    job.setdefault("generation", "1")
    job.setdefault("launchStage", "GA")
    job["observedGeneration"] = job["generation"]
    job["lastModifier"] = call.principal.email
    job["terminalCondition"] = {"type": "Ready", **ready}
    job["conditions"] = [{"type": "ResourcesAvailable", **ready}]
    job["satisfiesPzs"] = True
