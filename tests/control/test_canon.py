"""What is stored is what Google would answer."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.control.canon import canonical
from localcloud.control.discovery import Catalogue

CATALOGUE = Catalogue()


@pytest.mark.parametrize(
    ("method", "schema", "sent", "stored"),
    [
        ("bigquery.v2:datasets.insert", "Dataset", {"defaultTableExpirationMs": 3600000}, {"defaultTableExpirationMs": "3600000"}),
        ("pubsub.v1:projects.topics.create", "Subscription", {"ack_deadline_seconds": "10"}, {"ackDeadlineSeconds": 10}),
        ("pubsub.v1:projects.topics.create", "Subscription", {"deadLetterPolicy": None}, {}),
        ("pubsub.v1:projects.topics.create", "Subscription", {"expirationPolicy": {}}, {"expirationPolicy": {}}),
        ("pubsub.v1:projects.topics.create", "Topic", {"labels": {}, "kmsKeyName": ""}, {}),
        ("pubsub.v1:projects.topics.create", "Topic", {"labels": {"a": ""}}, {"labels": {"a": ""}}),
        ("secretmanager.v1:projects.secrets.create", "Secret", {"replication": {"automatic": {}}}, {"replication": {"automatic": {}}}),
        ("secretmanager.v1:projects.secrets.create", "Secret", {"createTime": "2020-01-01T00:00:00Z"}, {}),
        ("logging.v2:projects.sinks.create", "LogSink", {"disabled": False, "exclusions": []}, {"disabled": False}),
        ("run.v2:projects.locations.jobs.create", "GoogleCloudRunV2TaskTemplate", {"maxRetries": 0}, {"maxRetries": 0}),
        (
            "artifactregistry.v1:projects.locations.repositories.create",
            "Repository",
            {"cleanupPolicies": {"keep": {"mostRecentVersions": {"keepCount": 3, "packageNamePrefixes": []}}}},
            {"cleanupPolicies": {"keep": {"mostRecentVersions": {"keepCount": 3}}}},
        ),
    ],
)
def test_a_body_becomes_googles_json(method: str, schema: str, sent: dict[str, Any], stored: dict[str, Any]) -> None:
    assert canonical(CATALOGUE.method(method).document, schema, sent) == stored
