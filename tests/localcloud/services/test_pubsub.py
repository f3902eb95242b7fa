"""Pub/Sub over HTTP: what is delivered, when again, and where it ends up when nobody can use it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from localcloud.control.special.agents import ensure_agent
from tests.localcloud.services.client import PROJECT, Api, Clock

HOST = f"pubsub.googleapis.com/v1/{PROJECT}"
TOPIC = f"{PROJECT}/topics/stored"
AGENT = "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"


@pytest.fixture
def backlog(api: Api) -> Api:
    api.call("PUT", f"{HOST}/topics/stored", {})
    api.call("PUT", f"{HOST}/subscriptions/backlog", {"topic": TOPIC, "ackDeadlineSeconds": 30})
    return api


def publish(api: Api, *texts: str, topic: str = "stored") -> list[str]:
    messages = [{"data": base64.b64encode(text.encode()).decode(), "attributes": {"kind": "test"}} for text in texts]
    return api.call("POST", f"{HOST}/topics/{topic}:publish", {"messages": messages})["messageIds"]


def pull(api: Api, subscription: str = "backlog", count: int = 10) -> list[dict[str, Any]]:
    answer = api.call(
        "POST", f"{HOST}/subscriptions/{subscription}:pull", {"maxMessages": count, "returnImmediately": True}
    )
    return answer.get("receivedMessages", [])


def texts(received: list[dict[str, Any]]) -> list[str]:
    return [base64.b64decode(item["message"]["data"]).decode() for item in received]


def acknowledge(api: Api, received: list[dict[str, Any]]) -> None:
    api.call("POST", f"{HOST}/subscriptions/backlog:acknowledge", {"ackIds": [item["ackId"] for item in received]})


def test_a_message_arrives_with_its_data_attributes_and_id(backlog: Api) -> None:
    [message_id] = publish(backlog, "one")

    [received] = pull(backlog)

    assert texts([received]) == ["one"]
    assert received["message"]["attributes"] == {"kind": "test"}
    assert received["message"]["messageId"] == message_id
    assert "deliveryAttempt" not in received, "only with a dead-letter policy, as on Google"


def test_a_subscription_gets_only_what_is_published_after_it_was_made(backlog: Api) -> None:
    publish(backlog, "early")
    backlog.call("PUT", f"{HOST}/subscriptions/late", {"topic": TOPIC})
    publish(backlog, "now")

    assert texts(pull(backlog, "late")) == ["now"]
    assert texts(pull(backlog)) == ["early", "now"]


def test_a_leased_message_is_hidden_until_its_deadline_then_comes_again(backlog: Api, clock: Clock) -> None:
    publish(backlog, "one")
    assert texts(pull(backlog)) == ["one"]

    clock.advance(29)
    assert pull(backlog) == []
    clock.advance(2)

    assert texts(pull(backlog)) == ["one"]


def test_an_acknowledged_message_never_comes_again(backlog: Api, clock: Clock) -> None:
    publish(backlog, "one", "two")
    acknowledge(backlog, pull(backlog, count=1))

    clock.advance(31)

    assert texts(pull(backlog)) == ["two"]


def test_an_ack_of_an_earlier_lease_does_not_take_the_message_from_its_new_holder(backlog: Api, clock: Clock) -> None:
    publish(backlog, "one")
    first = pull(backlog)
    clock.advance(31)
    pull(backlog)

    acknowledge(backlog, first)
    clock.advance(31)

    assert texts(pull(backlog)) == ["one"]


def test_a_deadline_can_be_extended_and_given_back(backlog: Api, clock: Clock) -> None:
    publish(backlog, "one")
    [received] = pull(backlog)
    modify = f"{HOST}/subscriptions/backlog:modifyAckDeadline"

    backlog.call("POST", modify, {"ackIds": [received["ackId"]], "ackDeadlineSeconds": 100})
    clock.advance(60)
    assert pull(backlog) == []
    backlog.call("POST", modify, {"ackIds": [received["ackId"]], "ackDeadlineSeconds": 0})

    assert texts(pull(backlog)) == ["one"]


def test_the_retry_policy_delays_what_was_given_back(backlog: Api, clock: Clock) -> None:
    policy = {"minimumBackoff": "20s", "maximumBackoff": "60s"}
    backlog.call("PUT", f"{HOST}/subscriptions/patient", {"topic": TOPIC, "retryPolicy": policy})
    publish(backlog, "one")
    [received] = pull(backlog, "patient")
    nack = {"ackIds": [received["ackId"]], "ackDeadlineSeconds": 0}
    backlog.call("POST", f"{HOST}/subscriptions/patient:modifyAckDeadline", nack)

    clock.advance(19)
    assert pull(backlog, "patient") == []
    clock.advance(2)

    assert texts(pull(backlog, "patient")) == ["one"]


def dead_lettered(api: Api) -> None:
    api.call("PUT", f"{HOST}/topics/dead", {})
    api.call("PUT", f"{HOST}/subscriptions/dead", {"topic": f"{PROJECT}/topics/dead"})
    policy = {"deadLetterTopic": f"{PROJECT}/topics/dead", "maxDeliveryAttempts": 5}
    api.call(
        "PUT", f"{HOST}/subscriptions/strict", {"topic": TOPIC, "deadLetterPolicy": policy, "ackDeadlineSeconds": 10}
    )


def allow_forwarding(api: Api) -> None:
    for path, role in (("topics/dead", "roles/pubsub.publisher"), ("subscriptions/strict", "roles/pubsub.subscriber")):
        ensure_agent(api.parts.cloud, "pubsub")
        policy = {"bindings": [{"role": role, "members": [AGENT]}]}
        api.call("POST", f"{HOST}/{path}:setIamPolicy", {"policy": policy})


def test_a_message_delivered_too_often_moves_to_the_dead_letter_topic(backlog: Api, clock: Clock) -> None:
    dead_lettered(backlog)
    allow_forwarding(backlog)
    publish(backlog, "poison")
    attempts: list[int] = []
    for _ in range(5):
        attempts += [item["deliveryAttempt"] for item in pull(backlog, "strict")]
        clock.advance(11)

    [dead] = pull(backlog, "dead")

    assert attempts == [1, 2, 3, 4, 5]
    assert texts([dead]) == ["poison"]
    assert dead["message"]["attributes"]["CloudPubSubDeadLetterSourceSubscription"] == "strict"
    assert dead["message"]["attributes"]["CloudPubSubDeadLetterSourceDeliveryCount"] == "5"
    assert pull(backlog, "strict") == []


def test_without_its_grants_the_service_agent_forwards_nothing_and_delivery_goes_on(backlog: Api, clock: Clock) -> None:
    dead_lettered(backlog)
    publish(backlog, "poison")
    for _ in range(6):
        assert texts(pull(backlog, "strict")) == ["poison"]
        clock.advance(11)

    assert pull(backlog, "dead") == []


def test_seek_brings_back_retained_messages_and_drops_older_ones(backlog: Api, clock: Clock) -> None:
    keep = {"topic": TOPIC, "retainAckedMessages": True}
    backlog.call("PUT", f"{HOST}/subscriptions/keeping", keep)
    publish(backlog, "old")
    clock.advance(100)
    publish(backlog, "new")
    ids = [item["ackId"] for item in pull(backlog, "keeping")]
    backlog.call("POST", f"{HOST}/subscriptions/keeping:acknowledge", {"ackIds": ids})
    assert pull(backlog, "keeping") == []
    between = "2020-01-01T00:00:00Z"

    backlog.call("POST", f"{HOST}/subscriptions/keeping:seek", {"time": between})

    assert texts(pull(backlog, "keeping")) == ["old", "new"]


def test_seek_to_now_purges(backlog: Api, clock: Clock) -> None:
    publish(backlog, "one")

    backlog.call("POST", f"{HOST}/subscriptions/backlog:seek", {"time": "2999-01-01T00:00:00.123456789Z"})

    assert pull(backlog) == []


def test_messages_are_dropped_when_retention_is_over(backlog: Api, clock: Clock) -> None:
    publish(backlog, "one")

    clock.advance(7 * 86400 + 1)

    assert pull(backlog) == []


def test_a_deleted_topic_leaves_the_subscription_with_what_it_has(backlog: Api) -> None:
    publish(backlog, "one")

    backlog.call("DELETE", f"{HOST}/topics/stored")

    assert backlog.call("GET", f"{HOST}/subscriptions/backlog")["topic"] == "_deleted-topic_"
    assert texts(pull(backlog)) == ["one"]
    status, message = backlog.refused("POST", f"{HOST}/topics/stored:publish", {"messages": [{"data": "eA=="}]})
    assert status == 404
    assert "stored" in message


def test_a_subscription_made_again_starts_empty(backlog: Api) -> None:
    publish(backlog, "one")
    backlog.call("DELETE", f"{HOST}/subscriptions/backlog")

    backlog.call("PUT", f"{HOST}/subscriptions/backlog", {"topic": TOPIC})

    assert pull(backlog) == []


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ({"data": "no base64!"}, "Base64"),
        ({}, "neither data nor attributes"),
        ({"data": ""}, "neither data nor attributes"),
    ],
)
def test_a_message_that_is_none_is_refused_and_nothing_is_published(backlog: Api, message: Any, named: str) -> None:
    status, text = backlog.refused("POST", f"{HOST}/topics/stored:publish", {"messages": [message, {"data": "eA=="}]})

    assert status == 400
    assert named in text
    assert pull(backlog) == []


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"topic": f"{PROJECT}/topics/none"}, 404, "none"),
        ({"topic": TOPIC, "filter": "attributes.x"}, 501, "filter"),
        ({"topic": TOPIC, "pushConfig": {"pushEndpoint": "https://x"}}, 501, "push"),
        ({"topic": TOPIC, "ackDeadlineSeconds": 5}, 400, "ackDeadlineSeconds"),
        (
            {"topic": TOPIC, "deadLetterPolicy": {"deadLetterTopic": TOPIC, "maxDeliveryAttempts": 2}},
            400,
            "maxDelivery",
        ),
    ],
)
def test_a_subscription_that_would_not_work_is_refused(backlog: Api, body: Any, status: int, named: str) -> None:
    code, message = backlog.refused("PUT", f"{HOST}/subscriptions/other", body)

    assert (code, named in message) == (status, True), message


def test_pulling_needs_the_permission_on_the_subscription(backlog: Api) -> None:
    reader = backlog.account("reader")

    status, message = backlog.refused("POST", f"{HOST}/subscriptions/backlog:pull", {"maxMessages": 1}, account=reader)

    assert status == 403
    assert "pubsub.subscriptions.consume" in message


def test_a_detached_subscription_says_so(backlog: Api) -> None:
    backlog.call("POST", f"{HOST}/subscriptions/backlog:detach", {})

    status, message = backlog.refused("POST", f"{HOST}/subscriptions/backlog:pull", {"maxMessages": 1})

    assert (status, "detached" in message) == (400, True)


def test_an_ack_id_that_is_none_is_refused(backlog: Api) -> None:
    status, message = backlog.refused("POST", f"{HOST}/subscriptions/backlog:acknowledge", {"ackIds": ["nonsense"]})

    assert (status, "nonsense" in message) == (400, True)


def test_messages_of_a_clock_that_was_set_back_are_delivered(backlog: Api, clock: Clock) -> None:
    publish(backlog, "later")
    clock.advance(-7200)

    assert texts(pull(backlog)) == ["later"]


def test_a_lease_of_a_clock_that_was_set_back_lapses(backlog: Api, clock: Clock) -> None:
    publish(backlog, "leased")
    pull(backlog)
    clock.advance(-7200)

    assert texts(pull(backlog)) == ["leased"]
