from __future__ import annotations

from typing import Any

import pytest

from components.job_records import JobRecords, JobRecordsArgs
from tests.components.looking import children, grants, inputs, node
from tests.harness import Deploy, Graph


def records(deploy: Deploy, **changes: Any) -> Graph:
    args: dict[str, Any] = {
        "project": "dicom-local",
        "location": "europe-west4",
        "bucket": "some-records",
        "staged_bucket": "some-pixels",
        "protected": True,
        "labels": {"environment": "test"},
        "users": {"job": "group:job@example.org"},
        "readers": {"smoke": "group:smoke@example.org"},
        "adders": {"starter": "group:starter@example.org"},
    }
    return deploy(lambda: JobRecords("records", JobRecordsArgs(**args | changes)))


def test_it_declares_a_bucket_and_who_uses_its_objects(deploy: Deploy) -> None:
    assert children(records(deploy), "records") == {
        "records-bucket": "storage/bucket:Bucket",
        "records-staged": "storage/bucket:Bucket",
        "records-staged-used-by-job": "storage/bucketIAMMember:BucketIAMMember",
        "records-used-by-job": "storage/bucketIAMMember:BucketIAMMember",
        "records-read-by-smoke": "storage/bucketIAMMember:BucketIAMMember",
        "records-added-to-by-starter": "storage/bucketIAMMember:BucketIAMMember",
    }
    assert grants(records(deploy)) == {
        ("group:job@example.org", "roles/storage.objectUser", "some-records"),
        ("group:job@example.org", "roles/storage.objectUser", "some-pixels"),
        ("group:smoke@example.org", "roles/storage.objectViewer", "some-records"),
        ("group:starter@example.org", "roles/storage.objectCreator", "some-records"),
    }


def test_nothing_in_it_can_be_public_or_have_rules_of_its_own(deploy: Deploy) -> None:
    bucket = inputs(records(deploy), "records-bucket")

    assert bucket["uniformBucketLevelAccess"] is True
    assert bucket["publicAccessPrevention"] == "enforced"


def test_what_is_overwritten_stays_a_while_and_claims_of_events_go_after_a_day(deploy: Deploy) -> None:
    bucket = inputs(records(deploy, keep_old_versions_days=9), "records-bucket")

    assert bucket["versioning"] == {"enabled": True}
    assert [rule["condition"] for rule in bucket["lifecycleRules"]] == [
        {"daysSinceNoncurrentTime": 9},
        {"age": 1, "matchesPrefixes": ["starts/"]},
        {"age": 7, "matchesPrefixes": ["staged/"]},
    ]


def test_protection_keeps_bucket_and_objects(deploy: Deploy) -> None:
    graph = records(deploy, protected=True)

    assert node(graph, "records-bucket").protect
    assert inputs(graph, "records-bucket")["forceDestroy"] is False
    assert inputs(graph, "records-bucket")["softDeletePolicy"] == {"retentionDurationSeconds": 604_800}


def test_without_protection_it_goes_with_everything_in_it(deploy: Deploy) -> None:
    graph = records(deploy, protected=False)

    assert not node(graph, "records-bucket").protect
    assert inputs(graph, "records-bucket")["forceDestroy"] is True
    assert inputs(graph, "records-bucket")["softDeletePolicy"] == {"retentionDurationSeconds": 0}


@pytest.mark.parametrize("protected", [True, False])
def test_pixels_on_their_way_are_the_jobs_alone_and_nothing_of_them_is_kept(deploy: Deploy, protected: bool) -> None:
    graph = records(deploy, protected=protected, keep_staged_days=3)
    staged = inputs(graph, "records-staged")

    assert {who for who, _, bucket in grants(graph) if bucket == "some-pixels"} == {"group:job@example.org"}
    assert staged["versioning"] == {"enabled": False}
    assert staged["softDeletePolicy"] == {"retentionDurationSeconds": 0}
    assert staged["lifecycleRules"] == [{"action": {"type": "Delete"}, "condition": {"age": 3}}]
    assert staged["uniformBucketLevelAccess"] is True
    assert staged["publicAccessPrevention"] == "enforced"
    assert staged["forceDestroy"] is True


def test_rows_that_an_earlier_release_left_expire(deploy: Deploy) -> None:
    """They hold pixels, so no longer than a week."""
    rules = inputs(records(deploy), "records-bucket")["lifecycleRules"]
    [staged] = [rule for rule in rules if rule["condition"].get("matchesPrefixes") == ["staged/"]]

    assert staged["action"] == {"type": "Delete"}
    assert staged["condition"]["age"] == 7
