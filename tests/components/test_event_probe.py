from __future__ import annotations

from components.event_probe import EventProbe, EventProbeArgs
from tests.components.looking import children, inputs
from tests.harness import Deploy, Graph

HEALTHCARE = "serviceAccount:service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com"
READER = "group:testers@example.org"


def probe(deploy: Deploy) -> Graph:
    args = EventProbeArgs(
        location="europe-west4",
        topic="dicom-smoke",
        healthcare_agent=HEALTHCARE,
        reader=READER,
        labels={"environment": "test"},
    )
    return deploy(lambda: EventProbe("probe", args))


def test_it_declares_a_topic_and_a_subscription_with_one_grant_each(deploy: Deploy) -> None:
    assert children(probe(deploy), "probe") == {
        "probe-topic": "pubsub/topic:Topic",
        "probe-announced": "pubsub/topicIAMMember:TopicIAMMember",
        "probe-subscription": "pubsub/subscription:Subscription",
        "probe-read": "pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    }


def test_google_announces_and_one_identity_reads(deploy: Deploy) -> None:
    graph = probe(deploy)

    announced, read = inputs(graph, "probe-announced"), inputs(graph, "probe-read")

    assert (announced["member"], announced["role"]) == (HEALTHCARE, "roles/pubsub.publisher")
    assert (read["member"], read["role"]) == (READER, "roles/pubsub.subscriber")


def test_announcements_stay_in_the_region_and_are_soon_forgotten(deploy: Deploy) -> None:
    graph = probe(deploy)

    policy = inputs(graph, "probe-topic")["messageStoragePolicy"]

    assert policy == {"allowedPersistenceRegions": ["europe-west4"]}
    assert inputs(graph, "probe-subscription")["messageRetentionDuration"] == "600s"
    assert inputs(graph, "probe-subscription")["expirationPolicy"] == {"ttl": ""}
