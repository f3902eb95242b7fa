"""The one project: found by id and by number in Resource Manager v1 and v3, Cloud Billing and Compute. Its policy."""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.special.registry import method

CREATED = "2026-01-01T00:00:00.000Z"
BILLING_ACCOUNT = "billingAccounts/000000-AAAAAA-BBBBBB"


@method("cloudresourcemanager.v1:projects.get")
def get(cloud: Cloud, generic: Generic, call: Call) -> Any:
    if call.method_id.startswith("cloudresourcemanager.v3"):
        return {
            "name": f"projects/{cloud.number}",
            "projectId": cloud.project,
            "displayName": cloud.project,
            "state": "ACTIVE",
            "parent": "organizations/987654321098",
            "createTime": CREATED,
        }
    return {
        "projectNumber": cloud.number,
        "projectId": cloud.project,
        "lifecycleState": "ACTIVE",
        "name": cloud.project,
        "createTime": CREATED,
        "parent": {"type": "organization", "id": "987654321098"},
    }


@method("cloudbilling.v1:projects.getBillingInfo")
def billing(cloud: Cloud, generic: Generic, call: Call) -> Any:
    return {
        "name": f"projects/{cloud.project}/billingInfo",
        "projectId": cloud.project,
        "billingAccountName": BILLING_ACCOUNT,
        "billingEnabled": True,
    }


@method("compute.v1:projects.get")
def compute(cloud: Cloud, generic: Generic, call: Call) -> Any:
    return {"kind": "compute#project", "id": cloud.number, "name": cloud.project}
