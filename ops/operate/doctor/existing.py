"""What is there already and stands in the way of a deploy: Google would refuse it after minutes, or keep refusing it.

Names that are taken after a deletion, a locked retention, stores that announce in the newer way, and regions without
one of the services. Each with the command that mends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from components.federation import POOL, PROVIDER
from ops.client.refusal import OpsRefused
from ops.deliver.stack import Stack
from ops.operate.doctor import Check, Diagnosis, Situation, examine, unseen
from ops.operate.doctor.endpoints import google_of

LOG_BUCKET = "imaging-audit"
TOPIC = "what exists"
REGIONAL = ("artifactregistry", "cloudscheduler", "eventarc", "healthcare", "workflows")
"""APIs of the program that say themselves which locations they serve, by `projects.locations.get`."""


def audit_log(at: Situation) -> Iterator[Diagnosis]:
    """The bucket of the audit logs: deleted ones are kept for a week, locked retentions for good."""
    project, location, days = at.settings.project, at.settings.location, at.settings.audit_retention_days
    try:
        bucket = at.google.find("logging", f"v2/projects/{project}/locations/{location}/buckets/{LOG_BUCKET}")
    except OpsRefused as refused:
        yield unseen(TOPIC, f"log bucket {LOG_BUCKET}", refused, "roles/logging.viewer on the project")
        return
    if bucket is None:
        return
    kept = int(bucket.get("retentionDays", 30))
    if bucket.get("lifecycleState") == "DELETE_REQUESTED":
        undelete = f"gcloud logging buckets undelete {LOG_BUCKET} --location={location} --project={project}"
        words = f"log bucket {LOG_BUCKET} was deleted in the last seven days, in which Google changes nothing of it"
        yield Diagnosis(TOPIC, "todo", words, (undelete,))
    elif bucket.get("locked") and kept != days:
        words = f"log bucket {LOG_BUCKET} is locked at {kept} days, and Google changes a locked retention neither way"
        yield Diagnosis(TOPIC, "todo", words, (at.configure("auditRetentionDays", str(kept)),))
    elif bucket.get("locked") and not at.settings.audit_retention_locked:
        words = f"log bucket {LOG_BUCKET} is locked, which cannot be undone"
        yield Diagnosis(TOPIC, "todo", words, (at.configure("auditRetentionLocked", "true"),))


def identity_pool(at: Situation) -> Iterator[Diagnosis]:
    """The pool through which GitHub's workflows look: a deleted one's id stays taken for 30 days."""
    project = at.settings.project
    if at.settings.github_repository_id is None:
        return
    try:
        pool = at.google.find("iam", f"v1/projects/{project}/locations/global/workloadIdentityPools/{POOL}")
    except OpsRefused as refused:
        yield unseen(TOPIC, f"identity pool {POOL}", refused, "roles/iam.workloadIdentityPoolViewer on the project")
        return
    if pool and pool.get("state") == "DELETED":
        where = f"--location=global --project={project}"
        do = (
            f"gcloud iam workload-identity-pools undelete {POOL} {where}",
            f"gcloud iam workload-identity-pools providers undelete {PROVIDER} --workload-identity-pool={POOL} {where}",
            f"pulumi config set -s {at.stack} --path 'dicom-platform:imports[{len(at.settings.imports)}]' github-pool",
        )
        yield Diagnosis(TOPIC, "todo", f"identity pool {POOL} was deleted, and its id stays taken for 30 days", do)


def notifications(at: Situation) -> Iterator[Diagnosis]:
    """A store that is taken over: Google takes no `notificationConfig` beside `notificationConfigs`."""
    settings = at.settings
    if "raw" not in settings.imports:
        return
    dataset = f"projects/{settings.project}/locations/{settings.location}/datasets/{settings.dataset}"
    name = f"{dataset}/dicomStores/{settings.raw_store}"
    try:
        store = at.google.find("healthcare", f"v1/{name}")
    except OpsRefused as refused:
        yield unseen(TOPIC, f"store {settings.raw_store}", refused, "roles/healthcare.dicomStoreViewer on the dataset")
        return
    if store is None:
        yield Diagnosis(
            TOPIC, "todo", f"there is no {name} to take over", ("name what exists in rawStore and dataset",)
        )
    elif topics := [config.get("pubsubTopic", "") for config in store.get("notificationConfigs", [])]:
        words = (
            f"store {settings.raw_store} announces on {', '.join(topics)} by notificationConfigs, beside which Google "
            "refuses the notificationConfig that the deploy after the adoption sets"
        )
        url = f"https://healthcare.googleapis.com/v1/{name}?updateMask=notificationConfigs"
        take_off = f'curl -X PATCH -H "Authorization: Bearer $(gcloud auth print-access-token)" -d \'{{}}\' "{url}"'
        do = ("subscribe whoever listens there to output topic, once it is deployed", f"then: {take_off}")
        yield Diagnosis(TOPIC, "todo", words, do)


def regions(at: Situation) -> Iterator[Diagnosis]:
    """Whether every service of the program is in the location; those that are off cannot be asked yet."""
    project, location = at.settings.project, at.settings.location
    missing: list[str] = []
    for api in REGIONAL:
        try:
            if at.google.find(api, f"v1/projects/{project}/locations/{location}") is None:
                missing.append(api)
        except OpsRefused:
            continue
    if missing:
        words = f"{', '.join(missing)} not served in {location}, by Google's own answer"
        yield Diagnosis("region", "todo", words, (at.configure("location", "REGION"),))


IN_THE_WAY: Sequence[Check] = (audit_log, identity_pool, notifications)
"""What no deploy should begin with."""


def refuse_what_stands_in_the_way(stack: Stack) -> None:
    """Raises `OpsRefused` with each thing that Google would refuse a deploy for, and what mends it."""
    situation = Situation(stack=stack.name, settings=stack.settings, google=google_of(stack))
    obstacles = [finding for finding in examine(situation, IN_THE_WAY) if finding.status == "todo"]
    if obstacles:
        raise OpsRefused("; ".join(f"{obstacle.what} ({' && '.join(obstacle.do)})" for obstacle in obstacles))
