"""Functions of the provider that a program may call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.api import Api
from engine.provider import Refused
from engine.render import fill

Json = dict[str, Any]
STORAGE_AGENT = "gcp:storage/getProjectServiceAccount:getProjectServiceAccount"


def get_project(api: Api, values: Mapping[str, Any]) -> Json:
    project = fill("{projectId}", {"projectId": values.get("project"), **values})
    project_resource = api.call("cloudresourcemanager", "GET", f"/v1/projects/{project}")
    billing = api.call("cloudbilling", "GET", f"/v1/projects/{project}/billingInfo")
    parent = project_resource.get("parent", {})
    return {
        "id": f"projects/{project}",
        "projectId": project,
        "number": project_resource["projectNumber"],
        "name": project_resource.get("name", ""),
        "labels": project_resource.get("labels", {}),
        "effectiveLabels": project_resource.get("labels", {}),
        "pulumiLabels": project_resource.get("labels", {}),
        "tags": {},
        "orgId": parent.get("id", "") if parent.get("type") == "organization" else "",
        "folderId": parent.get("id", "") if parent.get("type") == "folder" else "",
        "billingAccount": billing.get("billingAccountName", "").removeprefix("billingAccounts/"),
        "autoCreateNetwork": False,
        "deletionPolicy": "",
    }


def get_web_app_config(api: Api, values: Mapping[str, Any]) -> Json:
    app = fill("projects/{project}/webApps/{webAppId}", values)
    app_config = api.call("firebase", "GET", f"/v1beta1/{app}/config")
    return {
        "id": app,
        "project": values["project"],
        "webAppId": values["webAppId"],
        "apiKey": app_config.get("apiKey", ""),
        "authDomain": app_config.get("authDomain", ""),
        "databaseUrl": app_config.get("databaseURL", ""),
        "locationId": app_config.get("locationId", ""),
        "measurementId": app_config.get("measurementId", ""),
        "messagingSenderId": app_config.get("messagingSenderId", ""),
        "storageBucket": app_config.get("storageBucket", ""),
    }


def get_project_service_account(api: Api, values: Mapping[str, Any]) -> Json:
    """Cloud Storage's own agent, which the question brings into being."""
    project = fill("{project}", values)
    email = api.call("storage", "GET", f"/storage/v1/projects/{project}/serviceAccount")["email_address"]
    return service_account(project, email)


def service_account(project: str, email: str) -> Json:
    return {"id": email, "project": project, "emailAddress": email, "member": f"serviceAccount:{email}"}


FUNCTIONS: dict[str, Callable[[Api, Mapping[str, Any]], Json]] = {
    "gcp:organizations/getProject:getProject": get_project,
    "gcp:firebase/getWebAppConfig:getWebAppConfig": get_web_app_config,
    STORAGE_AGENT: get_project_service_account,
}


def invoke(api: Api, token: str, values: Mapping[str, Any]) -> Json:
    """Call the function; `values` are its arguments, with the provider's project where none is given."""
    if token not in FUNCTIONS:
        known = ", ".join(sorted(FUNCTIONS))
        raise Refused(
            f"the in-process deployer does not know this function, only {known}: deploy with the Pulumi CLI, "
            "or add it to engine/calls/functions.py"
        )
    return FUNCTIONS[token](api, values)
