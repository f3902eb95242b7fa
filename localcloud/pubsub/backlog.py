"""What one subscription still owes its subscriber: leases, redelivery, retention, seek. Knows no API and no clock."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Message:
    id: str
    data: bytes
    attributes: dict[str, str]
    published: float
    """Seconds since the epoch."""
    ordering_key: str = ""


@dataclass(kw_only=True)
class Delivery:
    """One message on its way to one subscription."""

    message: Message
    due: float
    """From when it may be handed out (again)."""
    attempts: int = 0
    acknowledged: bool = False

    @property
    def ack_id(self) -> str:
        """Names the lease, not the message: an id of an earlier lease no longer counts."""
        return f"{self.message.id}-{self.attempts}"


@dataclass(kw_only=True)
class Backlog:
    """Deliveries in the order of publishing. Times are seconds since the epoch, handed in by the caller."""

    deliveries: dict[str, Delivery] = field(default_factory=dict[str, Delivery])
    """By message id; acknowledged ones stay only when `retain_acknowledged` was asked for."""

    def add(self, message: Message) -> None:
        self.deliveries[message.id] = Delivery(message=message, due=message.published)

    def lease(self, count: int, now: float, deadline: float) -> list[Delivery]:
        """Hand out up to `count` messages that are due, each for `deadline` seconds."""
        leased: list[Delivery] = []
        for delivery in self.deliveries.values():
            if len(leased) == count:
                break
            if delivery.acknowledged or delivery.due > now:
                continue
            delivery.attempts += 1
            delivery.due = now + deadline
            leased.append(delivery)
        return leased

    def leased_as(self, ack_id: str) -> Delivery | None:
        """The delivery of a lease that no other followed; it may have lapsed, since Google takes late acks too."""
        delivery = self.deliveries.get(ack_id.rpartition("-")[0])
        return delivery if delivery and delivery.ack_id == ack_id and not delivery.acknowledged else None

    def acknowledge(self, ack_id: str, *, retain: bool) -> None:
        delivery = self.leased_as(ack_id)
        if delivery is None:
            return
        if retain:
            delivery.acknowledged = True
        else:
            del self.deliveries[delivery.message.id]

    def used_up(self, attempts: int, now: float) -> list[Delivery]:
        """Unacknowledged deliveries that were handed out `attempts` times and whose last lease is over."""
        return [d for d in self.deliveries.values() if d.attempts >= attempts and d.due <= now and not d.acknowledged]

    def forget(self, message_id: str) -> None:
        self.deliveries.pop(message_id, None)

    def expire(self, before: float) -> None:
        """Drop what was published before that time: retention is over."""
        for message_id in [i for i, d in self.deliveries.items() if d.message.published < before]:
            del self.deliveries[message_id]

    def seek(self, to: float, now: float, *, retain: bool) -> None:
        """Everything published before `to` counts as acknowledged, everything since as not yet delivered."""
        for delivery in list(self.deliveries.values()):
            if delivery.message.published >= to:
                delivery.acknowledged, delivery.due = False, now
            elif retain:
                delivery.acknowledged = True
            else:
                self.forget(delivery.message.id)
