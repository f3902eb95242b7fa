from __future__ import annotations

from typing import Any

import pulumi_gcp as gcp
import pytest

from components.imaging_archive import ImagingArchive, ImagingArchiveArgs
from engine import DeploymentFailed
from tests.components.looking import before, children, inputs, node
from tests.harness import Deploy, Graph

HEALTHCARE = "serviceAccount:service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com"
PUBSUB = "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"


def archive(deploy: Deploy, previous: Graph | None = None, **changes: Any) -> Graph:
    args: dict[str, Any] = {
        "project": "dicom-local",
        "location": "europe-west4",
        "dataset": "imaging",
        "stores": ["raw", "viewer"],
        "notifying_store": "raw",
        "healthcare_agent": HEALTHCARE,
        "pubsub_agent": PUBSUB,
        "protected": True,
        "labels": {"environment": "test"},
    }
    return deploy(lambda: ImagingArchive("archive", ImagingArchiveArgs(**args | changes)), previous=previous)


def test_it_declares_dataset_stores_topic_backlog_and_dead_letter_and_nothing_else(deploy: Deploy) -> None:
    assert children(archive(deploy), "archive") == {
        "archive-dataset": "healthcare/dataset:Dataset",
        "archive-raw": "healthcare/dicomStore:DicomStore",
        "archive-viewer": "healthcare/dicomStore:DicomStore",
        "archive-instances": "pubsub/topic:Topic",
        "archive-instances-announced": "pubsub/topicIAMMember:TopicIAMMember",
        "archive-dead": "pubsub/topic:Topic",
        "archive-dead-letters": "pubsub/subscription:Subscription",
        "archive-backlog": "pubsub/subscription:Subscription",
        "archive-dead-published": "pubsub/topicIAMMember:TopicIAMMember",
        "archive-dead-forwarded": "pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    }


@pytest.mark.parametrize("resource", ["archive-dataset", "archive-raw", "archive-viewer"])
def test_what_holds_images_is_protected_by_engine_and_provider(deploy: Deploy, resource: str) -> None:
    graph = archive(deploy, protected=True)

    assert node(graph, resource).protect
    assert inputs(graph, resource)["deletionPolicy"] == "PREVENT"


@pytest.mark.parametrize("resource", ["archive-dataset", "archive-raw"])
def test_without_protection_it_can_be_destroyed(deploy: Deploy, resource: str) -> None:
    graph = archive(deploy, protected=False)

    assert not node(graph, resource).protect
    assert inputs(graph, resource)["deletionPolicy"] == "DELETE"


def test_a_store_is_in_the_dataset_by_its_full_name(deploy: Deploy) -> None:
    dataset = "projects/dicom-local/locations/europe-west4/datasets/imaging"

    assert inputs(archive(deploy), "archive-raw")["dataset"] == dataset


def test_only_the_named_store_notifies_and_bulk_imports_notify_too(deploy: Deploy) -> None:
    graph = archive(deploy)

    assert inputs(graph, "archive-raw")["notificationConfig"] == {
        "pubsubTopic": "projects/dicom-local/topics/dicom-instances",
        "sendForBulkImport": True,
    }
    assert "notificationConfig" not in inputs(graph, "archive-viewer")


def test_google_may_publish_and_the_backlog_listens_before_there_is_a_store(deploy: Deploy) -> None:
    graph = archive(deploy)

    assert inputs(graph, "archive-instances-announced") == {
        "topic": "dicom-instances",
        "role": "roles/pubsub.publisher",
        "member": HEALTHCARE,
    }
    assert {"archive-instances-announced", "archive-backlog"} <= before(graph, "archive-raw")


def test_the_backlog_never_expires_and_keeps_a_week(deploy: Deploy) -> None:
    backlog = inputs(archive(deploy), "archive-backlog")

    assert backlog["expirationPolicy"] == {"ttl": ""}
    assert int(backlog["messageRetentionDuration"].rstrip("s")) >= 7 * 24 * 3600
    assert backlog["ackDeadlineSeconds"] == 600
    assert backlog["retryPolicy"] == {"minimumBackoff": "10s", "maximumBackoff": "600s"}


def test_dead_letters_are_kept_and_pubsub_may_move_them_there(deploy: Deploy) -> None:
    graph = archive(deploy)

    assert inputs(graph, "archive-backlog")["deadLetterPolicy"] == {
        "deadLetterTopic": "projects/dicom-local/topics/dicom-instances-dead",
        "maxDeliveryAttempts": 10,
    }
    assert inputs(graph, "archive-dead-letters")["topic"] == "projects/dicom-local/topics/dicom-instances-dead"
    assert inputs(graph, "archive-dead-letters")["expirationPolicy"] == {"ttl": ""}
    assert inputs(graph, "archive-dead-letters")["ackDeadlineSeconds"] == 600  # a person reads before acknowledging
    assert inputs(graph, "archive-dead-published")["member"] == PUBSUB
    assert inputs(graph, "archive-dead-published")["topic"] == "dicom-instances-dead"
    assert inputs(graph, "archive-dead-forwarded") == {
        "subscription": "dicom-instances",
        "role": "roles/pubsub.subscriber",
        "member": PUBSUB,
    }


def test_messages_stay_in_the_region_of_the_images(deploy: Deploy) -> None:
    graph = archive(deploy, location="europe-west6")

    for topic in ("archive-instances", "archive-dead"):
        assert inputs(graph, topic)["messageStoragePolicy"]["allowedPersistenceRegions"] == ["europe-west6"]


def test_a_key_of_the_customer_encrypts_dataset_and_topics(deploy: Deploy) -> None:
    key = "projects/dicom-local/locations/europe-west4/keyRings/ring/cryptoKeys/images"

    def usable() -> None:
        ring = gcp.kms.KeyRing("ring", name="ring", location="europe-west4")
        made = gcp.kms.CryptoKey("images", name="images", key_ring=ring.id)
        for service in ("healthcare", "pubsub"):
            agent = f"serviceAccount:service-123456789012@gcp-sa-{service}.iam.gserviceaccount.com"
            role = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
            gcp.kms.CryptoKeyIAMMember(service, crypto_key_id=made.id, role=role, member=agent)

    graph = archive(deploy, previous=deploy(usable), kms_key=key)

    assert inputs(graph, "archive-dataset")["encryptionSpec"] == {"kmsKeyName": key}
    for topic in ("archive-instances", "archive-dead"):
        assert inputs(graph, topic)["kmsKeyName"] == key
    assert "encryptionSpec" not in inputs(archive(deploy), "archive-dataset")


def test_google_itself_refuses_an_archive_whose_backlog_waits_too_long(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The graphs of these tests were checked: what Google's schema forbids fails here too."""
    monkeypatch.setattr("components.imaging_archive.WEEK", "a week")

    with pytest.raises(DeploymentFailed, match="messageRetentionDuration"):
        archive(deploy)
