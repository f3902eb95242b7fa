"""Bodies against Google's schemas: refusals in Google's words, and no refusal that Google would not make."""

from __future__ import annotations

from typing import Any

import pytest

from engine.discovery import Catalogue
from localcloud.control import schema
from localcloud.errors import ApiError

CATALOGUE = Catalogue()
TOPIC = "pubsub.v1:projects.topics.create"
SUBSCRIPTION = "pubsub.v1:projects.subscriptions.create"
JOB = "run.v2:projects.locations.jobs.create"
STORE = "healthcare.v1:projects.locations.datasets.dicomStores.create"
VERSION = "secretmanager.v1:projects.secrets.addVersion"
SECRET = "secretmanager.v1:projects.secrets.create"
KEY = "cloudkms.v1:projects.locations.keyRings.cryptoKeys.create"


def problems(method: str, body: Any, **query: str) -> list[str]:
    try:
        schema.check(CATALOGUE.method(method), body, query)
    except ApiError as error:
        return error.message.split("\n") if error.code == 400 else [f"status {error.code}"]
    return []


@pytest.mark.parametrize(
    ("method", "body", "said"),
    [
        (TOPIC, {"lables": {}}, 'Invalid JSON payload received. Unknown name "lables": Cannot find field.'),
        (
            JOB,
            {"template": {"template": {"containers": [{"imge": "x"}]}}},
            "Invalid JSON payload received. Unknown name \"imge\" at 'template.template.containers[0]'",
        ),
        (TOPIC, {"messageRetentionDuration": "90d"}, "Invalid value at 'messageRetentionDuration' (google-duration)"),
        (TOPIC, {"labels": {"a": 5}}, "Invalid value at 'labels.a' (TYPE_STRING), '5'"),
        (TOPIC, {"labels": ["a"]}, "Invalid value at 'labels' (an object)"),
        (SUBSCRIPTION, {"ackDeadlineSeconds": "ten"}, "Invalid value at 'ackDeadlineSeconds' (TYPE_INT32), 'ten'"),
        (SUBSCRIPTION, {"enableMessageOrdering": "yes"}, "Invalid value at 'enableMessageOrdering' (TYPE_BOOL), 'yes'"),
        (STORE, {"streamConfigs": {}}, "Invalid value at 'streamConfigs' (a list)"),
        (KEY, {"purpose": "BOGUS"}, "Invalid value at 'purpose' (TYPE_ENUM), \"BOGUS\"; allowed: "),
        (KEY, {"nextRotationTime": "tomorrow"}, "Invalid value at 'nextRotationTime' (google-datetime)"),
        (VERSION, {"payload": {"data": "?!"}}, "Invalid value at 'payload.data' (byte), Base64 decoding failed"),
        (VERSION, {"payload": {"dataCrc32c": "1.5"}}, "Invalid value at 'payload.dataCrc32c' (int64)"),
        (STORE, {"streamConfigs": [None]}, "Invalid value at 'streamConfigs[0]' (no null in a list)"),
        (TOPIC, ["a"], "Invalid JSON payload received. The root of the payload is not an object."),
    ],
)
def test_a_wrong_body_is_refused(method: str, body: Any, said: str) -> None:
    found = problems(method, body)

    assert len(found) == 1
    assert found[0].startswith(said)


@pytest.mark.parametrize(
    ("method", "body"),
    [
        (SECRET, {"replication": {"automatic": {}}}),
        (SECRET, {"replication": {"automatic": None}}),
        (SUBSCRIPTION, {"ack_deadline_seconds": 10}),
        (SUBSCRIPTION, {"ackDeadlineSeconds": "10"}),
        (VERSION, {"payload": {"data": "_-8=", "dataCrc32c": 12}}),
        (
            KEY,
            {"createTime": "anything at all: it is output only", "nextRotationTime": "2030-01-01T00:00:00.123456789Z"},
        ),
        ("cloudbuild.v1:projects.locations.triggers.patch", {"id": "x", "approvalConfig": {}}),
        (TOPIC, {"messageRetentionDuration": "0.5s"}),
    ],
)
def test_what_google_takes_is_taken(method: str, body: Any) -> None:
    assert problems(method, body) == []


def test_all_problems_are_told_at_once_with_their_fields() -> None:
    with pytest.raises(ApiError) as refused:
        schema.check(CATALOGUE.method(TOPIC), {"a": 1, "labels": {"x": 2}}, {"bogus": "1"})

    violations = refused.value.body()["error"]["details"][0]["fieldViolations"]
    assert [violation["field"] for violation in violations] == ["", "", "labels.x"]


def test_an_unknown_query_parameter_is_refused() -> None:
    assert problems(TOPIC, {}, topicid="x")[0].startswith(
        'Invalid JSON payload received. Unknown name "topicid": Cannot bind query parameter.'
    )


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("artifactregistry.v1:projects.locations.repositories.create", {"repository_id": "images"}),
        ("pubsub.v1:projects.topics.patch", {"updateMask": "labels"}),
        (TOPIC, {"alt": "json", "prettyPrint": "false", "$.xgafv": "2"}),
    ],
)
def test_the_query_parameters_that_clients_send_are_taken(method: str, query: dict[str, str]) -> None:
    assert problems(method, {}, **query) == []
