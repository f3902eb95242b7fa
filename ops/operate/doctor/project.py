"""The project itself: that it is there, is paid for, has the two APIs that the first deploy needs, and its quotas."""

from __future__ import annotations

from collections.abc import Iterator

from infra.formats import EVERYBODYS_BUILD_REGIONS
from ops.client.google import Json
from ops.client.refusal import OpsRefused
from ops.operate.doctor import Diagnosis, Situation, unseen

FIRST = ("cloudresourcemanager", "serviceusage")
"""APIs that the provider itself calls before it can turn on the others."""
LIMITED = ("healthcare", "run", "cloudbuild")
"""APIs whose quotas a new project may have at nothing."""


def project(at: Situation) -> Iterator[Diagnosis]:
    name = at.settings.project
    try:
        state = at.get("cloudresourcemanager", f"v3/projects/{name}").get("state")
    except OpsRefused as refused:
        if refused.status in (403, 404):
            do = (f"gcloud projects create {name}", f"or ask for roles/browser on {name}, when it is there")
            yield Diagnosis("project", "todo", f"project {name} does not exist, or you may not see it", do)
        else:
            yield unseen("project", f"project {name}", refused, "roles/browser on the project")
        return
    if state != "ACTIVE":
        yield Diagnosis("project", "todo", f"project {name} is {state}", (f"gcloud projects undelete {name}",))
        return
    yield Diagnosis("project", "ok", f"project {name} is there")


def billing(at: Situation) -> Iterator[Diagnosis]:
    name = at.settings.project
    try:
        paid = at.get("cloudbilling", f"v1/projects/{name}/billingInfo").get("billingEnabled")
    except OpsRefused as refused:
        yield unseen("billing", "whether billing is on", refused, "roles/billing.projectManager on the project")
        return
    if paid:
        yield Diagnosis("billing", "ok", "billing is on")
    else:
        do = ("gcloud billing accounts list", f"gcloud billing projects link {name} --billing-account=ACCOUNT-ID")
        yield Diagnosis("billing", "todo", f"project {name} has no billing account, and Google refuses most APIs", do)


def apis(at: Situation) -> Iterator[Diagnosis]:
    name = at.settings.project
    try:
        enabled = names_of(at, name)
    except OpsRefused as refused:
        yield unseen("APIs", "which APIs are on", refused, "roles/serviceusage.serviceUsageViewer on the project")
        return
    missing = [f"{api}.googleapis.com" for api in FIRST if f"{api}.googleapis.com" not in enabled]
    if missing:
        do = (f"gcloud services enable {' '.join(missing)} --project={name}",)
        yield Diagnosis("APIs", "todo", f"the first deploy needs {' and '.join(missing)}", do)
    else:
        yield Diagnosis("APIs", "ok", "the first deploy can turn on the other APIs by itself")


def names_of(at: Situation, project_id: str) -> set[str]:
    """Names of the APIs that are on, all pages."""
    names: set[str] = set()
    token = ""
    while True:
        query = {"filter": "state:ENABLED", "pageSize": "200", **({"pageToken": token} if token else {})}
        page = at.get("serviceusage", f"v1/projects/{project_id}/services", **query)
        names |= {service.get("config", {}).get("name", "") for service in page.get("services", [])}
        token = page.get("nextPageToken", "")
        if not token:
            return names


def quotas(at: Situation) -> Iterator[Diagnosis]:
    name = at.settings.project
    for api in LIMITED:
        region = at.settings.region_of_builds if api == "cloudbuild" else at.settings.location
        path = f"v1beta1/projects/{name}/services/{api}.googleapis.com/consumerQuotaMetrics"
        try:
            metrics = at.get("serviceusage", path, pageSize="200").get("metrics", [])
        except OpsRefused as refused:
            yield unseen("quotas", f"the quotas of {api}", refused, "roles/serviceusage.serviceUsageViewer")
            continue
        nothing = [metric["displayName"] for metric in metrics if none_left(metric, region)]
        page = f"https://console.cloud.google.com/iam-admin/quotas?project={name}&service={api}.googleapis.com"
        if nothing:
            yield Diagnosis("quotas", "todo", f"{api} allows none of: {', '.join(nothing)}", (f"ask for more: {page}",))
        else:
            yield Diagnosis("quotas", "ok", f"{api} has no quota of nothing in {region}; all: {page}")


def builds(at: Situation) -> Iterator[Diagnosis]:
    region = at.settings.region_of_builds
    if region not in EVERYBODYS_BUILD_REGIONS:
        words = f"builds run in {region}, where Google refuses those of new projects and of projects with little use"
        do = (at.configure("buildRegion", "REGION") + f"  # one of {', '.join(EVERYBODYS_BUILD_REGIONS)}",)
        yield Diagnosis("builds", "by hand", words, (*do, "or ask Google's support to open the region"))


def none_left(metric: Json, location: str) -> bool:
    """Whether what holds for this region (or everywhere) is a limit of 0."""
    for limit in metric.get("consumerQuotaLimits", []):
        buckets = limit.get("quotaBuckets", [])
        own = [bucket for bucket in buckets if bucket.get("dimensions", {}).get("region") == location]
        anywhere = [bucket for bucket in buckets if not bucket.get("dimensions")]
        if any(str(bucket.get("effectiveLimit")) == "0" for bucket in own or anywhere):
            return True
    return False
