"""Logging, monitoring, the budget."""

from __future__ import annotations

import json

import pulumi
import pulumi_gcp as gcp

from tests.engine.all_types.common import DESCRIPTION, LABELS, LOCATION, PROJECT
from tests.engine.all_types.data import Data
from tests.engine.all_types.identity import Identity

FAILED = (
    'resource.type="cloud_run_job" AND metric.type="run.googleapis.com/job/completed_execution_count"'
    ' AND metric.labels.result="failed"'
)
PASSED = 'metric.type="monitoring.googleapis.com/uptime_check/check_passed" resource.type="uptime_url"'


def declare(identity: Identity, data: Data) -> None:
    logs(data)
    channel = gcp.monitoring.NotificationChannel(
        "email",
        type="email",
        display_name="On call 1",
        labels={"email_address": "a@b.c"},
        user_labels=LABELS,
    )
    alerts(channel)
    service_level()
    budget(identity, channel)


def logs(data: Data) -> None:
    sink = gcp.logging.ProjectSink(
        "sink",
        name="audit-sink",
        destination=pulumi.Output.format("storage.googleapis.com/{0}", data.bucket.name),
        filter='logName:"cloudaudit.googleapis.com"',
        description=DESCRIPTION,
        unique_writer_identity=True,
    )
    gcp.storage.BucketIAMMember(
        "sink-w", bucket=data.bucket.name, role="roles/storage.objectCreator", member=sink.writer_identity
    )
    gcp.logging.ProjectBucketConfig(
        "default-logs", project=PROJECT, location="global", bucket_id="_Default", retention_days=90
    )
    gcp.logging.ProjectBucketConfig(
        "audit-logs",
        project=PROJECT,
        location=LOCATION,
        bucket_id="audit",
        retention_days=400,
        description=DESCRIPTION,
    )


def alerts(channel: gcp.monitoring.NotificationChannel) -> None:
    threshold = {
        "filter": FAILED,
        "comparison": "COMPARISON_GT",
        "duration": "0s",
        "threshold_value": 0,
        "trigger": {"count": 1},
        "aggregations": [{"alignment_period": "300s", "per_series_aligner": "ALIGN_DELTA"}],
    }
    gcp.monitoring.AlertPolicy(
        "job-failed",
        display_name="Job failed 1",
        combiner="OR",
        notification_channels=[channel.id],
        severity="ERROR",
        user_labels=LABELS,
        documentation={"content": "see runbook", "mime_type": "text/markdown"},
        alert_strategy={"auto_close": "1800s"},
        conditions=[{"display_name": "failed", "condition_threshold": threshold}],
    )
    gcp.monitoring.UptimeCheckConfig(
        "up",
        display_name="viewer 1",
        timeout="10s",
        period="300s",
        http_check={"path": "/", "port": 443, "use_ssl": True, "validate_ssl": True},
        monitored_resource={
            "type": "uptime_url",
            "labels": {"host": "viewer.example.org", "project_id": PROJECT},
        },
    )
    text = {"title": "x", "text": {"content": "hello", "format": "MARKDOWN"}}
    grid = {"columns": "2", "widgets": [text]}
    gcp.monitoring.Dashboard("dash", dashboard_json=json.dumps({"displayName": "Imaging 1", "gridLayout": grid}))


def service_level() -> None:
    service = gcp.monitoring.CustomService("svc", service_id="viewer-svc", display_name="viewer 1", user_labels=LABELS)
    gcp.monitoring.Slo(
        "slo",
        service=service.service_id,
        slo_id="avail",
        display_name="availability 1",
        goal=0.99,
        rolling_period_days=28,
        user_labels=LABELS,
        windows_based_sli={
            "window_period": "300s",
            "metric_mean_in_range": {"time_series": PASSED, "range": {"min": 0.5}},
        },
    )


def budget(identity: Identity, channel: gcp.monitoring.NotificationChannel) -> None:
    gcp.billing.Budget(
        "budget",
        billing_account="000000-AAAAAA-BBBBBB",
        display_name="imaging 1",
        amount={"specified_amount": {"currency_code": "EUR", "units": "100"}},
        budget_filter={
            "projects": [identity.number.apply(lambda number: f"projects/{number}")],
            "labels": {"team": "imaging"},
        },
        threshold_rules=[
            {"threshold_percent": 0.5},
            {"threshold_percent": 0.9},
            {"threshold_percent": 1.0, "spend_basis": "FORECASTED_SPEND"},
        ],
        all_updates_rule={
            "monitoring_notification_channels": [channel.id],
            "disable_default_iam_recipients": True,
        },
    )
