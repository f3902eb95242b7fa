"""The dataset, its DICOM stores, and the stream of notifications of new instances, with its backlog and dead letters.

Owns: that no image is lost by a change of configuration, and that no new instance goes unnoticed. Deliberately not:
who may read or write DICOM (`ArchiveAccess`), and what is done about a new instance (`StudyJobs`).

Traps this component knows:
* Replacing a dataset or store deletes every image at once and for good, and a change of `location`, `name`,
  `dataset` or the CMEK key *is* a replacement. So each is protected twice: `protect` (the engine refuses at preview)
  and `deletion_policy="PREVENT"` (the provider refuses at apply).
* Without publisher on the topic the Healthcare agent cannot notify, and STOW to the store fails: the grant comes
  first.
* Only `send_for_bulk_import` makes imported instances notify; without it they would silently never be prepared.
* Nothing with a customer's key can be made before Google may use the key; losing the key is losing the images.
* What is taken over is imported first and changed by a later deploy: an import that would change something fails.
* A dead letter needs Pub/Sub's own agent to publish there and to acknowledge here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:ImagingArchive"
MUTABLE = ("labels", "notificationConfig", "deletionPolicy")
"""What may differ when a store is taken over; the deploy after that brings it in line, in place."""
BACKLOG, DEAD = "dicom-instances", "dicom-instances-dead"
WEEK = f"{7 * 86_400}s"


def no_names() -> Mapping[str, str]:
    return {}


def no_topics() -> Mapping[str, pulumi.Input[str]]:
    return {}


@dataclass(frozen=True, kw_only=True)
class ImagingArchiveArgs:
    project: str
    location: str
    dataset: str
    stores: Sequence[str]
    notifying_store: str
    """The one of `stores` whose new instances are announced on the topic."""
    healthcare_agent: pulumi.Input[str]
    pubsub_agent: pulumi.Input[str]
    """IAM members of Google's service agents."""
    protected: bool
    labels: Mapping[str, str]
    kms_key: str | None = None
    """Full name of a customer-managed key for dataset and topics; for a dataset it can only be chosen when that is
    made. Google's agents may use it already."""
    store_names: Mapping[str, str] = field(default_factory=no_names)
    """Names in the dataset of those `stores` that are called otherwise there."""
    adopted: Collection[str] = ()
    """`dataset`, and those of `stores`, that exist already: taken over as they are, and protected at once."""
    other_topics: Mapping[str, pulumi.Input[str]] = field(default_factory=no_topics)
    """By store: full name of a topic of somebody else's on which it announces its instances."""
    after: Sequence[pulumi.Resource] = ()
    """What must be there before a store may name those topics."""


