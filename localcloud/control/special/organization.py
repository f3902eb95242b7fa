"""A new organisation, where the project is yet to be made: who made it, whether it is paid for, Firebase's terms.

Only where the cloud's settings name a `creator`; else the project has been there, and paid for, from the start. There
is one project: the id of every other is taken.
"""

from __future__ import annotations

from typing import Any

from localcloud.awkward import FREE_APIS
from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.operations import timestamp
from localcloud.control.special.registry import Resource, method
from localcloud.errors import ApiError

HOST = "cloudresourcemanager.googleapis.com"
ORGANIZATION = "organizations/987654321098"
BILLING_ACCOUNT = "billingAccounts/000000-AAAAAA-BBBBBB"
ORGPOLICY = "orgpolicy.googleapis.com"


def made(cloud: Cloud) -> bool:
    return not cloud.creator or cloud.resources.get(HOST, f"projects/{cloud.project}") is not None


def project(cloud: Cloud) -> Resource:
    """What is known of the project; that nobody pays for it as long as nobody has made it."""
    if not cloud.creator:
        return {"created": None, "billing": BILLING_ACCOUNT, "terms": True}
    known = cloud.resources.get(HOST, f"projects/{cloud.project}") or {}
    return {"created": None, "billing": "", "terms": False, **known}


def change(cloud: Cloud, **fields: Any) -> None:
    """What happens to the project elsewhere, such as in a browser: `terms=True` once Firebase's were accepted."""
    cloud.resources.put(HOST, f"projects/{cloud.project}", {**project(cloud), **fields})


@method("cloudresourcemanager.v3:projects.create")
def create(cloud: Cloud, generic: Generic, call: Call) -> Any:
    if call.body.get("projectId") != cloud.project or made(cloud):
        raise ApiError(409, "Requested entity already exists")
    if call.body.get("parent") != ORGANIZATION:
        raise ApiError(403, "The caller does not have permission")
    change(cloud, created=cloud.clock(), billing="", terms=False)
    cloud.iam.set_policy(cloud.iam.project, {"bindings": [{"role": "roles/owner", "members": [call.principal.member]}]})
    return generic.finish(call, "", {"projectId": cloud.project, "createTime": timestamp(cloud.clock())})


@method("cloudresourcemanager.v3:organizations.search")
def search(cloud: Cloud, generic: Generic, call: Call) -> Any:
    return {"organizations": [{"name": ORGANIZATION, "displayName": "example.org", "state": "ACTIVE"}]}


@method("cloudbilling.v1:projects.getBillingInfo")
def billing(cloud: Cloud, generic: Generic, call: Call) -> Any:
    account = project(cloud)["billing"]
    paid = {"billingAccountName": account, "billingEnabled": True} if account else {}
    return {"name": f"projects/{cloud.project}/billingInfo", "projectId": cloud.project, **paid}


@method("cloudbilling.v1:projects.updateBillingInfo")
def link(cloud: Cloud, generic: Generic, call: Call) -> Any:
    change(cloud, billing=call.body.get("billingAccountName", ""))
    return billing(cloud, generic, call)


@method("orgpolicy.v2:projects.policies.getEffectivePolicy")
def effective(cloud: Cloud, generic: Generic, call: Call) -> Any:
    """That which the organisation set, else nothing is restricted."""
    return cloud.resources.get(ORGPOLICY, call.name) or {"name": call.name, "spec": {"rules": [{"allowAll": True}]}}


def require_payment(cloud: Cloud, api: str) -> None:
    """400 in Google's words for an API that costs, in a project that nobody pays for."""
    if api not in FREE_APIS and not project(cloud)["billing"]:
        raise ApiError(
            400,
            f"Billing account for project '{cloud.number}' is not found. Billing must be enabled for activation of "
            f"service(s) '{api}' to proceed.",
            status="FAILED_PRECONDITION",
        )
