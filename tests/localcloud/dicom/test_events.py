"""One message an instance, from an agent that may publish."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.localcloud.dicom.stores import TOPIC, allow_publishing, configure
from tests.localcloud.dicom.support import STORE, Served, instance_path, slide


@pytest.mark.parametrize(
    "fields", [{"notificationConfig": {"pubsubTopic": TOPIC}}, {"notificationConfigs": [{"pubsubTopic": TOPIC}]}]
)
def test_one_message_for_each_stored_instance(served: Served, fields: dict[str, Any]) -> None:
    configure(served, **fields)
    allow_publishing(served)
    a, b = slide(), slide()

    served.store(a, b, b"bad")
    served.store(a)

    assert [(topic, data.decode()) for topic, data, _ in served.published] == [
        (TOPIC, f"{STORE}/dicomWeb/{instance_path(ds)}") for ds in (a, b)
    ]
    attributes = served.published[0][2]
    assert attributes["action"] == "StoreInstances"
    assert attributes["storeName"] == STORE
    assert attributes["modality"] == "SM"
    assert attributes["sopInstanceUID"] == a.SOPInstanceUID
    assert abs(parsedate_to_datetime(attributes["lastUpdatedTime"]).timestamp() - time.time()) < 60


def test_call_fails_when_the_service_agent_may_not_publish(served: Served) -> None:
    configure(served, notificationConfig={"pubsubTopic": TOPIC})

    response = served.store(slide())

    assert response.status_code == 403
    message = response.json()["error"]["message"]
    assert "pubsub.topics.publish" in message
    assert TOPIC in message
    assert served.files() == []
