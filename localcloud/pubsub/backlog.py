"""What one subscription still owes its subscriber: leases, redelivery, retention, seek. Knows no API and no clock."""

from __future__ import annotations

from dataclasses import dataclass, field

LONGEST_LEASE = 600.0
"""Seconds: an acknowledgement deadline and a back-off are no longer."""


@dataclass(frozen=True, kw_only=True)
class Message:
    id: str
    data: bytes
    attributes: dict[str, str]
    published: float
    """Seconds since the epoch."""
    ordering_key: str = ""


@dataclass(kw_only=True)
class MessageDelivery:
    """One message on its way to one subscription."""

    message: Message
    due: float = 0.0
    """From when it may be handed out (again); at once when that is further away than any lease lasts."""
    attempts: int = 0
    acknowledged: bool = False

    def is_due(self, now: float) -> bool:
        """A clock that was set back leaves leases far in the future, which Pub/Sub never makes."""
        return self.due <= now or self.due > now + LONGEST_LEASE

    @property
    def ack_id(self) -> str:
        """Names the lease, not the message: an id of an earlier lease no longer counts."""
        return f"{self.message.id}-{self.attempts}"


@dataclass(kw_only=True)
class Backlog:
    """Deliveries in the order of publishing. Times are seconds since the epoch, handed in by the caller."""

    deliveries: dict[str, MessageDelivery] = field(default_factory=dict[str, MessageDelivery])
    """By message id; acknowledged ones stay only when `retain_acknowledged` was asked for."""

    def add(self, message: Message) -> MessageDelivery:
        delivery = self.deliveries[message.id] = MessageDelivery(message=message)
        return delivery

    def lease(self, count: int, now: float, deadline: float) -> list[MessageDelivery]:
        """Hand out up to `count` messages that are due, each for `deadline` seconds."""
        leased: list[MessageDelivery] = []
        for delivery in self.deliveries.values():
            if len(leased) == count:
                break
            if delivery.acknowledged or not delivery.is_due(now):
                continue
            delivery.attempts += 1
            delivery.due = now + deadline
            leased.append(delivery)
        return leased

    def leased_as(self, ack_id: str) -> MessageDelivery | None:
        """The delivery of a lease that no other followed; it may have lapsed, since Google takes late acks too."""
        delivery = self.deliveries.get(ack_id.rpartition("-")[0])
        return delivery if delivery and delivery.ack_id == ack_id and not delivery.acknowledged else None

    def acknowledge(self, ack_id: str, *, retain: bool) -> MessageDelivery | None:
        """The delivery that this ends, if the id still names a lease."""
        delivery = self.leased_as(ack_id)
        if delivery is None:
            return None
        if retain:
            delivery.acknowledged = True
        else:
            del self.deliveries[delivery.message.id]
        return delivery

    def find_used_up(self, attempts: int, now: float) -> list[MessageDelivery]:
        """Unacknowledged deliveries that were handed out `attempts` times and whose last lease is over."""
        return [d for d in self.deliveries.values() if d.attempts >= attempts and d.is_due(now) and not d.acknowledged]

    def forget(self, message_id: str) -> None:
        self.deliveries.pop(message_id, None)

    def expire(self, before: float) -> list[str]:
        """Drop what was published before that time: retention is over. The ids of what was dropped."""
        old = [i for i, d in self.deliveries.items() if d.message.published < before]
        for message_id in old:
            del self.deliveries[message_id]
        return old

    def seek(self, to: float, now: float, *, retain: bool) -> None:
        """Everything published before `to` counts as acknowledged, everything since as not yet delivered."""
        for delivery in list(self.deliveries.values()):
            if delivery.message.published >= to:
                delivery.acknowledged, delivery.due = False, now
            elif retain:
                delivery.acknowledged = True
            else:
                self.forget(delivery.message.id)
