"""The bucket of the delivery's records: nobody writes to it by a grant, and nothing in it goes before its time."""

from __future__ import annotations

from typing import Any

from components.delivery_records import DeliveryRecords, DeliveryRecordsArgs
from tests.components.looking import children, grants, inputs, node
from tests.harness import Deploy, Graph


def records(deploy: Deploy, **changes: Any) -> Graph:
    args: dict[str, Any] = {
        "project": "dicom-local",
        "location": "europe-west4",
        "bucket": "some-deliveries",
        "protected": True,
        "labels": {"environment": "test"},
        "readers": {"previewer": "group:previewer@example.org"},
    }
    return deploy(lambda: DeliveryRecords("deliveries", DeliveryRecordsArgs(**args | changes)))


def test_it_declares_a_bucket_and_who_reads_it_and_lets_nobody_write(deploy: Deploy) -> None:
    assert children(records(deploy), "deliveries") == {
        "deliveries-bucket": "storage/bucket:Bucket",
        "deliveries-read-by-previewer": "storage/bucketIAMMember:BucketIAMMember",
    }
    assert grants(records(deploy)) == {
        ("group:previewer@example.org", "roles/storage.objectViewer", "some-deliveries"),
    }


def test_nothing_in_it_can_be_public_or_goes_before_its_time(deploy: Deploy) -> None:
    bucket = inputs(records(deploy, retention_days=30), "deliveries-bucket")

    assert bucket["uniformBucketLevelAccess"] is True
    assert bucket["publicAccessPrevention"] == "enforced"
    assert bucket["retentionPolicy"] == {"retentionPeriod": str(30 * 86_400)}
    assert "versioning" not in bucket, "sources differ on whether Google takes both"
    assert [rule["condition"] for rule in bucket["lifecycleRules"]] == [{"age": 400, "matchesPrefixes": ["reports/"]}]


def test_protection_keeps_the_bucket_and_without_it_everything_can_go(deploy: Deploy) -> None:
    kept, thrown = records(deploy, protected=True), records(deploy, protected=False)

    assert node(kept, "deliveries-bucket").protect
    assert inputs(kept, "deliveries-bucket")["forceDestroy"] is False
    assert inputs(thrown, "deliveries-bucket")["forceDestroy"] is True
    assert "retentionPolicy" not in inputs(thrown, "deliveries-bucket")
