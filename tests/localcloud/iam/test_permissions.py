"""The permission of each method: by rule, or by the table of exceptions."""

from __future__ import annotations

from typing import Any

import pytest

from engine.apis import APIS
from engine.discovery import Catalogue
from localcloud.iam.permissions import EXCEPTIONS, required_permission

CATALOGUE = Catalogue()
POOLS = "iam.v1:projects.locations.workloadIdentityPools"
PROJECTS = "cloudresourcemanager.v1:projects"
STORES = "healthcare.v1:projects.locations.datasets.dicomStores"
JOBS = "run.v2:projects.locations.jobs"


@pytest.mark.parametrize(
    ("method", "permission"),
    [
        (f"{STORES}.create", "healthcare.dicomStores.create"),
        (f"{STORES}.patch", "healthcare.dicomStores.update"),
        (f"{STORES}.getIamPolicy", "healthcare.dicomStores.getIamPolicy"),
        (f"{STORES}.import", "healthcare.dicomStores.import"),
        (f"{STORES}.searchForStudies", "healthcare.dicomStores.dicomWebRead"),
        (f"{STORES}.storeInstances", "healthcare.dicomStores.dicomWebWrite"),
        (f"{STORES}.studies.delete", "healthcare.dicomStores.dicomWebDelete"),
        (f"{STORES}.studies.series.instances.frames.retrieveFrames", "healthcare.dicomStores.dicomWebRead"),
        ("healthcare.v1:projects.locations.datasets.operations.get", "healthcare.operations.get"),
        ("pubsub.v1:projects.topics.publish", "pubsub.topics.publish"),
        ("pubsub.v1:projects.subscriptions.pull", "pubsub.subscriptions.consume"),
        ("pubsub.v1:projects.subscriptions.acknowledge", "pubsub.subscriptions.consume"),
        ("pubsub.v1:projects.subscriptions.modifyAckDeadline", "pubsub.subscriptions.consume"),
        ("secretmanager.v1:projects.secrets.addVersion", "secretmanager.versions.add"),
        ("secretmanager.v1:projects.secrets.versions.access", "secretmanager.versions.access"),
        ("storage.v1:buckets.insert", "storage.buckets.create"),
        ("storage.v1:buckets.setIamPolicy", "storage.buckets.setIamPolicy"),
        ("storage.v1:objects.list", "storage.objects.list"),
        (f"{JOBS}.run", "run.jobs.run"),
        ("cloudscheduler.v1:projects.locations.jobs.run", "cloudscheduler.jobs.run"),
        ("iam.v1:projects.serviceAccounts.create", "iam.serviceAccounts.create"),
        ("iam.v1:projects.roles.patch", "iam.roles.update"),
        (
            f"{POOLS}.providers.create",
            "iam.workloadIdentityPoolProviders.create",
        ),
        ("iamcredentials.v1:projects.serviceAccounts.generateAccessToken", "iam.serviceAccounts.getAccessToken"),
        (f"{PROJECTS}.setIamPolicy", "resourcemanager.projects.setIamPolicy"),
        ("serviceusage.v1:services.batchEnable", "serviceusage.services.enable"),
        ("logging.v2:projects.locations.buckets.createAsync", "logging.buckets.create"),
        ("cloudbuild.v1:projects.locations.triggers.create", "cloudbuild.builds.create"),
        ("cloudbuild.v2:projects.locations.connections.create", "cloudbuild.connections.create"),
        ("workflowexecutions.v1:projects.locations.workflows.executions.create", "workflows.executions.create"),
        ("firebasehosting.v1beta1:sites.channels.create", "firebasehosting.sites.update"),
        ("firebasehosting.v1beta1:sites.releases.list", "firebasehosting.sites.list"),
        ("firebasehosting.v1beta1:projects.sites.create", "firebasehosting.sites.create"),
        ("firebase.v1beta1:projects.webApps.create", "firebase.clients.create"),
        ("billingbudgets.v1:billingAccounts.budgets.create", "billing.budgets.create"),
        ("monitoring.v3:services.serviceLevelObjectives.create", "monitoring.slos.create"),
    ],
)
def test_the_permission_is_googles(method: str, permission: str) -> None:
    assert required_permission(CATALOGUE.method(method), None) == permission


@pytest.mark.parametrize(
    ("body", "permission"),
    [
        (None, "run.jobs.run"),
        ({}, "run.jobs.run"),
        ({"overrides": {"taskCount": 2}}, "run.jobs.runWithOverrides"),
    ],
)
def test_overrides_need_a_permission_of_their_own(body: Any, permission: str) -> None:
    assert required_permission(CATALOGUE.method(f"{JOBS}.run"), body) == permission


@pytest.mark.parametrize("method", [f"{STORES}.testIamPermissions", f"{PROJECTS}.testIamPermissions"])
def test_asking_what_one_may_needs_nothing(method: str) -> None:
    assert required_permission(CATALOGUE.method(method), None) is None


@pytest.mark.parametrize("exception", sorted(EXCEPTIONS))
def test_each_exception_is_a_method_that_the_rule_gets_wrong(exception: str, monkeypatch: pytest.MonkeyPatch) -> None:
    label, _, where = exception.partition(":")
    found = [m for m in _all_methods(label) if m.id.split(":")[1] == where]
    assert found
    with_it = required_permission(found[0], None)

    monkeypatch.delitem(EXCEPTIONS, exception)

    assert required_permission(found[0], None) != with_it


def _all_methods(label: str) -> list[Any]:
    for base in APIS[f"{label}.googleapis.com"]:
        CATALOGUE.match(f"{label}.googleapis.com", "GET", f"/{base}/x")
    return [m for m in CATALOGUE._methods.values() if m.document.host.startswith(f"{label}.")]
