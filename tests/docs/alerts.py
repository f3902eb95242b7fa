"""The alerts that a deployed stack declares, asked what they would say now: of log entries, messages, executions.

Deliberately not: how long something must last, and burn rates, which are Cloud Monitoring's to compute.
"""

from __future__ import annotations

import re
from typing import Any

from localcloud.forms import duration, epoch
from localcloud.pubsub import PubSub
from tests.docs.stack import Stack
from tests.localcloud.services.client import Api

ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"


def condition(stack: Stack, title: str) -> dict[str, Any]:
    """The one condition of the alert of this title."""
    [alert] = [node for node in stack.deployment.resources.values()
               if node.type == ALERT and node.inputs["displayName"] == title]  # fmt: skip
    [one] = alert.inputs["conditions"]
    return one


def raised(stack: Stack, title: str, since: float = 0.0) -> bool:
    """Whether the alert would be raised, by what happened after `since` (seconds since 1970)."""
    one = condition(stack, title)
    if log := one.get("conditionMatchedLog"):
        return any(epoch(entry["timestamp"]) >= since for entry in entries(stack.api, log["filter"]))
    if absence := one.get("conditionAbsent"):
        now = stack.clock()
        return not measured(stack, absence["filter"], now - duration(absence["duration"]))
    threshold = one["conditionThreshold"]
    assert threshold["comparison"] == "COMPARISON_GT"
    return measured(stack, threshold["filter"], since) > threshold["thresholdValue"]


def entries(api: Api, wanted: str) -> list[dict[str, Any]]:
    body = {"resourceNames": ["projects/dicom-local"], "filter": wanted, "orderBy": "timestamp desc", "pageSize": 1000}
    return api.call("POST", "logging.googleapis.com/v2/entries:list", body)["entries"]


def measured(stack: Stack, series: str, since: float) -> float:
    """The value of a time series now; counts are from `since` on."""
    given = dict(re.findall(r'([\w.]+)="([^"]*)"', series))
    match given["metric.type"]:
        case "run.googleapis.com/job/completed_execution_count":
            job = given["resource.labels.job_name"]
            return executions(stack, job, given["metric.labels.result"], since)
        case "pubsub.googleapis.com/subscription/num_undelivered_messages":
            return len(waiting(stack, given["resource.labels.subscription_id"]))
        case "pubsub.googleapis.com/subscription/oldest_unacked_message_age":
            return max(waiting(stack, given["resource.labels.subscription_id"]), default=0.0)
        case other:
            raise AssertionError(f"nothing here measures {other}")


def executions(stack: Stack, job: str, result: str, since: float) -> int:
    line = f"gcloud run jobs executions list --job={job} --region=$REGION --project=$PROJECT"
    ended = [one for one in stack.type(line, {}) if epoch(one.get("completionTime", "1970-01-01")) >= since]
    failed = [one for one in ended if one.get("failedCount") or one.get("cancelledCount")]
    return len(failed) if result == "failed" else len(ended) - len(failed)


def waiting(stack: Stack, subscription: str) -> list[float]:
    """Ages in seconds of the messages that nobody acknowledged."""
    [pubsub] = [service for service in stack.place.parts.services if isinstance(service, PubSub)]
    with pubsub.lock:
        pubsub.move_dead_letters()  # Google does it by itself
        backlog = pubsub.backlog(f"projects/dicom-local/subscriptions/{subscription}")
        return [stack.clock() - one.message.published for one in backlog.deliveries.values() if not one.acknowledged]
