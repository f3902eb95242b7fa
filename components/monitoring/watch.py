"""Alerts on how the platform runs: work that waits, messages nobody can read, runs that fail or stay away.

Owns: one alert a sign of trouble, and the board that shows the same figures. Deliberately not: deeds against the
guardrails (`AuditAlerts`), promises to users (`ServiceLevels`), money (`Spending`).

Traps: a metric that has no points raises no threshold alert, so that a job which never runs is only seen by its
absence, and Google looks back 23.5 hours at most for that. The job ends with a failure when only some studies failed;
which ones is in its log and in their readiness reports.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from pulumi_gcp.monitoring import AlertPolicyAlertStrategyArgsDict, AlertPolicyConditionArgsDict

TYPE = "dicom-platform:components:Watch"
LONGEST_ABSENCE = "84600s"
"""23.5 hours: Cloud Monitoring looks back no further."""
AUTO_CLOSE, RATE_LIMIT = "86400s", "3600s"
ENDED = "run.googleapis.com/job/completed_execution_count"


class Limit(NamedTuple):
    """What is too much: the alert's title (with the time in words), its threshold, and its section of the runbook."""

    words: str
    seconds: int
    section: str

    @property
    def title(self) -> str:
        return self.words.format(time_in_words(self.seconds))


UNITS = (
    (86400, "a day", "days"),
    (3600, "an hour", "hours"),
    (60, "a minute", "minutes"),
    (1, "a second", "seconds"),
)


def time_in_words(seconds: int) -> str:
    """`a day`, `an hour`, `2 hours`, `90 minutes`, `45 seconds`: the largest unit that says it exactly."""
    size, one, many = next(unit for unit in UNITS if seconds % unit[0] == 0)
    return one if seconds == size else f"{seconds // size} {many}"


WAITING = Limit("New images have been waiting for the job for {}", 3600, "new-images-wait-for-the-job")


@dataclass(frozen=True, kw_only=True)
class WatchArgs:
    project: str
    backlog: str
    """Short name of the subscription that the job drains."""
    dead_letters: str
    job: str
    """Short name of the job."""
    job_exists: bool
    """Without a job there is nothing to fail or to be silent."""
    runbook: str
    """Where the runbook is: a URL or a path."""
    channels: Sequence[pulumi.Input[str]]
    """Full names of notification channels."""
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Sign:
    """What is told. `section` is where the runbook says what to do; `condition` is Cloud Monitoring's."""

    title: str
    section: str
    condition: Mapping[str, Any]
    logged: bool = False


def metric(kind: str, **labels: str) -> str:
    resource, _, name = kind.partition(" ")
    wanted = [f'resource.type="{resource}"', f'metric.type="{name}"']
    return " AND ".join([*wanted, *(f'{key.replace("__", ".labels.")}="{value}"' for key, value in labels.items())])


def above(limit: float, series: str, aligner: str, seconds: int = 300) -> dict[str, Any]:
    """A threshold on each five minutes of a metric, true for so long."""
    return {
        "condition_threshold": {
            "filter": series,
            "comparison": "COMPARISON_GT",
            "threshold_value": limit,
            "duration": f"{seconds}s",
            "aggregations": [{"alignment_period": "300s", "per_series_aligner": aligner}],
        }
    }


def waiting(subscription: str, what: str) -> str:
    name = f"pubsub.googleapis.com/subscription/{what}"
    return metric(f"pubsub_subscription {name}", resource__subscription_id=subscription)


def executions(job: str, result: str) -> str:
    return metric(f"cloud_run_job {ENDED}", resource__job_name=job, metric__result=result)


