"""Alerts: the deeds that undo a guardrail are told to somebody, with where to read what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policy.resource_view import Seen
from policy.rule import Finding, Need, needs, stack_rule
from policy.stack import Stack

ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
METRIC = "gcp:logging/metric:Metric"
OBJECTIVE = "gcp:monitoring/slo:Slo"
INDICATORS = ("requestBasedSli", "windowsBasedSli")
DEEDS: Mapping[str, tuple[str, ...]] = {
    "a changed grant": ("setIam",),
    "a changed role": ("CreateRole", "UpdateRole"),
    "a changed audit configuration": ("auditConfigDeltas",),
    "a changed or deleted sink or log bucket": ("UpdateSink", "DeleteSink", "UpdateBucket", "DeleteBucket"),
    "a deleted dataset or DICOM store": ("DeleteDataset", "DeleteDicomStore"),
    "an exported DICOM store": ("ExportDicomData",),
    "a key that is disabled or about to be destroyed": ("DestroyCryptoKeyVersion", "UpdateCryptoKeyVersion"),
}
"""What must raise an alert, and the words of the audit log by which it is known."""


@stack_rule("deeds-raise-alerts", "3 7 8")
def deeds_raise_alerts(stack: Stack, _: Seen) -> Iterator[Finding]:
    """Whoever changes grants, logging or keys, or takes images away, is told of within minutes."""
    watched = " ".join(filters(stack))
    for deed, words in DEEDS.items():
        if not all(word in watched for word in words):
            yield Finding(
                f"tells nobody of {deed}",
                f"Declare a gcp.monitoring.AlertPolicy on {' and '.join(words)} in the audit logs.",
            )


JOB = "gcp:cloudrunv2/job:Job"
TROUBLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "new images that wait": ("gcp:pubsub/subscription:Subscription", ("oldest_unacked_message_age", "conditionThresh")),
    "a message that could not be read": ("gcp:pubsub/subscription:Subscription", ("num_undelivered_messages",)),
    "a failed run of the job": (JOB, ('result="failed"',)),
    "a job that does not run": (JOB, ("conditionAbsent",)),
    "a study that was set aside": (JOB, ("set aside",)),
}
"""What must raise an alert where resources of a type are, and the words of the alert's condition."""


@stack_rule("troubles-raise-alerts", "")
def troubles_raise_alerts(stack: Stack, _: Seen) -> Iterator[Finding]:
    """A study that waits, fails or cannot be read is told of: nobody would miss it by looking."""
    watched = " ".join(filters(stack))
    for trouble, (type_, words) in TROUBLES.items():
        if any(True for _ in stack.of(type_)) and not all(word in watched for word in words):
            yield Finding(
                f"tells nobody of {trouble}",
                f"Declare a gcp.monitoring.AlertPolicy with {' and '.join(words)} in its condition.",
            )


@stack_rule("alert-reaches-somebody", "3", ALERT, reads=("notificationChannels",))
def alert_reaches_somebody(stack: Stack, alert: Seen) -> Iterator[Finding]:
    """Beside images of patients an alert is sent to somebody; elsewhere that is left to the on-call's own habits."""
    if stack.data_class == "phi" and not alert.get("notificationChannels"):
        yield Finding("is raised where nobody looks", "Set alertEmails (notificationChannels).")


SAYS_WHAT_TO_DO = needs(
    "alert-says-what-to-do",
    "3",
    ALERT,
    "An alert is on, and says what to do or where that is written.",
    Need("enabled", lambda value: value in (None, True), "is switched off", "Remove enabled."),
    Need("documentation.content", bool, "does not say what to do about it", "Link its section of the runbook."),
)


@stack_rule("metric-has-an-alert", "3", METRIC, holds=("name",))
def metric_has_an_alert(stack: Stack, metric: Seen) -> Iterator[Finding]:
    """A count of log entries raises an alert, or is what an objective is measured by: nobody looks at a count."""
    objectives = [str(objective.get(path)) for objective in stack.of(OBJECTIVE) for path in INDICATORS]
    if not any(f"logging.googleapis.com/user/{metric.get('name')}" in text for text in (*filters(stack), *objectives)):
        yield Finding("is counted and nobody is told", "Declare a gcp.monitoring.AlertPolicy on this metric.")


def filters(stack: Stack) -> list[str]:
    """The conditions of all alerts that are on, as text."""
    return [
        str(condition)
        for alert in stack.of(ALERT)
        if alert.get("enabled") is not False
        for condition in alert.get("conditions") or []
    ]


RULES = (deeds_raise_alerts, troubles_raise_alerts, alert_reaches_somebody, SAYS_WHAT_TO_DO, metric_has_an_alert)
