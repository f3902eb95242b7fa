"""Monitoring and budgets: what Google adds. Nothing is watched here."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.operations import timestamp
from localcloud.control.special.registry import Resource, extra

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
