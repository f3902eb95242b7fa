"""What is stored is what Google would answer."""

from __future__ import annotations

from typing import Any

import pytest

from engine.discovery import Catalogue
from localcloud.control.canon import canonical

CATALOGUE = Catalogue()
PUBSUB = "pubsub.v1:projects.topics.create"
SECRETS = "secretmanager.v1:projects.secrets.create"
LOGGING = "logging.v2:projects.sinks.create"
RUN = "run.v2:projects.locations.jobs.create"
REGISTRY = "artifactregistry.v1:projects.locations.repositories.create"


@pytest.mark.parametrize(
    ("method", "schema", "sent", "stored"),
    [
        (
            "cloudbuild.v2:projects.locations.connections.create",
            "GitHubConfig",
            {"appInstallationId": 42},
            {"appInstallationId": "42"},
        ),
        (
            PUBSUB,
            "Subscription",
            {"ack_deadline_seconds": "10"},
            {"ackDeadlineSeconds": 10},
        ),
        (PUBSUB, "Subscription", {"deadLetterPolicy": None}, {}),
        (PUBSUB, "Subscription", {"expirationPolicy": {}}, {"expirationPolicy": {}}),
        (PUBSUB, "Topic", {"labels": {}, "kmsKeyName": ""}, {}),
        (PUBSUB, "Topic", {"labels": {"a": ""}}, {"labels": {"a": ""}}),
        (
            SECRETS,
            "Secret",
            {"replication": {"automatic": {}}},
            {"replication": {"automatic": {}}},
        ),
        (SECRETS, "Secret", {"createTime": "2020-01-01T00:00:00Z"}, {}),
        (LOGGING, "LogSink", {"disabled": False, "exclusions": []}, {"disabled": False}),
        (RUN, "GoogleCloudRunV2TaskTemplate", {"maxRetries": 0}, {"maxRetries": 0}),
        (
            REGISTRY,
            "Repository",
            {"cleanupPolicies": {"keep": {"mostRecentVersions": {"keepCount": 3, "packageNamePrefixes": []}}}},
            {"cleanupPolicies": {"keep": {"mostRecentVersions": {"keepCount": 3}}}},
        ),
    ],
)
def test_a_body_becomes_googles_json(method: str, schema: str, sent: dict[str, Any], stored: dict[str, Any]) -> None:
    assert canonical(CATALOGUE.method(method).document, schema, sent) == stored
