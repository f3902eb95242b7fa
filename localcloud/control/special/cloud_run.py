"""Cloud Run: what Google adds to a job and to a service. Running a job is the runner's; services are not run."""

from __future__ import annotations

import re

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.operations import timestamp
from localcloud.control.special.registry import CHECKS, Resource, check, extra
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


LEAST_MEMORY = ((4, 2), (6, 4))
MOST_MEMORY = ((1, 4), (2, 8), (4, 16), (6, 24))
"""vCPU -> GiB (cloud.google.com/run/docs/configuring/jobs/cpu and …/memory-limits)."""
UNITS = {"": 2**-30, "Ki": 2**-20, "Mi": 2**-10, "Gi": 1.0, "K": 1e3 / 2**30, "M": 1e6 / 2**30, "G": 1e9 / 2**30}


@check(*(f"{collection}.{verb}" for collection in (JOBS, SERVICES) for verb in ("create", "patch")))
def fit(cloud: Cloud, call: Call) -> None:
    """400 for memory that is too little or too much for the CPUs."""
    template = call.body.get("template") or {}
    for container in (template.get("template") or template).get("containers") or ():
        limits = (container.get("resources") or {}).get("limits") or {}
        cpu, memory = _cpus(str(limits.get("cpu") or "1")), _gib(str(limits.get("memory") or "512Mi"))
        least = max((gib for cpus, gib in LEAST_MEMORY if cpu >= cpus), default=0)
        most = min((gib for cpus, gib in MOST_MEMORY if cpu <= cpus), default=32)
        if not least <= memory <= most:
            raise ApiError(
                400,
                f"Invalid value specified for container memory. For {cpu:g} vCPU it must be between "
                f"{max(least, 0.5):g}Gi and {most}Gi; {limits.get('memory') or '512Mi'} is not.",
            )


def _cpus(text: str) -> float:
    try:
        return float(text[:-1]) / 1000 if text.endswith("m") else float(text)
    except ValueError:
        raise ApiError(400, f"Invalid value specified for cpu: {text!r}.") from None


def _gib(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|K|M|G|)", text)
    if not match:
        raise ApiError(400, f"Invalid value specified for memory: {text!r}.")
    return float(match[1]) * UNITS[match[2]]


def _behind_proxy(cloud: Cloud, call: Call) -> None:
    """A policy of the proxy is about a service that exists: `projects/P/iap_web/cloud_run-LOCATION/services/S`."""
    _, project, _, web, _, name = call.name.split("/")
    service = f"projects/{project}/locations/{web.removeprefix('cloud_run-')}/services/{name}"
    if not cloud.resources.get("run.googleapis.com", service):
        raise ApiError(404, f"Resource not found: {call.name}: there is no Cloud Run service {service}")


for verb in ("getIamPolicy", "setIamPolicy", "testIamPermissions"):
    CHECKS.setdefault(f"{IAP}.{verb}", []).append(_behind_proxy)
