from __future__ import annotations

from typing import Any

import pytest

from components.audit_trail import AuditTrail, AuditTrailArgs
from tests.components.looking import before, children, inputs, node
from tests.harness import Deploy, Graph


def trail(deploy: Deploy, **changes: Any) -> Graph:
    args: dict[str, Any] = {
        "project": "dicom-local",
        "location": "europe-west4",
        "services": ["healthcare.googleapis.com", "storage.googleapis.com"],
        "bucket": "audit-of-test",
        "retention_days": 400,
        "locked": False,
        "protected": True,
    }
    return deploy(lambda: AuditTrail("audit", AuditTrailArgs(**args | changes)))


def test_it_declares_one_configuration_a_service_and_where_logs_are_kept(deploy: Deploy) -> None:
    assert children(trail(deploy), "audit") == {
        "audit-healthcare": "projects/iAMAuditConfig:IAMAuditConfig",
        "audit-storage": "projects/iAMAuditConfig:IAMAuditConfig",
        "audit-bucket": "logging/projectBucketConfig:ProjectBucketConfig",
        "audit-sink": "logging/projectSink:ProjectSink",
        "audit-kept-once": "logging/projectExclusion:ProjectExclusion",
        "audit-view": "logging/logView:LogView",
    }


@pytest.mark.parametrize("service", ["healthcare", "storage"])
def test_reads_and_writes_are_logged_for_everybody(deploy: Deploy, service: str) -> None:
    config = inputs(trail(deploy), f"audit-{service}")

    assert config["service"] == f"{service}.googleapis.com"
    assert config["auditLogConfigs"] == [
        {"logType": "ADMIN_READ"},
        {"logType": "DATA_READ"},
        {"logType": "DATA_WRITE"},
    ]


def test_all_audit_logs_go_to_the_bucket_that_keeps_them(deploy: Deploy) -> None:
    sink = inputs(trail(deploy), "audit-sink")

    assert sink["destination"] == (
        "logging.googleapis.com/projects/dicom-local/locations/europe-west4/buckets/audit-of-test"
    )
    assert sink["filter"] == (
        'log_id("cloudaudit.googleapis.com/activity") OR log_id("cloudaudit.googleapis.com/data_access")'
    )
    assert sink["uniqueWriterIdentity"] is True
    assert "exclusions" not in sink


def test_nothing_is_left_out_of_default_before_the_sink_that_keeps_it(deploy: Deploy) -> None:
    graph = trail(deploy)

    assert "audit-sink" in before(graph, "audit-kept-once")
    assert "audit-bucket" in before(graph, "audit-sink")


@pytest.mark.parametrize("locked", [True, False])
def test_a_retention_is_locked_only_when_asked(deploy: Deploy, locked: bool) -> None:
    bucket = inputs(trail(deploy, locked=locked, retention_days=2190), "audit-bucket")

    assert bucket["retentionDays"] == 2190
    assert bucket["locked"] is locked


def test_protection_guards_the_bucket(deploy: Deploy) -> None:
    assert node(trail(deploy), "audit-bucket").protect
    assert not node(trail(deploy, protected=False), "audit-bucket").protect


def test_a_reader_sees_the_data_access_log_and_no_other(deploy: Deploy) -> None:
    graph = trail(deploy, readers={"x": "group:auditors@example.org"})
    view, reads = inputs(graph, "audit-view"), inputs(graph, "audit-x-reads")

    assert view["filter"] == 'LOG_ID("cloudaudit.googleapis.com/data_access")'
    assert (view["parent"], view["location"], view["bucket"]) == (
        "projects/dicom-local",
        "europe-west4",
        "audit-of-test",
    )
    assert {key: reads[key] for key in ("name", "role", "member")} == {
        "name": "data-access",
        "role": "roles/logging.viewAccessor",
        "member": "group:auditors@example.org",
    }
