"""What each identity of stack dev is there for, as the calls it makes, and calls that are beyond it.

A `Call` goes through the control plane of the local cloud, whose IAM refuses it with 403 before anything is done; what
has no method in Google's discovery documents (a registry's upload, an event's delivery) is a `Need` of a permission.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from localcloud.control.call import Request
from localcloud.control.discovery import catalogue
from localcloud.iam.principals import IAM_HOST, POLICIES
from review.grants import Grant, custom_roles, grants
from review.graph import Place, of_deployment, resources_of, stand_up

P, L = "projects/my-imaging", "projects/my-imaging/locations/europe-west4"
DATASET = f"{L}/datasets/imaging"
RAW, VIEWER, SMOKE = (f"{DATASET}/dicomStores/{name}" for name in ("raw", "viewer", "smoke"))
RECORDS, STATE = "my-imaging-imaging-records", "my-imaging-state"
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
RELEASE = f"//storage.googleapis.com/projects/_/buckets/{RECORDS}/objects/releases/dev.json"


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

DUTIES: Mapping[str, Mapping[str, Sequence[Ask]]] = {
    "job": {
        "reads new studies": read(RAW),
        "adds to new studies": [store(RAW)],
        "reads what viewers see": read(VIEWER),
        "copies for viewers": [store(VIEWER)],
        "reads a smoke test's study": read(SMOKE),
        "adds to a smoke test's study": [store(SMOKE)],
        "drains the backlog": [
            Call("POST", f"pubsub/v1/{P}/subscriptions/dicom-instances:pull", {"maxMessages": 1}),
            Call("POST", f"pubsub/v1/{P}/subscriptions/dicom-instances:acknowledge", {"ackIds": ["a"]}),
        ],
        "keeps records": [
            Call("GET", objects(RECORDS)),
            Call("GET", objects(RECORDS, "a")),
            Call("POST", objects(RECORDS), {}),
            Call("DELETE", objects(RECORDS, "a")),
        ],
    },
    "job-starter": {
        "starts the job": [Call("GET", f"run/v2/{JOB}"), Call("POST", f"run/v2/{JOB}:run", {})],
        "is given events": [Need("eventarc.events.receiveEvent", PROJECT)],
        "starts the workflow": [
            Call("POST", f"workflowexecutions/v1/{L}/workflows/prepare-on-event/executions", {})
        ],
        "claims a window": [Call("POST", objects(RECORDS), {})],
    },
    "smoke": {
        "stores a test study": [store(SMOKE)],
        "reads its test study": read(SMOKE),
        "deletes its test study": [delete(SMOKE)],
        "waits for the deletion": [Call("GET", f"healthcare/v1/{DATASET}/operations/1")],
        "reads what viewers read": read(VIEWER),
        "reads reports": [Call("GET", objects(RECORDS)), Call("GET", objects(RECORDS, "a"))],
        "sees its own event": [Call("POST", f"pubsub/v1/{P}/subscriptions/dicom-smoke:pull", {"maxMessages": 1})],
        "finds its audit entries": [
            Need("logging.views.access", f"//logging.googleapis.com/{L}/buckets/imaging-audit/views/data-access")
        ],
        "starts the job on its study": [
            Call("POST", f"run/v2/{JOB}:run", {"overrides": {"taskCount": 1}}),
            Call("GET", f"run/v2/{JOB}/executions/1"),
        ],
    },
    "smoke-reader": {
        "reads what viewers read": read(VIEWER),
        "reads test studies": read(SMOKE),
        "reads reports": [Call("GET", objects(RECORDS, "a"))],
    },
    "viewer-build": {
        "reads the viewer's configuration": [access(CONFIG)],
        "releases the viewer": release("my-imaging-viewer"),
        "writes its build's log": WRITE_LOGS,
    },
    "preview-viewer": {
        "reads the viewer's configuration": [access(CONFIG)],
        "releases a preview": release("my-imaging-preview"),
        "writes its build's log": WRITE_LOGS,
    },
    "job-build": {"pushes the job's image": PUSH, "writes its build's log": WRITE_LOGS},
    "previewer": {
        "reads the state": [Call("GET", objects(STATE)), Call("GET", objects(STATE, "a"))],
        "takes and gives back the lock": [
            Need("storage.objects.create", LOCK), Need("storage.objects.delete", LOCK)
        ],
        "decrypts the stack's secrets": [Call("POST", f"cloudkms/v1/{KEY}:decrypt", {})],
        "reads which release runs": [Need("storage.objects.get", RELEASE)],
    },
    "deployer": {
        "pushes images": PUSH,
        "reads and writes the state": [
            Call("GET", objects(STATE)), Call("POST", objects(STATE), {}), Call("DELETE", objects(STATE, "a"))
        ],
        "encrypts and decrypts the stack's secrets": [
            Call("POST", f"cloudkms/v1/{KEY}:encrypt", {}), Call("POST", f"cloudkms/v1/{KEY}:decrypt", {})
        ],
        "smoke-tests as the smoke account": [Need("iam.serviceAccounts.getAccessToken", account("smoke"))],
        "smoke-tests as the reader": [Need("iam.serviceAccounts.getAccessToken", account("smoke-reader"))],
        "reads back the viewer's configuration": [access(CONFIG)],
        "renames and removes the viewer's app": [
            Call("PATCH", f"firebase/v1beta1/{P}/webApps/none", {}),
            Call("POST", f"firebase/v1beta1/{P}/webApps/none:remove", {"immediate": True}),
        ],
        "gives a site its domain and removes both": [
            Call("POST", f"firebasehosting/v1beta1/{P}/sites/none/customDomains", {}),
            Call("PATCH", f"firebasehosting/v1beta1/{P}/sites/none/customDomains/a.example.org", {}),
            Call("PATCH", f"firebasehosting/v1beta1/{P}/sites/none", {}),
            Call("DELETE", f"firebasehosting/v1beta1/{P}/sites/none"),
        ],
        "changes and removes secrets": [
            Call("PATCH", f"secretmanager/v1/{P}/secrets/none", {}),
            Call("DELETE", f"secretmanager/v1/{P}/secrets/none"),
        ],
        "replaces the viewer's configuration": [
            Call("GET", f"secretmanager/v1/{P}/secrets/none/versions/1"),
            *(Call("POST", f"secretmanager/v1/{P}/secrets/none/versions/1:{verb}", {})
              for verb in ("enable", "disable", "destroy")),
        ],
        "deploys as itself": [Need("iam.serviceAccounts.actAs", account("deployer"))],
        "writes its build's log": WRITE_LOGS,
    },
}  # fmt: skip
"""By account, without `imaging-`. The deployer's duty is the deployment too, call by call (`cannot_make`); what the
previewer may look at is derived and tested in tests/infra/test_previewer.py."""

ROOMS: list[Ask] = [
    Call("DELETE", f"healthcare/v1/{RAW}"),
    Call("DELETE", f"healthcare/v1/{DATASET}"),
    Call("POST", f"healthcare/v1/{RAW}:setIamPolicy", {"policy": {}}),
    Call("POST", f"healthcare/v1/{RAW}:export", {}),
    Call("POST", f"cloudresourcemanager/v1/{P}:setIamPolicy", {"policy": {}}),
    Call("POST", f"iam/v1/{P}/serviceAccounts/imaging-job@my-imaging.iam.gserviceaccount.com/keys", {}),
    access(TOKEN),
]
"""What nobody but the deployer comes near (and the deployer exports and reads nothing)."""
BEYOND: Mapping[str, Sequence[Ask]] = {
    "job": [*ROOMS, delete(RAW), Call("POST", f"healthcare/v1/{RAW}:import", {}), access(CONFIG),
            Call("POST", f"run/v2/{JOB}:run", {}), Call("GET", objects(STATE))],
    "job-starter": [*ROOMS, *read(RAW), store(RAW), Call("GET", objects(RECORDS)),
                    Call("GET", objects(RECORDS, "a")), Call("DELETE", objects(RECORDS, "a")),
                    Call("POST", f"run/v2/{JOB}:run", {"overrides": {"taskCount": 1}})],
    "smoke": [*ROOMS, *read(RAW), store(RAW), store(VIEWER), delete(RAW), delete(VIEWER), access(CONFIG),
              Call("DELETE", objects(RECORDS, "a"))],
    "smoke-reader": [*ROOMS, *read(RAW), store(SMOKE), delete(SMOKE), store(VIEWER),
                     Call("POST", objects(RECORDS), {}), Call("POST", f"run/v2/{JOB}:run", {})],
    "viewer-build": [*ROOMS, *read(RAW), *read(VIEWER), Call("GET", objects(RECORDS)), *PUSH,
                     Call("POST", f"run/v2/{JOB}:run", {})],
    "preview-viewer": [*ROOMS, *read(RAW), *read(VIEWER), Call("GET", objects(RECORDS)), *PUSH,
                       Call("GET", objects(STATE))],
    "job-build": [*ROOMS, *read(RAW), store(RAW), access(CONFIG), Call("GET", objects(RECORDS)),
                  Call("POST", f"run/v2/{JOB}:run", {}), *release("my-imaging-viewer")],
    "previewer": [*ROOMS, access(CONFIG), *read(RAW), *read(VIEWER), *read(SMOKE), store(SMOKE), delete(SMOKE),
                  Call("GET", objects(RECORDS)), Call("GET", objects(RECORDS, "a")),
                  Call("DELETE", objects(STATE, "a")), Need("storage.objects.create", STACK_FILE),
                  Need("storage.objects.delete", STACK_FILE),
                  Call("POST", f"pubsub/v1/{P}/subscriptions/dicom-instances:pull", {"maxMessages": 1}),
                  Call("POST", f"run/v2/{JOB}:run", {})],
    "deployer": [*read(RAW), *read(VIEWER), store(RAW), access(TOKEN),
                 Call("POST", f"healthcare/v1/{RAW}:export", {}), Call("POST", f"healthcare/v1/{RAW}:import", {}),
                 Call("POST", f"iam/v1/{P}/serviceAccounts/imaging-job@my-imaging.iam.gserviceaccount.com/keys", {})],
}  # fmt: skip


def refused(place: Place, identity: str, ask: Ask) -> bool:
    """Whether IAM says no; that a resource is not there, or a body is bad, comes after."""
    if isinstance(ask, Need):
        return not place.cloud.iam.allowed(f"serviceAccount:{email(identity)}", ask.permission, ask.resource)
    service, _, path = ask.url.partition("/")
    request = Request(host=f"{service}.googleapis.com", method=ask.verb, path=f"/{path}", body=ask.body)
    assert catalogue().match(request.host, request.method, request.path), f"{ask.url} is no method of Google's"
    return send(place, identity, request)


def send(place: Place, identity: str, request: Request) -> bool:
    token = f"Bearer {place.cloud.iam.token(email(identity))}"
    asked = Request(host=request.host, method=request.method, path=request.path, query=request.query,
                    body=request.body, authorization=token)  # fmt: skip
    answer = place.plane.handle(asked)
    return answer.status == 403 and "denied on" in json.dumps(answer.body)


OWNERS: Mapping[str, str] = {
    "billingbudgets.googleapis.com": "the budget is of the billing account, which no project role reaches",
    "cloudkms.googleapis.com": "the state's key is of the bootstrap; who may use it is not for the deployer to say",
}
"""APIs of which the deployer cannot do everything: what needs it is made by the owner's first `pulumi up`."""


