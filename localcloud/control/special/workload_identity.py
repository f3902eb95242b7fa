"""Workload identity pools and their providers: named by project number, deleted softly."""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud
from localcloud.control import names
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.special.registry import Resource, check, extra, method
from localcloud.errors import ApiError
from localcloud.forms import epoch, timestamp

POOLS = "iam.v1:projects.locations.workloadIdentityPools"
KEPT_SECONDS = 30 * 86400.0


@extra(f"{POOLS}.create", f"{POOLS}.providers.create")
def complete(cloud: Cloud, call: Call, resource: Resource) -> None:
    resource["state"] = "ACTIVE"
    resource["name"] = names.by_number(cloud, resource["name"])


@method(f"{POOLS}.delete", f"{POOLS}.providers.delete")
def delete(cloud: Cloud, generic: Generic, call: Call) -> Any:
    """Its id stays taken for 30 days, in which it can be had back."""
    expires = timestamp(cloud.clock() + KEPT_SECONDS)
    resource = {**generic.existing(call), "state": "DELETED", "expireTime": expires}
    cloud.resources.put(call.request.host, call.name, resource)
    return generic.finish(call, call.name, resource)


@method(f"{POOLS}.undelete", f"{POOLS}.providers.undelete")
def undelete(cloud: Cloud, generic: Generic, call: Call) -> Any:
    resource = {**generic.existing(call), "state": "ACTIVE"}
    if not resource.pop("expireTime", None):
        raise ApiError(400, f"{call.name} is not deleted.", status="FAILED_PRECONDITION")
    cloud.resources.put(call.request.host, call.name, resource)
    return generic.finish(call, call.name, resource)


@check(f"{POOLS}.create", f"{POOLS}.providers.create")
def purge(cloud: Cloud, call: Call) -> None:
    """After 30 days a deleted pool or provider is gone and its id free."""
    of_provider = "/workloadIdentityPools/" in call.name
    collection = "providers" if of_provider else "workloadIdentityPools"
    key = "workloadIdentityPoolProviderId" if of_provider else "workloadIdentityPoolId"
    name = f"{call.name}/{collection}/{call.query.get(key)}"
    deleted = (cloud.resources.get(call.request.host, name) or {}).get("expireTime")
    if deleted and epoch(deleted) <= cloud.clock():
        cloud.resources.delete(call.request.host, name)


@method(f"{POOLS}.listAttestationRules")
def attestation_rules(cloud: Cloud, generic: Generic, call: Call) -> Any:
    return {}
