"""Monitoring and budgets: what Google adds. Nothing is watched here."""

from __future__ import annotations

from typing import Any, cast

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.operations import timestamp
from localcloud.control.special.registry import Resource, check, extra
from localcloud.errors import ApiError

ALERTS = "monitoring.v3:projects.alertPolicies"
CHANNELS = "monitoring.v3:projects.notificationChannels"


@extra(f"{ALERTS}.create")
def alert(cloud: Cloud, call: Call, policy: Resource) -> None:
    record = {"mutateTime": timestamp(cloud.clock()), "mutatedBy": call.principal.email}
    policy["creationRecord"] = policy["mutationRecord"] = record
    policy.setdefault("enabled", True)
    policy["conditions"] = [
        {"name": f"{policy['name']}/conditions/{index}", **condition}
        for index, condition in enumerate(policy.get("conditions", []), 1)
    ]


@extra(f"{CHANNELS}.create")
def channel(cloud: Cloud, call: Call, resource: Resource) -> None:
    resource.setdefault("enabled", True)
    resource["creationRecord"] = {"mutateTime": timestamp(cloud.clock())}


@extra("billingbudgets.v1:billingAccounts.budgets.create")
def budget(cloud: Cloud, call: Call, resource: Resource) -> None:
    given = resource.get("budgetFilter", {})
    resource["budgetFilter"] = {
        "creditTypesTreatment": "INCLUDE_ALL_CREDITS",
        **({} if "customPeriod" in given else {"calendarPeriod": "MONTH"}),
        **given,
    }
    resource.setdefault("notificationsRule", {})


BUDGETS = "billingbudgets.v1:billingAccounts.budgets"
MOST_CHANNELS = 5


@check(f"{BUDGETS}.create", f"{BUDGETS}.patch")
def refuse_channels(cloud: Cloud, call: Call) -> None:
    """A budget tells five channels at most."""
    channels = (call.body.get("notificationsRule") or {}).get("monitoringNotificationChannels") or []
    if len(channels) > MOST_CHANNELS:
        raise ApiError(
            400, f"Request contains {len(channels)} monitoringNotificationChannels; at most {MOST_CHANNELS}."
        )


DASHBOARDS = "monitoring.v1:projects.dashboards"


@extra(f"{DASHBOARDS}.create", f"{DASHBOARDS}.patch")
def leave_zeros_out(cloud: Cloud, call: Call, dashboard: Resource) -> None:
    """A dashboard is answered without numbers that are zero, as every message of Google's is."""
    kept = _without_zeros(dashboard)
    dashboard.clear()
    dashboard.update(kept)


def _without_zeros(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_zeros(inner) for key, inner in cast(Resource, value).items()}
        return {key: inner for key, inner in kept.items() if inner is False or inner != 0}
    return [_without_zeros(inner) for inner in cast(list[Any], value)] if isinstance(value, list) else value