def signs(args: WatchArgs) -> dict[str, Sign]:
    """The signs by key; those of the job only when there is one."""
    conditions = {
        "backlog": Sign(
            title=WAITING.title,
            section=WAITING.section,
            condition=above(WAITING.seconds, waiting(args.backlog, "oldest_unacked_message_age"), "ALIGN_MAX"),
        ),
        "dead-letters": Sign(
            title="A notification of new images could not be read",
            section="a-notification-could-not-be-read",
            condition=above(0, waiting(args.dead_letters, "num_undelivered_messages"), "ALIGN_MAX"),
        ),
    }
    if not args.job_exists:
        return conditions
    absence = {
        "filter": executions(args.job, "succeeded"),
        "duration": LONGEST_ABSENCE,
        "aggregations": [{"alignment_period": "300s", "per_series_aligner": "ALIGN_DELTA"}],
    }
    log = f'resource.type="cloud_run_job" AND resource.labels.job_name="{args.job}" AND jsonPayload.status="failed"'
    return {
        **conditions,
        "job-failed": Sign(
            title="The study job failed",
            section="the-study-job-failed",
            condition=above(0, executions(args.job, "failed"), "ALIGN_DELTA", 0),
        ),
        "job-silent": Sign(
            title="The study job has not succeeded for a day",
            section="the-study-job-has-not-succeeded-for-a-day",
            condition={"condition_absent": absence},
        ),
        "set-aside": Sign(
            title="A study was set aside",
            section="a-study-was-set-aside",
            condition={"condition_matched_log": {"filter": f'{log} AND jsonPayload.message:"set aside"'}},
            logged=True,
        ),
    }


class Watch(pulumi.ComponentResource):
    """The alerts by key, and the dashboard."""

    alerts: Mapping[str, gcp.monitoring.AlertPolicy]
    dashboard: gcp.monitoring.Dashboard

    def __init__(self, name: str, args: WatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        conditions = signs(args)
        super().__init__(TYPE, name, {"signs": sorted(conditions)}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.alerts = {
            key: gcp.monitoring.AlertPolicy(
                f"{name}-{key}",
                project=args.project,
                display_name=sign.title,
                combiner="OR",
                severity="ERROR",
                conditions=[condition_of(sign)],
                alert_strategy=strategy_of(sign),
                documentation={
                    "subject": sign.title,
                    "content": f"What to do: {args.runbook}#{sign.section}",
                    "mime_type": "text/markdown",
                },
                notification_channels=args.channels,
                user_labels=args.labels,
                opts=child,
            )
            for key, sign in conditions.items()
        }
        self.dashboard = gcp.monitoring.Dashboard(
            f"{name}-board", project=args.project, dashboard_json=json.dumps(board(args)), opts=child
        )
        self.register_outputs({"alerts": sorted(conditions)})


def condition_of(sign: Sign) -> AlertPolicyConditionArgsDict:
    return cast("AlertPolicyConditionArgsDict", {"display_name": sign.title, **sign.condition})


def strategy_of(sign: Sign) -> AlertPolicyAlertStrategyArgsDict:
    """Google takes a rate limit for alerts on log entries only, and demands it there."""
    if sign.logged:
        return {"auto_close": AUTO_CLOSE, "notification_rate_limit": {"period": RATE_LIMIT}}
    return {"auto_close": AUTO_CLOSE}


def board(args: WatchArgs) -> dict[str, Any]:
    """Four charts, two a row."""
    charts = [
        ("Oldest notification (s)", waiting(args.backlog, "oldest_unacked_message_age"), "ALIGN_MAX"),
        ("Unreadable notifications", waiting(args.dead_letters, "num_undelivered_messages"), "ALIGN_MAX"),
        ("Runs of the job that succeeded", executions(args.job, "succeeded"), "ALIGN_DELTA"),
        ("Runs of the job that failed", executions(args.job, "failed"), "ALIGN_DELTA"),
    ]
    tiles = [
        {**place(24 * (at % 2), 16 * (at // 2)), "width": 24, "height": 16, "widget": chart(*what)}
        for at, what in enumerate(charts)
    ]
    return {"displayName": "Imaging platform", "mosaicLayout": {"columns": 48, "tiles": tiles}}


def place(x: int, y: int) -> dict[str, int]:
    """Without zeros: Google leaves them out of its answer, and each plan would show that as a difference."""
    return {key: value for key, value in (("xPos", x), ("yPos", y)) if value}


def chart(title: str, series: str, aligner: str) -> dict[str, Any]:
    query = {"filter": series, "aggregation": {"alignmentPeriod": "300s", "perSeriesAligner": aligner}}
    return {"title": title, "xyChart": {"dataSets": [{"timeSeriesQuery": {"timeSeriesFilter": query}}]}}
