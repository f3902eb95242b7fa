"""Cloud Build: triggers (v1) have an id of the server's, connections (v2) an installation state."""

from __future__ import annotations

import uuid
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control import canon
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.special.registry import Resource, extra, method
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
def installed(cloud: Cloud, call: Call, connection: Resource) -> None:
    """The local cloud never talks to GitHub: a connection counts as installed."""
    connection["installationState"] = {"stage": "COMPLETE"}
    github = connection.get("githubConfig", {})
    if "authorizerCredential" in github:
        credential = {**github["authorizerCredential"], "username": "octocat"}
        connection["githubConfig"] = {**github, "authorizerCredential": credential}
