"""Promises to users as service level objectives, and alerts when the room for error is used up too fast.

Owns: the check from outside that the viewer answers, one objective a promise, two alerts an objective: an hour that
burns a day's share, and six hours that burn half a week's. Deliberately not: single signs of trouble (`Watch`).

Traps: Google's uptime checks come from the internet without an account, so a viewer behind Identity-Aware Proxy
cannot be checked this way. A window in which nothing was measured counts as good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:ServiceLevels"
SERVICE = "imaging"
DAYS = 28
WINDOW = "300s"
PREPARED_WITHIN, SHOWN_WITHIN = 1800, 600
"""Seconds; the titles of the objectives say them in minutes."""
BURNS = {"fast": ("3600s", 14.4, "CRITICAL"), "slow": ("21600s", 6.0, "ERROR")}
"""Look-back, how many times faster than allowed, severity (Google's SRE workbook, chapter 5)."""
SECTION = "a-promise-to-users-is-being-broken"
SHOWN_METRIC = "imaging-seconds-to-view"


@dataclass(frozen=True, kw_only=True)
class ServiceLevelsArgs:
    project: str
    backlog: str
    """Short name of the subscription that the job drains."""
    job: str
    """Short name of the job, whose log says how long each study took."""
    viewer_host: pulumi.Input[str] | None
    """Host name under which anybody on the internet reaches the viewer; None when nobody without an account does."""
    runbook: str
    channels: Sequence[pulumi.Input[str]]
    labels: Mapping[str, str]
    prepared_within_seconds: int = PREPARED_WITHIN
    prepared_goal: float = 0.99
    shown_within_seconds: int = SHOWN_WITHIN
    shown_goal: float = 0.95
    viewer_goal: float = 0.995


class ServiceLevels(pulumi.ComponentResource):
    """The objectives by key: `prepared`, `shown`, and `viewer` where it can be checked."""

    objectives: Mapping[str, gcp.monitoring.Slo]

    def __init__(self, name: str, args: ServiceLevelsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        service = gcp.monitoring.CustomService(
            f"{name}-service",
            project=args.project,
            service_id=SERVICE,
            display_name="Imaging platform",
            user_labels=args.labels,
            opts=self._child,
        )
        self._service = service.service_id
        waiting = (
            'metric.type="pubsub.googleapis.com/subscription/oldest_unacked_message_age" '
            f'AND resource.type="pubsub_subscription" AND resource.labels.subscription_id="{args.backlog}"'
        )
        limits = {"min": 0, "max": args.prepared_within_seconds}
        in_time = {"window_period": WINDOW, "metric_mean_in_range": {"time_series": waiting, "range": limits}}
        title = f"New images are taken up within {args.prepared_within_seconds // 60} minutes"
        windows = {"windows_based_sli": in_time}
        shown = f"A study is shown within {args.shown_within_seconds // 60} minutes of its last image"
        cut = {"distribution_filter": self._shown(), "range": {"min": 0, "max": args.shown_within_seconds}}
        requests = {"request_based_sli": {"distribution_cut": cut}}
        self.objectives = {
            "prepared": self._objective("prepared", title, args.prepared_goal, windows),
            "shown": self._objective("shown", shown, args.shown_goal, requests),
        }
        if args.viewer_host is not None:
            answers = {"window_period": WINDOW, "good_bad_metric_filter": self._checked(args.viewer_host)}
            self.objectives["viewer"] = self._objective(
                "viewer", "The viewer answers", args.viewer_goal, {"windows_based_sli": answers}
            )
        self.register_outputs({"objectives": sorted(self.objectives)})

    def _shown(self) -> pulumi.Output[str]:
        """The metric of what the job's log says of each study: seconds from its last instance until it is shown."""
        counted = gcp.logging.Metric(
            f"{self._name}-seconds-to-view",
            project=self._args.project,
            name=SHOWN_METRIC,
            description="Seconds from a study's last stored instance until viewers see it",
            filter=f'resource.type="cloud_run_job" AND resource.labels.job_name="{self._args.job}" AND '
            "jsonPayload.seconds_to_view>=0",
            metric_descriptor={"metric_kind": "DELTA", "value_type": "DISTRIBUTION", "unit": "s"},
            value_extractor="EXTRACT(jsonPayload.seconds_to_view)",
            bucket_options={"exponential_buckets": {"num_finite_buckets": 32, "growth_factor": 1.4, "scale": 1}},
            opts=self._child,
        )
        return pulumi.Output.format(
            'metric.type="logging.googleapis.com/user/{0}" AND resource.type="cloud_run_job"', counted.name
        )

    def _checked(self, host: pulumi.Input[str]) -> pulumi.Output[str]:
        """The metric of a check of the viewer's page from outside, every five minutes."""
        check = gcp.monitoring.UptimeCheckConfig(
            f"{self._name}-check",
            project=self._args.project,
            display_name="Viewer",
            timeout="10s",
            period="300s",
            http_check={"path": "/", "port": 443, "use_ssl": True, "validate_ssl": True},
            monitored_resource={"type": "uptime_url", "labels": {"project_id": self._args.project, "host": host}},
            user_labels=self._args.labels,
            opts=self._child,
        )
        return pulumi.Output.format(
            'metric.type="monitoring.googleapis.com/uptime_check/check_passed" AND resource.type="uptime_url" '
            'AND metric.labels.check_id="{0}"',
            check.uptime_check_id,
        )

    def _objective(self, key: str, title: str, goal: float, indicator: Mapping[str, Any]) -> gcp.monitoring.Slo:
        objective = gcp.monitoring.Slo(
            f"{self._name}-{key}",
            project=self._args.project,
            service=self._service,
            slo_id=key,
            display_name=title,
            goal=goal,
            rolling_period_days=DAYS,
            **indicator,
            user_labels=self._args.labels,
            opts=self._child,
        )
        for speed, (look_back, times, severity) in BURNS.items():
            burn = pulumi.Output.format('select_slo_burn_rate("{0}", "{1}")', objective.name, look_back)
            gcp.monitoring.AlertPolicy(
                f"{self._name}-{key}-{speed}",
                project=self._args.project,
                display_name=f"{title}: too often not, {speed} burn",
                combiner="OR",
                severity=severity,
                conditions=[
                    {
                        "display_name": f"{times:g} times too fast",
                        "condition_threshold": {
                            "filter": burn,
                            "comparison": "COMPARISON_GT",
                            "threshold_value": times,
                            "duration": "0s",
                        },
                    }
                ],
                documentation={
                    "subject": f"{title}: too often not",
                    "content": f"What to do: {self._args.runbook}#{SECTION}",
                    "mime_type": "text/markdown",
                },
                notification_channels=self._args.channels,
                user_labels=self._args.labels,
                opts=self._child,
            )
        return objective
