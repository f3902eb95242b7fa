"""What an identity of stack dev asks of the local cloud, and whether its IAM refuses it.

A `Call` goes through the control plane of the local cloud, whose IAM refuses it with 403 before anything is done; what
has no method in Google's discovery documents (a registry's upload, an event's delivery) is a `Need` of a permission.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from engine.api_request import ApiRequest
from engine.discovery import catalogue
from ops.review.graph import Place

P, L = "projects/my-imaging", "projects/my-imaging/locations/europe-west4"
DATASET = f"{L}/datasets/imaging"
RAW, VIEWER, SMOKE = (f"{DATASET}/dicomStores/{name}" for name in ("raw", "viewer", "smoke"))
RECORDS, STATE = "my-imaging-imaging-records", "my-imaging-state"
STAGED = "my-imaging-imaging-staged"
DELIVERIES = "my-imaging-imaging-deliveries"
JOB = f"{L}/jobs/prepare"
KEY = f"{L}/keyRings/pulumi/cryptoKeys/state"
CONFIG, TOKEN = f"{P}/secrets/viewer-config/versions/latest", f"{P}/secrets/github-token/versions/latest"
LOCK = f"//storage.googleapis.com/projects/_/buckets/{STATE}/objects/.pulumi/locks/organization/imaging/dev/a.json"
STACK_FILE = f"//storage.googleapis.com/projects/_/buckets/{STATE}/objects/.pulumi/stacks/imaging/dev.json"


@dataclass(frozen=True)
class Call:
    verb: str
    url: str
    """`<service>/<path with version>`."""
    body: Any = None


@dataclass(frozen=True)
class Need:
    permission: str
    resource: str
    """Full name: `//HOST/NAME`."""


Ask = Call | Need
RELEASE = f"//storage.googleapis.com/projects/_/buckets/{DELIVERIES}/objects/releases/dev/000000001.json"


def account(identity: str) -> str:
    return f"//iam.googleapis.com/{P}/serviceAccounts/{email(identity)}"


def email(identity: str) -> str:
    return f"imaging-{identity}@my-imaging.iam.gserviceaccount.com"


def access(version: str) -> Call:
    return Call("GET", f"secretmanager/v1/{version}:access")


def objects(bucket: str, name: str = "") -> str:
    return f"storage/storage/v1/b/{bucket}/o" + (f"/{name}" if name else "")


def read(store: str) -> list[Ask]:
    return [
        Call("GET", f"healthcare/v1/{store}/dicomWeb/studies"),
        Call("GET", f"healthcare/v1/{store}/dicomWeb/studies/1.2/series/1.3/metadata"),
        Call("GET", f"healthcare/v1/{store}/dicomWeb/studies/1.2/series/1.3/instances/1.4/frames/1"),
    ]


def store(where: str) -> Call:
    return Call("POST", f"healthcare/v1/{where}/dicomWeb/studies", {})


def delete(where: str) -> Call:
    return Call("DELETE", f"healthcare/v1/{where}/dicomWeb/studies/1.2")


def release(site: str) -> list[Ask]:
    return [
        Call("POST", f"firebasehosting/v1beta1/sites/{site}/versions", {}),
        Call("POST", f"firebasehosting/v1beta1/sites/{site}/releases", {}),
    ]


WRITE_LOGS: list[Ask] = [Call("POST", "logging/v2/entries:write", {"entries": []})]
REPOSITORY = f"//artifactregistry.googleapis.com/{L}/repositories/images"
PUSH: list[Ask] = [Need("artifactregistry.repositories.uploadArtifacts", REPOSITORY)]
PROJECT = "//cloudresourcemanager.googleapis.com/projects/my-imaging"


def refused(place: Place, identity: str, ask: Ask) -> bool:
    """Whether IAM says no; that a resource is not there, or a body is bad, comes after."""
    if isinstance(ask, Need):
        return not place.cloud.iam.is_allowed(f"serviceAccount:{email(identity)}", ask.permission, ask.resource)
    service, _, path = ask.url.partition("/")
    request = ApiRequest(host=f"{service}.googleapis.com", method=ask.verb, path=f"/{path}", body=ask.body)
    assert catalogue().match(request.host, request.method, request.path), f"{ask.url} is no method of Google's"
    return send(place, identity, request)


def send(place: Place, identity: str, request: ApiRequest) -> bool:
    token = f"Bearer {place.cloud.iam.token(email(identity))}"
    asked = ApiRequest(host=request.host, method=request.method, path=request.path, query=request.query,
                    body=request.body, authorization=token)  # fmt: skip
    answer = place.plane.handle(asked)
    return answer.status == 403 and "denied on" in json.dumps(answer.body)
