"""Workload identity pools and their providers: named by project number, deleted softly."""

from __future__ import annotations

from typing import Any

from localcloud.cloud import Cloud
from localcloud.control import names
from localcloud.control.call import Call
from localcloud.control.generic import Generic
from localcloud.control.special.registry import Resource, extra, method

POOLS = "iam.v1:projects.locations.workloadIdentityPools"


@extra(f"{POOLS}.create", f"{POOLS}.providers.create")
def complete(cloud: Cloud, call: Call, resource: Resource) -> None:
    resource["state"] = "ACTIVE"
    resource["name"] = names.by_number(cloud, resource["name"])


@method(f"{POOLS}.delete", f"{POOLS}.providers.delete")
def delete(cloud: Cloud, generic: Generic, call: Call) -> Any:
    """Its id stays taken for 30 days on Google; here for as long as the cloud lives."""
    resource = {**generic.existing(call), "state": "DELETED"}
    cloud.resources.put(call.request.host, call.name, resource)
    return generic.finished(call, call.name, resource)


@method(f"{POOLS}.listAttestationRules")
def attestation_rules(cloud: Cloud, generic: Generic, call: Call) -> Any:
    return {}
