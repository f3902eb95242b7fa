"""Firebase: the project is a singleton that is added once; web apps have ids and settings of the server's."""

from __future__ import annotations

import uuid
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control import canon
from localcloud.control.call import Call
from localcloud.control.fields import new_etag
from localcloud.control.generic import Generic
from localcloud.control.special import organization
from localcloud.control.special.registry import method
from localcloud.errors import ApiError

PROJECTS = "firebase.v1beta1:projects"


@method(f"{PROJECTS}.addFirebase")
def add(cloud: Cloud, generic: Generic, call: Call) -> Any:
    if not organization.project(cloud)["terms"]:
        raise ApiError(403, "The caller does not have permission")
    project = {
        "name": call.name,
        "projectId": cloud.project,
        "projectNumber": cloud.number,
        "displayName": cloud.project,
        "resources": {"hostingSite": cloud.project},
        "state": "ACTIVE",
        "etag": new_etag(),
    }
    return generic.store(call, call.name, project)


@method(f"{PROJECTS}.webApps.create")
def create_app(cloud: Cloud, generic: Generic, call: Call) -> Any:
    if cloud.resources.get(call.request.host, call.name) is None:
        raise ApiError(404, f"Project {cloud.project} is not a Firebase project: call addFirebase first.")
    identifier = f"1:{cloud.number}:web:{uuid.uuid4().hex[:20]}"
    name = f"{call.name}/webApps/{identifier}"
    app = {
        "apiKeyId": str(uuid.uuid4()),
        **canon.canonical(generic.document(call), "WebApp", call.body),
        "name": name,
        "appId": identifier,
        "projectId": cloud.project,
        "webId": uuid.uuid4().hex[:20],
        "state": "ACTIVE",
        "etag": new_etag(),
    }
    return generic.store(call, name, app)


@method(f"{PROJECTS}.webApps.getConfig")
def config(cloud: Cloud, generic: Generic, call: Call) -> Any:
    app = cloud.resources.get(call.request.host, call.name.removesuffix("/config"))
    if app is None:
        raise ApiError(404, f"Resource not found: {call.name.removesuffix('/config')}")
    return {
        "projectId": cloud.project,
        "appId": app["appId"],
        "apiKey": "AIza-local-cloud-has-no-key",
        "authDomain": f"{cloud.project}.firebaseapp.com",
        "storageBucket": f"{cloud.project}.firebasestorage.app",
        "messagingSenderId": cloud.number,
    }
