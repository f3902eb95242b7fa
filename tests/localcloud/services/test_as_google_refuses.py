"""What Google refuses of stores, objects and sites, and this did not."""

from __future__ import annotations

from tests.localcloud.services.client import LOCATION, Api


def test_a_store_announces_by_the_old_field_or_the_new_one_not_by_both(api: Api) -> None:
    """terraform-google-healthcare#126: a store taken over with `notificationConfigs` refuses the provider's PATCH."""
    root = f"healthcare.googleapis.com/v1/{LOCATION}/datasets"
    api.call("POST", f"{root}?datasetId=d", {})
    old, new = {"notificationConfig": {"pubsubTopic": "t"}}, {"notificationConfigs": [{"pubsubTopic": "t"}]}
    api.call("POST", f"{root}/d/dicomStores?dicomStoreId=s", new)

    both = api.refused("POST", f"{root}/d/dicomStores?dicomStoreId=r", old | new)
    beside = api.refused("PATCH", f"{root}/d/dicomStores/s?updateMask=notificationConfig", old)
    instead = api.call("PATCH", f"{root}/d/dicomStores/s?updateMask=notificationConfig,notificationConfigs", old)

    assert [status for status, _ in (both, beside)] == [400, 400]
    assert "NotificationConfig and NotificationConfigs are not compatible" in beside[1]
    assert "notificationConfigs" not in instead
