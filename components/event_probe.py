"""A topic and a subscription through which one identity can see that a store announces what it is sent.

Owns: the proof's own stream. Deliberately not: the stream that the study job lives on (`ImagingArchive`); a test that
read from that one would take work away from the job.

Traps: the Healthcare agent must be allowed to publish before a store may name the topic; a subscription that nobody
reads for 31 days would expire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:EventProbe"
KEPT = "600s"
"""How long an announcement waits for its reader: Pub/Sub's minimum."""


@dataclass(frozen=True, kw_only=True)
class EventProbeArgs:
    location: str
    topic: str
    """Short name of the topic, and of the subscription to it."""
    healthcare_agent: pulumi.Input[str]
    """IAM member of Google's service agent, which publishes."""
    reader: pulumi.Input[str]
    """IAM member that pulls and acknowledges."""
    labels: Mapping[str, str]
    kms_key: str | None = None
    """Full name of a customer-managed key."""


class EventProbe(pulumi.ComponentResource):
    """`topic`, `subscription`, and `announces`: the grant that a store which names the topic must wait for."""

    topic: gcp.pubsub.Topic
    subscription: gcp.pubsub.Subscription
    announces: gcp.pubsub.TopicIAMMember

    def __init__(self, name: str, args: EventProbeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"topic": args.topic}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.topic = gcp.pubsub.Topic(
            f"{name}-topic",
            name=args.topic,
            labels=args.labels,
            message_storage_policy={"allowed_persistence_regions": [args.location]},
            kms_key_name=args.kms_key,
            opts=child,
        )
        self.announces = gcp.pubsub.TopicIAMMember(
            f"{name}-announced",
            topic=self.topic.name,
            role="roles/pubsub.publisher",
            member=args.healthcare_agent,
            opts=child,
        )
        self.subscription = gcp.pubsub.Subscription(
            f"{name}-subscription",
            name=args.topic,
            topic=self.topic.id,
            labels={**args.labels, "purpose": "probe"},
            ack_deadline_seconds=10,
            message_retention_duration=KEPT,
            expiration_policy={"ttl": ""},
            opts=child,
        )
        gcp.pubsub.SubscriptionIAMMember(
            f"{name}-read",
            subscription=self.subscription.name,
            role="roles/pubsub.subscriber",
            member=args.reader,
            opts=child,
        )
        self.register_outputs({"subscription": self.subscription.id})
