"""Pub/Sub's data plane: publish, pull, acknowledge, seek, dead letters. Topics and subscriptions themselves are generic
resources of the control plane. Messages live in memory and in a journal, from which
`resume` reads them after a restart. Not here: push, filters, snapshots."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.errors import ApiError
from localcloud.forms import duration, epoch
from localcloud.pubsub.backlog import Backlog, Message
from localcloud.pubsub.bodies import ack_ids, back_off, check_subscription, decode, message_body, origin, show_received
from localcloud.pubsub.journal import BacklogJournal

HOST = "pubsub.googleapis.com"
DELETED_TOPIC = "_deleted-topic_"
DAY = 86400.0

Listener = Callable[[str, dict[str, Any]], None]
"""Told the topic and the message, as `PubsubMessage`, after each publish; for parts of this process."""


class PubSub:
    """Registers itself with the cloud: methods of `pubsub.v1` and the clean-up after a delete."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.backlogs: dict[str, Backlog] = {}
        self.journal = BacklogJournal(cloud.data / "pubsub.jsonl")
        self.listeners: list[Listener] = []
        self.numbers = itertools.count(int(cloud.clock() * 1000))
        self.lock = threading.RLock()
        subscriptions = "pubsub.v1:projects.subscriptions."
        cloud.methods |= {
            "pubsub.v1:projects.topics.publish": self.publish_call,
            subscriptions + "pull": self.pull,
            subscriptions + "acknowledge": self.acknowledge,
            subscriptions + "modifyAckDeadline": self.modify_ack_deadline,
            subscriptions + "seek": self.seek,
            subscriptions + "detach": self.detach,
        }
        for method in ("create", "patch"):
            cloud.checks.setdefault(subscriptions + method, []).append(check_subscription)
        cloud.on_delete.append(self.forget)

    def publish(self, topic: str, data: bytes, attributes: dict[str, str], ordering_key: str = "") -> str:
        """Hand one message to every subscription of the topic; returns its id; `ApiError` 404 without the topic."""
        self.topic(topic)
        with self.lock:
            message = Message(
                id=str(next(self.numbers)), data=data, attributes=attributes,
                published=self.cloud.clock(), ordering_key=ordering_key,
            )  # fmt: skip
            for name, resource in self.cloud.resources.all(HOST).items():
                if resource.get("topic") == topic and "/subscriptions/" in name and not resource.get("detached"):
                    self.journal.keep(name, self.backlog(name).add(message))
        for listener in self.listeners:
            listener(topic, message_body(message))
        return message.id

    def publish_call(self, call: Call) -> dict[str, Any]:
        topic = call.name
        self.topic(topic)
        messages = [decode(message, index) for index, message in enumerate(call.body.get("messages", []))]
        if not 1 <= len(messages) <= 1000:
            raise ApiError(400, f"A request publishes 1 to 1000 messages; this one to {topic} has {len(messages)}.")
        return {"messageIds": [self.publish(topic, *message) for message in messages]}

    def pull(self, call: Call) -> dict[str, Any]:
        """Answers at once with what is due, possibly nothing (Google may wait some seconds for a first message)."""
        name, subscription = self.subscription(call)
        wanted = int(call.body.get("maxMessages", 0))
        if wanted < 1:
            raise ApiError(400, f"maxMessages of a pull from {name} is {wanted}; it must be a positive number.")
        with self.lock:
            self.move_dead_letters()
            now = self.cloud.clock()
            retention = duration(subscription.get("messageRetentionDuration"), 7 * DAY)
            for message_id in self.backlog(name).expire(now - retention):
                self.journal.forget(name, message_id)
            leased = self.backlog(name).lease(min(wanted, 1000), now, subscription.get("ackDeadlineSeconds") or 10)
            for delivery in leased:
                self.journal.keep(name, delivery)
            counted = bool(subscription.get("deadLetterPolicy"))
            return {"receivedMessages": [show_received(d, counted) for d in leased]} if leased else {}

    def acknowledge(self, call: Call) -> dict[str, Any]:
        name, subscription = self.subscription(call)
        with self.lock:
            retain = bool(subscription.get("retainAckedMessages"))
            for ack_id in ack_ids(call):
                if not (ended := self.backlog(name).acknowledge(ack_id, retain=retain)):
                    continue
                if retain:
                    self.journal.keep(name, ended)
                else:
                    self.journal.forget(name, ended.message.id)
        return {}

    def modify_ack_deadline(self, call: Call) -> dict[str, Any]:
        """0 seconds gives the message back: it is due again now, or after the retry policy's back-off."""
        name, subscription = self.subscription(call)
        seconds = call.body.get("ackDeadlineSeconds", 0)
        if not 0 <= seconds <= 600:
            raise ApiError(400, f"ackDeadlineSeconds for {name} is {seconds}; it must be from 0 to 600.")
        with self.lock:
            for delivery in filter(None, map(self.backlog(name).leased_as, ack_ids(call))):
                delivery.due = self.cloud.clock() + (seconds or back_off(subscription, delivery.attempts))
            self.move_dead_letters()
        return {}

    def seek(self, call: Call) -> dict[str, Any]:
        name, subscription = self.subscription(call)
        if "time" not in call.body:
            raise ApiError(501, f"The local cloud keeps no snapshots; seek {name} to a time instead.")
        with self.lock:
            retain = bool(subscription.get("retainAckedMessages"))
            backlog = self.backlog(name)
            before = list(backlog.deliveries)
            backlog.seek(epoch(call.body["time"]), self.cloud.clock(), retain=retain)
            for message_id in before:
                if kept := backlog.deliveries.get(message_id):
                    self.journal.keep(name, kept)
                else:
                    self.journal.forget(name, message_id)
        return {}

    def detach(self, call: Call) -> dict[str, Any]:
        name, subscription = self.subscription(call)
        with self.lock:
            self.cloud.resources.put(HOST, name, subscription | {"detached": True})
            self.drop(name)
        return {}

    def drop(self, subscription: str) -> None:
        if self.backlogs.pop(subscription, None):
            self.journal.forget(subscription)

    def resume(self) -> None:
        """Owe what was owed when the local cloud last ended."""
        with self.lock:
            self.backlogs = self.journal.read()
            used = [int(message_id) for backlog in self.backlogs.values() for message_id in backlog.deliveries]
            self.numbers = itertools.count(max([int(self.cloud.clock() * 1000), *(number + 1 for number in used)]))

    async def close(self) -> None:
        with self.lock:
            self.journal.close()

    def move_dead_letters(self) -> None:
        """Forward what was delivered too often - only while the service agent may; otherwise it stays, as on Google."""
        for name, backlog in list(self.backlogs.items()):
            policy = (self.cloud.resources.get(HOST, name) or {}).get("deadLetterPolicy") or {}
            topic = policy.get("deadLetterTopic", "")
            used_up = backlog.find_used_up(policy.get("maxDeliveryAttempts") or 5, self.cloud.clock()) if topic else []
            if not used_up or not self.may_forward(name, topic):
                continue
            for delivery in used_up:
                backlog.forget(delivery.message.id)
                self.journal.forget(name, delivery.message.id)
                self.publish(topic, delivery.message.data, delivery.message.attributes | origin(name, delivery))

    def may_forward(self, subscription: str, topic: str) -> bool:
        agent = f"serviceAccount:{self.cloud.service_agent('gcp-sa-pubsub')}"
        allowed = self.cloud.iam.is_allowed
        return (
            self.cloud.resources.get(HOST, topic) is not None
            and allowed(agent, "pubsub.topics.publish", f"//{HOST}/{topic}")
            and allowed(agent, "pubsub.subscriptions.consume", f"//{HOST}/{subscription}")
        )

    def backlog(self, subscription: str) -> Backlog:
        return self.backlogs.setdefault(subscription, Backlog())

    def topic(self, name: str) -> dict[str, Any]:
        if (resource := self.cloud.resources.get(HOST, name)) is None:
            raise ApiError(404, f"Resource not found (resource={name.rpartition('/')[2]}).")
        return resource

    def subscription(self, call: Call) -> tuple[str, dict[str, Any]]:
        name = call.name
        resource = self.cloud.resources.get(HOST, name)
        if resource is None:
            raise ApiError(404, f"Resource not found (resource={name.rpartition('/')[2]}).")
        if resource.get("detached"):
            raise ApiError(400, f"Subscription {name} is detached from its topic.", status="FAILED_PRECONDITION")
        return name, resource

    def forget(self, host: str, name: str) -> None:
        """A deleted subscription loses its messages; a deleted topic leaves its subscriptions, with a name for it."""
        if host != HOST:
            return
        with self.lock:
            self.drop(name)
            for subscription, resource in self.cloud.resources.all(HOST).items():
                if resource.get("topic") == name:
                    self.cloud.resources.put(HOST, subscription, resource | {"topic": DELETED_TOPIC})
