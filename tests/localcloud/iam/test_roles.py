"""Predefined roles: what they give, and just as much what they do not."""

from __future__ import annotations

import re

import pytest

from localcloud.iam import roles

TABLE = roles.table()
READ = "healthcare.dicomStores.dicomWebRead"
WRITE = "healthcare.dicomStores.dicomWebWrite"
DELETE = "healthcare.dicomStores.dicomWebDelete"
EXPORT = "healthcare.dicomStores.export"


@pytest.mark.parametrize(
    ("role", "gives", "does_not_give"),
    [
        ("roles/owner", [READ, "anything.at.all"], []),
        (
            "roles/editor",
            [WRITE, "pubsub.topics.create"],
            ["resourcemanager.projects.setIamPolicy", "storage.objects.get"],
        ),
        (
            "roles/viewer",
            [READ, EXPORT, "run.jobs.get"],
            [WRITE, "storage.objects.get", "secretmanager.versions.access"],
        ),
        ("roles/browser", ["resourcemanager.projects.get"], ["run.jobs.get"]),
        ("roles/healthcare.dicomViewer", [READ, EXPORT, "healthcare.operations.get"], [WRITE, DELETE]),
        ("roles/healthcare.dicomEditor", [READ, WRITE, DELETE, EXPORT], ["healthcare.dicomStores.delete"]),
        ("roles/healthcare.dicomStoreViewer", ["healthcare.dicomStores.get"], [READ]),
        ("roles/healthcare.datasetViewer", ["healthcare.operations.get"], ["healthcare.dicomStores.get"]),
        ("roles/pubsub.publisher", ["pubsub.topics.publish"], ["pubsub.topics.get", "pubsub.subscriptions.consume"]),
        (
            "roles/pubsub.subscriber",
            ["pubsub.subscriptions.consume"],
            ["pubsub.topics.publish", "pubsub.subscriptions.get"],
        ),
        ("roles/pubsub.editor", ["pubsub.topics.create"], ["pubsub.topics.setIamPolicy"]),
        ("roles/storage.objectCreator", ["storage.objects.create"], ["storage.objects.get", "storage.objects.delete"]),
        (
            "roles/storage.objectUser",
            ["storage.objects.delete"],
            ["storage.objects.setIamPolicy", "storage.buckets.get"],
        ),
        ("roles/storage.legacyBucketReader", ["storage.objects.list"], ["storage.objects.get"]),
        ("roles/run.invoker", ["run.jobs.run"], ["run.jobs.runWithOverrides", "run.jobs.get"]),
        ("roles/run.jobsExecutor", ["run.jobs.run"], ["run.jobs.runWithOverrides", "run.jobs.get"]),
        ("roles/run.jobsExecutorWithOverrides", ["run.jobs.runWithOverrides"], ["run.executions.get"]),
        ("roles/secretmanager.viewer", ["secretmanager.versions.get"], ["secretmanager.versions.access"]),
        (
            "roles/artifactregistry.reader",
            ["artifactregistry.repositories.downloadArtifacts"],
            ["artifactregistry.tags.create"],
        ),
        (
            "roles/cloudkms.cryptoKeyDecrypter",
            ["cloudkms.cryptoKeyVersions.useToDecrypt"],
            ["cloudkms.cryptoKeyVersions.useToEncrypt"],
        ),
        ("roles/cloudkms.admin", ["cloudkms.cryptoKeys.create"], ["cloudkms.cryptoKeyVersions.useToDecrypt"]),
        (
            "roles/firebase.viewer",
            ["firebasehosting.sites.get", "storage.objects.get"],
            ["firebasehosting.sites.update"],
        ),
        ("roles/iam.serviceAccountUser", ["iam.serviceAccounts.actAs"], ["iam.serviceAccounts.getAccessToken"]),
        ("roles/logging.logWriter", ["logging.logEntries.create"], ["logging.logEntries.list"]),
        ("roles/unknown", [], [READ]),
    ],
)
def test_a_role_gives_and_withholds(role: str, gives: list[str], does_not_give: list[str]) -> None:
    assert [p for p in gives if not roles.grants(role, p)] == []
    assert [p for p in does_not_give if roles.grants(role, p)] == []


@pytest.mark.parametrize("role", sorted(TABLE))
def test_every_entry_of_the_table_is_a_permission_or_a_role_of_it(role: str) -> None:
    for entry in TABLE[role]:
        if entry.startswith("@"):
            included = entry[1:]
            assert included in TABLE
            # A withdrawal in an included role would take from the including one too.
            assert not any(other.startswith("!") for other in TABLE[included])
        else:
            assert re.fullmatch(r"!?(\*|[a-zA-Z]+|\*)(\.(\*|[a-zA-Z0-9]+)){0,2}\*?", entry), entry


def test_the_table_says_itself_how_old_it_is() -> None:
    assert roles.compared_on().year >= 2026
    assert not roles.is_predefined(roles.DATE)