def cannot_make(place: Place, requests: Mapping[str, Sequence[Request]]) -> list[str]:
    """APIs of which the deployer is refused a call that makes the stack."""
    return [
        host for host, asked in requests.items()
        if host not in OWNERS and any(send(place, "deployer", request) for request in asked)
    ]  # fmt: skip


def distinct(requests: Sequence[Request]) -> dict[str, list[Request]]:
    """By API, one request of each method, and of each account that is attached."""
    found: dict[str, dict[str, Request]] = {}
    for request in requests:
        match = catalogue().match(request.host, request.method, request.path)
        attached = [part for part in json.dumps(request.body).split('"') if "@my-imaging.iam" in part]
        found.setdefault(request.host, {})[f"{match[0].id if match else request.path} {attached}"] = request
    return {host: list(of.values()) for host, of in found.items()}


@contextmanager
def without_permission(place: Place, role: str, permission: str) -> Iterator[None]:
    """The stack's own role, for a while, without one permission."""
    held = place.cloud.resources.get(IAM_HOST, role)
    assert held is not None
    left = [name for name in held["includedPermissions"] if name != permission]
    place.cloud.resources.put(IAM_HOST, role, {**held, "includedPermissions": left})
    try:
        yield
    finally:
        place.cloud.resources.put(IAM_HOST, role, held)