class ImagingArchive(pulumi.ComponentResource):
    """Stores by name, the dataset they are in, the topic, and the two subscriptions a person or job reads."""

    dataset: gcp.healthcare.Dataset
    stores: Mapping[str, gcp.healthcare.DicomStore]
    topic: gcp.pubsub.Topic
    backlog: gcp.pubsub.Subscription
    dead_letters: gcp.pubsub.Subscription
    backlog_name: str
    dead_letters_name: str
    """Short names of the two subscriptions."""

    def __init__(self, name: str, args: ImagingArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"datasetName": args.dataset, "storeNames": list(args.stores)}, opts)
        self._name, self._args = name, args
        policy = "PREVENT" if args.protected else "DELETE"
        dataset = f"projects/{args.project}/locations/{args.location}/datasets/{args.dataset}"
        self.dataset = gcp.healthcare.Dataset(
            f"{name}-dataset",
            name=args.dataset,
            location=args.location,
            encryption_spec={"kms_key_name": args.kms_key} if args.kms_key else None,
            deletion_policy=policy,
            opts=self._keep_images("dataset", dataset, []),
        )
        self.topic, announces = self._topic()
        self.backlog, self.dead_letters = self._backlog()
        topics = {**args.other_topics, args.notifying_store: self.topic.id}
        self.stores = {
            store: gcp.healthcare.DicomStore(
                f"{name}-{store}",
                name=self._name_of(store),
                dataset=self.dataset.id,
                labels=args.labels,
                notification_config={"pubsub_topic": topics[store], "send_for_bulk_import": True}
                if store in topics
                else None,
                deletion_policy=policy,
                # The backlog too comes before the store: a message nobody subscribes to is gone.
                opts=self._keep_images(
                    store, f"{dataset}/dicomStores/{self._name_of(store)}", [announces, self.backlog, *args.after]
                ),
            )
            for store in args.stores
        }
        self.backlog_name, self.dead_letters_name = BACKLOG, DEAD
        self.register_outputs(
            {"dataset": self.dataset.id, "stores": {store: made.id for store, made in self.stores.items()}}
        )

    def _name_of(self, store: str) -> str:
        return self._args.store_names.get(store, store)

    def _keep_images(self, key: str, id_: str, after: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        """Options of what holds images; `id_` is its full name, for taking it over."""
        adopted = key in self._args.adopted
        return pulumi.ResourceOptions(
            parent=self,
            protect=self._args.protected or adopted,
            depends_on=list(after),
            import_=id_ if adopted else None,
            ignore_changes=list(MUTABLE) if adopted else None,
        )

    def _child(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _topic(self) -> tuple[gcp.pubsub.Topic, pulumi.Resource]:
        """The topic, and the grant without which the store cannot announce anything on it."""
        topic = gcp.pubsub.Topic(
            f"{self._name}-instances",
            name=BACKLOG,
            labels=self._args.labels,
            message_storage_policy={"allowed_persistence_regions": [self._args.location]},
            kms_key_name=self._args.kms_key,
            opts=self._child(),
        )
        announces = gcp.pubsub.TopicIAMMember(
            f"{self._name}-instances-announced",
            topic=topic.name,
            role="roles/pubsub.publisher",
            member=self._args.healthcare_agent,
            opts=self._child(),
        )
        return topic, announces

    def _backlog(self) -> tuple[gcp.pubsub.Subscription, gcp.pubsub.Subscription]:
        """What the job drains, and where messages end that it cannot read; neither ever expires."""
        dead = gcp.pubsub.Topic(
            f"{self._name}-dead",
            name=DEAD,
            labels=self._args.labels,
            message_storage_policy={"allowed_persistence_regions": [self._args.location]},
            kms_key_name=self._args.kms_key,
            opts=self._child(),
        )
        dead_letters = gcp.pubsub.Subscription(
            f"{self._name}-dead-letters",
            name=DEAD,
            topic=dead.id,
            labels=self._args.labels,
            # Whoever looks at a message acknowledges it by the lease that the look gave.
            ack_deadline_seconds=600,
            message_retention_duration=f"{31 * 86_400}s",
            expiration_policy={"ttl": ""},
            opts=self._child(),
        )
        backlog = gcp.pubsub.Subscription(
            f"{self._name}-backlog",
            name=BACKLOG,
            topic=self.topic.id,
            labels=self._args.labels,
            ack_deadline_seconds=600,
            message_retention_duration=WEEK,
            expiration_policy={"ttl": ""},
            retry_policy={"minimum_backoff": "10s", "maximum_backoff": "600s"},
            dead_letter_policy={"dead_letter_topic": dead.id, "max_delivery_attempts": 10},
            opts=self._child(),
        )
        gcp.pubsub.TopicIAMMember(
            f"{self._name}-dead-published",
            topic=dead.name,
            role="roles/pubsub.publisher",
            member=self._args.pubsub_agent,
            opts=self._child(),
        )
        gcp.pubsub.SubscriptionIAMMember(
            f"{self._name}-dead-forwarded",
            subscription=backlog.name,
            role="roles/pubsub.subscriber",
            member=self._args.pubsub_agent,
            opts=self._child(),
        )
        return backlog, dead_letters
