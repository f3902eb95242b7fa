"""Pub/Sub's JSON: reading and checking request bodies, writing `PubsubMessage` and `ReceivedMessage`. No state."""

from __future__ import annotations

import base64
from typing import Any

from localcloud.control.call import Call
from localcloud.errors import ApiError
from localcloud.forms import duration, from_base64, timestamp
from localcloud.pubsub.backlog import Message, MessageDelivery


def check_subscription(call: Call) -> None:
    """Refuse what would be accepted here and then silently not be done."""
    body = call.body.get("subscription", call.body)
    name = call.name
    if body.get("filter"):
        raise ApiError(501, f"The local cloud does not filter messages; leave out the filter of {name}.")
    if (body.get("pushConfig") or {}).get("pushEndpoint"):
        raise ApiError(501, f"The local cloud does not push messages; leave out the pushEndpoint of {name} and pull.")
    seconds = body.get("ackDeadlineSeconds") or 10
    if not 10 <= seconds <= 600:
        raise ApiError(400, f"ackDeadlineSeconds of {name} is {seconds}; it must be from 10 to 600.")
    attempts = (body.get("deadLetterPolicy") or {}).get("maxDeliveryAttempts") or 5
    if not 5 <= attempts <= 100:
        raise ApiError(400, f"maxDeliveryAttempts of {name} is {attempts}; it must be from 5 to 100.")


def decode(message: dict[str, Any], index: int) -> tuple[bytes, dict[str, str], str]:
    """Data, attributes and ordering key of one `PubsubMessage`; `ApiError` 400 naming the message that is wrong."""
    data = from_base64(message.get("data") or "")
    attributes: dict[str, str] = message.get("attributes") or {}
    if not data and not attributes:
        raise ApiError(400, f"messages[{index}] has neither data nor attributes; a message needs one of them.")
    return data, attributes, message.get("orderingKey", "")


def message_body(message: Message) -> dict[str, Any]:
    """A message as `PubsubMessage`, without empty fields."""
    body = {
        "data": base64.b64encode(message.data).decode(), "attributes": message.attributes,
        "messageId": message.id, "publishTime": timestamp(message.published), "orderingKey": message.ordering_key,
    }  # fmt: skip
    return {key: value for key, value in body.items() if value}


def show_received(delivery: MessageDelivery, counted: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"ackId": delivery.ack_id, "message": message_body(delivery.message)}
    return body | {"deliveryAttempt": delivery.attempts} if counted else body


def ack_ids(call: Call) -> list[str]:
    ids: list[str] = call.body.get("ackIds", [])
    if not ids:
        raise ApiError(400, f"No ack ids were given for {call.params['subscription']}.")
    for ack_id in ids:
        if not all(part.isdigit() for part in ack_id.partition("-")[::2]):
            raise ApiError(400, f"You have passed an invalid ack ID to the service (ack_id={ack_id}).")
    return ids


def back_off(subscription: dict[str, Any], attempts: int) -> float:
    policy = subscription.get("retryPolicy")
    if not policy:
        return 0.0
    least, most = duration(policy.get("minimumBackoff"), 10), duration(policy.get("maximumBackoff"), 600)
    return min(most, least * 2 ** (attempts - 1))


def origin(subscription: str, delivery: MessageDelivery) -> dict[str, str]:
    """The attributes that Google adds to a forwarded message."""
    return {
        "CloudPubSubDeadLetterSourceSubscription": subscription.rpartition("/")[2],
        "CloudPubSubDeadLetterSourceSubscriptionProject": subscription.split("/")[1],
        "CloudPubSubDeadLetterSourceDeliveryCount": str(delivery.attempts),
        "CloudPubSubDeadLetterSourceTopicPublishTime": timestamp(delivery.message.published),
    }
