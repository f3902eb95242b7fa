"""Messages: none is lost because nobody read it in time, or because it could not be read."""

from __future__ import annotations

from collections.abc import Iterator

from policy.durations import at_least
from policy.resource_view import Seen
from policy.rule import Finding, Need, needs, stack_rule
from policy.stack import Stack

SUBSCRIPTION = "gcp:pubsub/subscription:Subscription"
STORE = "gcp:healthcare/dicomStore:DicomStore"
TOPIC_GRANT = "gcp:pubsub/topicIAMMember:TopicIAMMember"
READ_GRANT = "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember"
PUBLISHES, TAKES = "roles/pubsub.publisher", "roles/pubsub.subscriber"
SMOKE = "smoke"
"""Name of the store that holds nothing but test slides."""

NEVER_EXPIRES = needs(
    "subscriptions-stay",
    "",
    SUBSCRIPTION,
    "A subscription never expires by itself.",
    Need(
        "expirationPolicy.ttl",
        lambda value: value == "",
        "is deleted by Google after 31 days without a reader, and nobody is told",
        'Set expirationPolicy.ttl to "" (never).',
    ),
)
a_week = at_least(7)


def is_probe(stack: Stack, subscription: Seen) -> bool:
    """Only a test looks at its messages, which are of test slides; nothing is lost with them."""
    if subscription.get("labels.purpose") != "probe":
        return False
    announcing = (store for store in stack.of(STORE) if store.get("name") != SMOKE)
    return subscription.get("topic") not in {store.get("notificationConfig.pubsubTopic") for store in announcing}


@stack_rule("messages-wait", "", SUBSCRIPTION, holds=("messageRetentionDuration",))
def messages_wait(stack: Stack, subscription: Seen) -> Iterator[Finding]:
    """A subscription keeps what is not read for a week at least, unless it is a test's own (label `purpose: probe`)."""
    if not is_probe(stack, subscription) and not a_week(subscription.get("messageRetentionDuration")):
        yield Finding(
            "forgets a message that was not read within a week", 'Set messageRetentionDuration to "604800s" or more.'
        )


@stack_rule("unreadable-messages-are-set-aside", "", SUBSCRIPTION, holds=("deadLetterPolicy.deadLetterTopic",))
def unreadable_messages_are_set_aside(stack: Stack, subscription: Seen) -> Iterator[Finding]:
    """A message that cannot be read goes to a dead letter topic, which has a subscription itself."""
    dead = {str(other.get("deadLetterPolicy.deadLetterTopic")) for other in stack.of(SUBSCRIPTION)} - {"None"}
    if str(subscription.get("topic")) in dead or is_probe(stack, subscription):
        return
    letters = subscription.get("deadLetterPolicy.deadLetterTopic")
    if not letters:
        yield Finding("delivers an unreadable message for ever", "Set deadLetterPolicy.deadLetterTopic.")
    elif letters not in {other.get("topic") for other in stack.of(SUBSCRIPTION)}:
        yield Finding("sends dead letters where nobody subscribes", "Declare a subscription of the dead letter topic.")


@stack_rule("subscription-is-fed", "", SUBSCRIPTION, holds=("topic",))
def subscription_is_fed(stack: Stack, subscription: Seen) -> Iterator[Finding]:
    """A subscription reads a topic on which a store announces, or to which dead letters go."""
    announced = {store.get("notificationConfig.pubsubTopic") for store in stack.of(STORE)}
    dead = {other.get("deadLetterPolicy.deadLetterTopic") for other in stack.of(SUBSCRIPTION)}
    if subscription.get("topic") not in (announced | dead) - {None}:
        yield Finding(
            "reads a topic on which nothing is announced, so it waits for ever",
            "Give the store it is for a notificationConfig.pubsubTopic of this topic.",
        )


@stack_rule("messages-may-flow", "", (STORE, SUBSCRIPTION))
def messages_may_flow(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """Google's agents may announce what a store takes, and set aside what cannot be read: without it nothing is heard.

    A push that Google signs is no way round: the platform reads its subscriptions itself.
    """
    topic = seen.get("notificationConfig.pubsubTopic") if seen.type == STORE else None
    if topic and not may(stack, TOPIC_GRANT, "topic", str(topic), PUBLISHES, "healthcare"):
        yield Finding(
            f"announces on {topic}, where the Healthcare API's agent may not publish",
            f"Grant {PUBLISHES} on the topic to service-NUMBER@gcp-sa-healthcare.iam.gserviceaccount.com.",
        )
    letters = seen.get("deadLetterPolicy.deadLetterTopic") if seen.type == SUBSCRIPTION else None
    if letters and not (
        may(stack, TOPIC_GRANT, "topic", str(letters), PUBLISHES, "pubsub")
        and may(stack, READ_GRANT, "subscription", str(seen.get("name")), TAKES, "pubsub")
    ):
        yield Finding(
            "has a topic for dead letters to which Pub/Sub's agent may not forward",
            f"Grant it {PUBLISHES} on that topic and {TAKES} on this subscription.",
        )


def may(stack: Stack, type_: str, on: str, what: str, role: str, agent: str) -> bool:
    """Whether Google's agent has the role on the topic or subscription, without a condition."""
    return any(
        str(grant.get(on)).rpartition("/")[2] == what.rpartition("/")[2]
        and grant.get("role") == role
        and not grant.get("condition")
        and str(grant.get("member")).endswith(f"@gcp-sa-{agent}.iam.gserviceaccount.com")
        for grant in stack.of(type_)
    )


RULES = (NEVER_EXPIRES, messages_wait, unreadable_messages_are_set_aside, subscription_is_fed, messages_may_flow)