@contextmanager
def without_grant(place: Place, member: str, role: str, resource: str) -> Iterator[None]:
    """The policy of one resource, for a while, without one member of one role."""
    (name, policy), = [  # one policy holds it
        (name, policy)
        for name, policy in place.cloud.resources.all(POLICIES).items()
        if name.partition("/")[2].partition("/")[2].removeprefix("projects/_/").endswith(resource)
        and any(binding["role"] == role and member in binding["members"] for binding in policy["bindings"])
    ]  # fmt: skip
    bindings = [
        {**binding, "members": [other for other in binding["members"] if binding["role"] != role or other != member]}
        for binding in policy["bindings"]
    ]
    place.cloud.resources.put(POLICIES, name, {**policy, "bindings": bindings})
    try:
        yield
    finally:
        place.cloud.resources.put(POLICIES, name, policy)


def held_by(place: Place, identity: str) -> list[Grant]:
    found = grants(resources_of(of_deployment("dev", place.deployment)))
    return [grant for grant in found if grant.principal == f"serviceAccount:{email(identity)}"]


def failing(place: Place, identity: str) -> list[str]:
    """The duties that the identity cannot do now."""
    return [duty for duty, asks in DUTIES[identity].items() if any(refused(place, identity, ask) for ask in asks)]


def drops(place: Place, identity: str) -> dict[str, list[str]]:
    """Each right that can be taken away by itself → the duties that go with it.

    Of the stack's own roles each permission, as they can be written smaller; of Google's the grant as a whole.
    """
    found: dict[str, list[str]] = {}
    own = custom_roles(resources_of(of_deployment("dev", place.deployment)))
    for grant in held_by(place, identity):
        if grant.role.endswith("/imagingPreviewer"):
            continue
        with without_grant(place, grant.principal, grant.role, grant.resource):
            found[f"{grant.role} on {grant.resource}"] = failing(place, identity)
        for permission in own.get(grant.role, ()):
            with without_permission(place, grant.role, permission):
                found[f"{permission} of {grant.role}"] = failing(place, identity)
    return found


def drops_of_deployer(place: Place) -> dict[str, list[str]]:
    """The same, where a duty is also each API that it makes the stack's part of."""
    requests, found = distinct(place.sent), dict[str, list[str]]()
    own = custom_roles(resources_of(of_deployment("dev", place.deployment)))

    def lost() -> list[str]:
        made = [f"declares what is of {host}" for host in cannot_make(place, requests)]
        return [*failing(place, "deployer"), *made]

    for grant in held_by(place, "deployer"):
        with without_grant(place, grant.principal, grant.role, grant.resource):
            found[f"{grant.role} on {grant.resource}"] = lost()
        for permission in own.get(grant.role, ()):
            with without_permission(place, grant.role, permission):
                found[f"{permission} of {grant.role}"] = lost()
    return found


def needed() -> dict[str, dict[str, list[str]]]:
    place = stand_up("dev")
    others = {identity: drops(place, identity) for identity in DUTIES if identity != "deployer"}
    return {**others, "deployer": drops_of_deployer(place)}


if __name__ == "__main__":  # python -m tests.review.duties > tests/review/least_privilege/needed.json
    print(json.dumps(needed(), indent=1, sort_keys=True))
