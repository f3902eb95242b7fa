"""Pub/Sub, Healthcare, secrets, Cloud Storage."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from tests.engine.all_types.common import LABELS, LOCATION, PROJECT
from tests.engine.all_types.identity import Identity


@dataclass(frozen=True)
class Data:
    topic: gcp.pubsub.Topic
    store: gcp.healthcare.DicomStore
    api_key: gcp.secretmanager.Secret
    github_token: gcp.secretmanager.SecretVersion
    bucket: gcp.storage.Bucket


def declare(identity: Identity) -> Data:
    topic = messaging(identity)
    store = imaging(identity, topic)
    api_key, github_token = secrets(identity)
    return Data(topic, store, api_key, github_token, bucket(identity))


def messaging(identity: Identity) -> gcp.pubsub.Topic:
    topic = gcp.pubsub.Topic(
        "dicom",
        name="dicom-new",
        labels=LABELS,
        message_storage_policy={"allowed_persistence_regions": [LOCATION]},
        message_retention_duration="86400s",
    )
    dead = gcp.pubsub.Topic("dead", name="dicom-dead")
    pull = gcp.pubsub.Subscription(
        "pull",
        name="dicom-pull",
        topic=topic.id,
        ack_deadline_seconds=60,
        labels=LABELS,
        message_retention_duration="1200s",
        enable_message_ordering=True,
        expiration_policy={"ttl": ""},
        retry_policy={"minimum_backoff": "10s", "maximum_backoff": "600s"},
        dead_letter_policy={"dead_letter_topic": dead.id, "max_delivery_attempts": 5},
    )
    gcp.pubsub.Subscription("plain", name="dead-pull", topic=dead.name)
    gcp.pubsub.TopicIAMMember("pub", topic=topic.name, role="roles/pubsub.publisher", member=identity.healthcare_agent)
    gcp.pubsub.SubscriptionIAMMember(
        "subm", subscription=pull.name, role="roles/pubsub.subscriber", member=identity.worker.member
    )
    return topic


def imaging(identity: Identity, topic: gcp.pubsub.Topic) -> gcp.healthcare.DicomStore:
    encrypted = gcp.healthcare.Dataset(
        "imaging",
        name="imaging",
        location=LOCATION,
        time_zone="UTC",
        encryption_spec={"kms_key_name": identity.key.id},
        opts=pulumi.ResourceOptions(depends_on=[identity.key_grant]),
    )
    plain = gcp.healthcare.Dataset("plain", name="plain", location=LOCATION)
    table = f"bq://{PROJECT}.dicom_meta.instances"
    store = gcp.healthcare.DicomStore(
        "store",
        name="store",
        dataset=encrypted.id,
        labels=LABELS,
        notification_config={"pubsub_topic": topic.id, "send_for_bulk_import": True},
        stream_configs=[{"bigquery_destination": {"table_uri": table}}],
    )
    gcp.healthcare.DicomStore("store2", name="store2", dataset=plain.id, notification_config={"pubsub_topic": topic.id})
    gcp.healthcare.DicomStoreIamMember(
        "store-sa", dicom_store_id=store.id, role="roles/healthcare.dicomEditor", member=identity.worker.member
    )
    gcp.healthcare.DatasetIamMember(
        "ds-sa", dataset_id=encrypted.id, role="roles/healthcare.datasetViewer", member=identity.worker.member
    )
    return store


def secrets(identity: Identity) -> tuple[gcp.secretmanager.Secret, gcp.secretmanager.SecretVersion]:
    api_key = gcp.secretmanager.Secret("api-key", secret_id="api-key", labels=LABELS, replication={"auto": {}})
    gcp.secretmanager.SecretVersion("api-key-v", secret=api_key.id, secret_data="hunter2")
    github = gcp.secretmanager.Secret(
        "gh-token",
        secret_id="gh-token",
        replication={"user_managed": {"replicas": [{"location": LOCATION}]}},
        annotations={"a": "b"},
    )
    token = gcp.secretmanager.SecretVersion("gh-token-v", secret=github.id, secret_data="ghp_x")
    gcp.secretmanager.SecretIamMember(
        "acc",
        secret_id=api_key.secret_id,
        role="roles/secretmanager.secretAccessor",
        member=identity.worker.member,
    )
    return api_key, token


def bucket(identity: Identity) -> gcp.storage.Bucket:
    logs = gcp.storage.Bucket(
        "logs-b",
        name="proj-fake-logs",
        location="EUROPE-WEST4",
        labels=LABELS,
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        force_destroy=True,
        retention_policy={"retention_period": "86400"},
        versioning={"enabled": True},
        lifecycle_rules=[{"action": {"type": "Delete"}, "condition": {"age": 400}}],
    )
    gcp.storage.BucketIAMMember(
        "bkt-sa", bucket=logs.name, role="roles/storage.objectViewer", member=identity.worker.member
    )
    return logs
