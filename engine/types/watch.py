"""What watches: logging, monitoring, budgets. Log buckets are in `calls/log_buckets.py`."""

from __future__ import annotations

import json

from engine.types.row import Around, Json, Row


def dashboard(inputs: Json, _: Around) -> Json:
    return json.loads(inputs["dashboardJson"])


def rolling_period(inputs: Json, _: Around) -> Json:
    if days := inputs.pop("rollingPeriodDays", None):
        inputs["rollingPeriod"] = f"{days * 86400}s"
    return inputs


def budget(inputs: Json, _: Around) -> Json:
    """A label of the filter has exactly one value, for which the API has a list."""
    labels = inputs.get("budgetFilter", {}).get("labels")
    if labels:
        inputs["budgetFilter"]["labels"] = {key: [value] for key, value in labels.items()}
    return inputs


LOGGING = {
    "gcp:logging/projectSink:ProjectSink": Row(
        host="logging",
        create="POST /v2/projects/{project}/sinks?uniqueWriterIdentity={uniqueWriterIdentity}",
        id="projects/{project}/sinks/{name}",
        skip=frozenset({"customWriterIdentity"}),
        fallback={"uniqueWriterIdentity": "true"},
    ),
    "gcp:logging/projectExclusion:ProjectExclusion": Row(
        host="logging",
        create="POST /v2/projects/{project}/exclusions",
        id="projects/{project}/exclusions/{name}",
    ),
    "gcp:logging/metric:Metric": Row(
        host="logging",
        create="POST /v2/projects/{project}/metrics",
        id="{name}",
        read="/v2/projects/{project}/metrics/{name}",
    ),
    "gcp:logging/logView:LogView": Row(
        host="logging",
        create="POST /v2/{parent}/locations/{location}/buckets/{~bucket}/views?viewId={name}",
        id="{parent}/locations/{location}/buckets/{~bucket}/views/{name}",
    ),
}

MONITORING = {
    "gcp:monitoring/notificationChannel:NotificationChannel": Row(
        host="monitoring",
        create="POST /v3/projects/{project}/notificationChannels",
        id="{answer.name}",
        skip=frozenset({"forceDelete"}),
        keep=frozenset({"enabled"}),
        defaults={"enabled": True},
    ),
    "gcp:monitoring/alertPolicy:AlertPolicy": Row(
        host="monitoring",
        create="POST /v3/projects/{project}/alertPolicies",
        id="{answer.name}",
        keep=frozenset({"enabled"}),
        defaults={"enabled": True},
    ),
    "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig": Row(
        host="monitoring",
        create="POST /v3/projects/{project}/uptimeCheckConfigs",
        id="{answer.name}",
        defaults={"httpCheck.requestMethod": "GET", "httpCheck.path": "/"},
        outputs={"uptimeCheckId": "{~answer.name}"},
    ),
    "gcp:monitoring/dashboard:Dashboard": Row(
        host="monitoring",
        create="POST /v1/projects/{project}/dashboards",
        id="{answer.name}",
        shape=dashboard,
    ),
    "gcp:monitoring/customService:CustomService": Row(
        host="monitoring",
        create="POST /v3/projects/{project}/services?serviceId={serviceId}",
        id="projects/{project}/services/{serviceId}",
        defaults={"custom": {}},
    ),
    "gcp:monitoring/slo:Slo": Row(
        host="monitoring",
        create="POST /v3/projects/{project}/services/{service}/serviceLevelObjectives?serviceLevelObjectiveId={sloId}",
        id="projects/{project}/services/{service}/serviceLevelObjectives/{sloId}",
        in_body=frozenset({"sloId"}),
        rename={
            "sloId": "name",
            "basicSli": "serviceLevelIndicator.basicSli",
            "requestBasedSli": "serviceLevelIndicator.requestBased",
            "windowsBasedSli": "serviceLevelIndicator.windowsBased",
        },
        shape=rolling_period,
    ),
}

BILLING = {
    "gcp:billing/budget:Budget": Row(
        host="billingbudgets",
        create="POST /v1/billingAccounts/{billingAccount}/budgets",
        id="{answer.name}",
        rename={"allUpdatesRule": "notificationsRule"},
        defaults={
            "budgetFilter.creditTypesTreatment": "INCLUDE_ALL_CREDITS",
            "notificationsRule.schemaVersion": "1.0",
            "thresholdRules[].spendBasis": "CURRENT_SPEND",
        },
        shape=budget,
        outputs={"name": "{~answer.name}"},
    ),
}

ROWS = {**LOGGING, **MONITORING, **BILLING}
