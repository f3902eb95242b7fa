"""Cloud Build: triggers (v1) have an id of the server's, connections (v2) an installation state."""

from __future__ import annotations

import uuid
from typing import Any

from localcloud.awkward import BUILD_REGIONS
from localcloud.cloud import Cloud
from localcloud.control import canon
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.special.registry import Resource, check, extra, method
from localcloud.errors import ApiError

TRIGGERS = "cloudbuild.v1:projects.locations.triggers"


@method(f"{TRIGGERS}.create")
def create(cloud: Cloud, generic: Generic, call: Call) -> Any:
    identifier = str(uuid.uuid4())
    body = canon.canonical(generic.document(call), "BuildTrigger", call.body)
    label = body.setdefault("name", f"trigger-{identifier[:8]}")
    siblings = cloud.resources.children(call.request.host, call.name, "triggers")
    if any(sibling["name"] == label for sibling in siblings):
        raise ApiError(409, f"A trigger named {label} already exists in {call.name}.")
    name = f"{call.name}/triggers/{identifier}"
    return generic.store(call, name, {**body, "id": identifier, "createTime": generic.now(), "resourceName": name})


@extra(f"{TRIGGERS}.create", f"{TRIGGERS}.patch")
def complete(cloud: Cloud, call: Call, trigger: Resource) -> None:
    if "repositoryEventConfig" in trigger:
        trigger["repositoryEventConfig"] = {**trigger["repositoryEventConfig"], "repositoryType": "GITHUB"}


CONNECTIONS = "cloudbuild.v2:projects.locations.connections"


@extra(f"{CONNECTIONS}.create", f"{CONNECTIONS}.patch")
def install_connection(cloud: Cloud, call: Call, connection: Resource) -> None:
    """The local cloud never talks to GitHub: a connection counts as installed."""
    connection["installationState"] = {"stage": "COMPLETE"}
    github = connection.get("githubConfig", {})
    if "authorizerCredential" in github:
        credential = {**github["authorizerCredential"], "username": "octocat"}
        connection["githubConfig"] = {**github, "authorizerCredential": credential}


BUILDS = "cloudbuild.v1:projects.locations.builds"
STORAGE = "storage.googleapis.com"


@check(f"{BUILDS}.create", "cloudbuild.v1:projects.builds.create", f"{TRIGGERS}.run")
def refuse_region(cloud: Cloud, call: Call) -> None:
    """New projects with little use run builds in some regions only."""
    parts = call.name.split("/")
    region = parts[3] if len(parts) > 3 else "global"
    if "build_regions" in cloud.awkward and region not in BUILD_REGIONS:
        raise ApiError(
            400,
            f"due to quota restrictions, cannot run builds in this region ({region}), "
            "see https://cloud.google.com/build/docs/locations#restricted_regions_for_some_projects",
            status="FAILED_PRECONDITION",
        )


@check(f"{BUILDS}.create", "cloudbuild.v1:projects.builds.create")
def require_source(cloud: Cloud, call: Call) -> None:
    """The build's own account fetches its source: without one declared that is Compute's default account."""
    source = (call.body.get("source") or {}).get("storageSource")
    if not source:
        return
    default = f"{cloud.number}-compute@developer.gserviceaccount.com"
    email = str(call.body.get("serviceAccount") or default).rpartition("/")[2]
    name = f"projects/_/buckets/{source.get('bucket')}/objects/{source.get('object')}"
    if not cloud.iam.is_allowed(f"serviceAccount:{email}", "storage.objects.get", f"//{STORAGE}/{name}"):
        raise ApiError(
            403,
            f"{email} does not have storage.objects.get access to the Google Cloud Storage object "
            f"gs://{source.get('bucket')}/{source.get('object')}: the build cannot fetch its source.",
        )
