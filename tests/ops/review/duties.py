"""What each identity of stack dev is there for, as the calls it makes, and calls that are beyond it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.ops.review.asks import (
    CONFIG,
    DATASET,
    JOB,
    KEY,
    LOCK,
    PROJECT,
    PUSH,
    RAW,
    RECORDS,
    RELEASE,
    SMOKE,
    STACK_FILE,
    STAGED,
    STATE,
    TOKEN,
    VIEWER,
    WRITE_LOGS,
    Ask,
    Call,
    L,
    Need,
    P,
    access,
    account,
    delete,
    objects,
    read,
    release,
    store,
)

DUTIES: Mapping[str, Mapping[str, Sequence[Ask]]] = {
    "job": {
        "reads new studies": read(RAW),
        "reads what viewers see": read(VIEWER),
        "copies for viewers": [store(VIEWER)],
        "takes back what it copied": [delete(VIEWER), Call("GET", f"healthcare/v1/{DATASET}/operations/1")],
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
        "puts pixels aside": [
            Call("GET", objects(STAGED)),
            Call("GET", objects(STAGED, "a")),
            Call("POST", objects(STAGED), {}),
            Call("DELETE", objects(STAGED, "a")),
        ],
    },
    "job-starter": {
        "starts the job": [Call("GET", f"run/v2/{JOB}"), Call("POST", f"run/v2/{JOB}:run", {})],
        "starts a sweep": [Call("POST", f"run/v2/{JOB}:run", {"overrides": {"taskCount": 1}})],
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
    "job-build": {
        "pushes the job's image": PUSH,
        "reads the source of a build by hand": [Call("GET", objects("my-imaging-imaging-builds", "a"))],
        "writes its build's log": WRITE_LOGS,
    },
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
"""By account, without `imaging-`. The deployer's duty is the deployment too, call by call (`taken_away`); what the
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
PIXELS: list[Ask] = [Call("GET", objects(STAGED)), Call("GET", objects(STAGED, "a")), Call("POST", objects(STAGED), {})]
"""Pixels on their way, which are the job's alone."""
BEYOND: Mapping[str, Sequence[Ask]] = {
    "job": [*ROOMS, delete(RAW), Call("POST", f"healthcare/v1/{RAW}:import", {}), access(CONFIG),
            Call("POST", f"run/v2/{JOB}:run", {}), Call("GET", objects(STATE))],
    "job-starter": [*ROOMS, *PIXELS, *read(RAW), store(RAW), Call("GET", objects(RECORDS)),
                    Call("GET", objects(RECORDS, "a")), Call("DELETE", objects(RECORDS, "a")),
                    Call("DELETE", f"run/v2/{JOB}")],
    "smoke": [*ROOMS, *PIXELS, *read(RAW), store(RAW), store(VIEWER), delete(RAW), delete(VIEWER), access(CONFIG),
              Call("DELETE", objects(RECORDS, "a"))],
    "smoke-reader": [*ROOMS, *PIXELS, *read(RAW), store(SMOKE), delete(SMOKE), store(VIEWER),
                     Call("POST", objects(RECORDS), {}), Call("POST", f"run/v2/{JOB}:run", {})],
    "viewer-build": [*ROOMS, *PIXELS, *read(RAW), *read(VIEWER), Call("GET", objects(RECORDS)), *PUSH,
                     Call("POST", f"run/v2/{JOB}:run", {})],
    "preview-viewer": [*ROOMS, *PIXELS, *read(RAW), *read(VIEWER), Call("GET", objects(RECORDS)), *PUSH,
                       Call("GET", objects(STATE))],
    "job-build": [*ROOMS, *PIXELS, *read(RAW), store(RAW), access(CONFIG), Call("GET", objects(RECORDS)),
                  Call("POST", f"run/v2/{JOB}:run", {}), *release("my-imaging-viewer")],
    "previewer": [*ROOMS, *PIXELS, access(CONFIG), *read(RAW), *read(VIEWER), *read(SMOKE), store(SMOKE), delete(SMOKE),
                  Call("GET", objects(RECORDS)), Call("GET", objects(RECORDS, "a")),
                  Call("DELETE", objects(STATE, "a")), Need("storage.objects.create", STACK_FILE),
                  Need("storage.objects.delete", STACK_FILE),
                  Call("POST", f"pubsub/v1/{P}/subscriptions/dicom-instances:pull", {"maxMessages": 1}),
                  Call("POST", f"run/v2/{JOB}:run", {})],
    "deployer": [*read(RAW), *read(VIEWER), store(RAW), access(TOKEN),
                 Call("POST", f"healthcare/v1/{RAW}:export", {}), Call("POST", f"healthcare/v1/{RAW}:import", {}),
                 Call("POST", f"iam/v1/{P}/serviceAccounts/imaging-job@my-imaging.iam.gserviceaccount.com/keys", {})],
}  # fmt: skip
