"""Pub/Sub notifications of a DICOM store: one message an instance.

`notificationConfig` (the older field) and `notificationConfigs` name topics; a store has one or the other. A message's
data is the instance's resource name; its attributes are those that Google documents for DICOM notifications.
"""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.dicom.store.index import NewInstance
from localcloud.errors import ApiError
from localcloud.ports import Publisher

PUBLISH = "pubsub.topics.publish"


def check_settings(call: Call, store: dict[str, Any]) -> None:
    """Google's refusal of a store with both fields, whichever came first (terraform-google-healthcare#126)."""
    if store.get("notificationConfig") and store.get("notificationConfigs"):
        raise ApiError(
            400,
            "NotificationConfig and NotificationConfigs are not compatible. NotificationConfig is being deprecated, "
            "please use NotificationConfigs instead.",
        )


def check_publisher(cloud: Cloud, call: Call) -> None:
    """`ApiError` 403 for a store that would notify where it may not. When Google looks first was not seen: like the
    other agents' rights, here and at each STOW."""
    if "grants" in cloud.awkward:
        require_publisher(cloud, topics_of(call.body, bulk_import=False))


def topics_of(store: dict[str, Any], bulk_import: bool) -> list[str]:
    """Topics to tell about stored instances; an import tells the older field's topic only with sendForBulkImport."""
    older = store.get("notificationConfig") or {}
    topics = [config.get("pubsubTopic", "") for config in store.get("notificationConfigs") or []]
    if not bulk_import or older.get("sendForBulkImport"):
        topics.append(older.get("pubsubTopic", ""))
    return sorted({topic for topic in topics if topic})


def require_publisher(cloud: Cloud, wanted: list[str]) -> None:
    """Raises `ApiError` 403 unless the healthcare service agent may publish on each topic."""
    agent = cloud.service_agent("gcp-sa-healthcare")
    for topic in wanted:
        if not cloud.iam.is_allowed(f"serviceAccount:{agent}", PUBLISH, f"//pubsub.googleapis.com/{topic}"):
            raise ApiError(
                403,
                f"the Cloud Healthcare service agent {agent} lacks permission {PUBLISH} on topic {topic}, which "
                "this store notifies: nothing was stored; grant it roles/pubsub.publisher on the topic.",
            )


def publish_stored(
    cloud: Cloud, publisher: Publisher, wanted: list[str], store: str, instances: list[NewInstance], action: str
) -> None:
    """Publish one message an instance and topic. `action` is the name of the call, e.g. `StoreInstances`."""
    for instance in instances:
        r = instance.record
        name = f"{store}/dicomWeb/studies/{r.study}/series/{r.series}/instances/{r.instance}"
        attributes = {
            "action": action,
            "lastUpdatedTime": formatdate(cloud.clock(), usegmt=True),
            "storeName": store,
            "studyInstanceUID": r.study,
            "seriesInstanceUID": r.series,
            "sopInstanceUID": r.instance,
            "versionId": r.file,
            "modality": instance.modality,
            "storageClass": "STANDARD",
        }
        for topic in wanted:
            publisher.publish(topic, name.encode(), attributes)
