"""Cloud Run: what Google adds to a job and to a service. Running a job is the runner's; services are not run."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.operations import timestamp
from localcloud.control.special.registry import CHECKS, Resource, extra
from localcloud.errors import ApiError

JOBS = "run.v2:projects.locations.jobs"


SERVICES = "run.v2:projects.locations.services"
IAP = "iap.v1:v1"


@extra(f"{JOBS}.create", f"{SERVICES}.create")
def complete(cloud: Cloud, call: Call, job: Resource) -> None:
    ready = {"state": "CONDITION_SUCCEEDED", "lastTransitionTime": timestamp(cloud.clock())}
    job["creator"] = call.principal.email
    job["generation"] = job["observedGeneration"] = "1"
    job.setdefault("launchStage", "GA")
    job["lastModifier"] = call.principal.email
    job["terminalCondition"] = {"type": "Ready", **ready}
    job["conditions"] = [{"type": "ResourcesAvailable", **ready}]
    job["satisfiesPzs"] = True
    if "/services/" in job["name"]:
        _, _, _, location, _, name = job["name"].split("/")
        job["uri"] = f"https://{name}-{cloud.number}.{location}.run.app"
        job["urls"] = [job["uri"]]


def _behind_proxy(cloud: Cloud, call: Call) -> None:
    """A policy of the proxy is about a service that exists: `projects/P/iap_web/cloud_run-LOCATION/services/S`."""
    _, project, _, web, _, name = call.name.split("/")
    service = f"projects/{project}/locations/{web.removeprefix('cloud_run-')}/services/{name}"
    if not cloud.resources.get("run.googleapis.com", service):
        raise ApiError(404, f"Resource not found: {call.name}: there is no Cloud Run service {service}")


for verb in ("getIamPolicy", "setIamPolicy", "testIamPermissions"):
    CHECKS[f"{IAP}.{verb}"] = _behind_proxy
