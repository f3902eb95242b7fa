"""Grants: one member of one role on one resource, added to the resource's policy by reading, changing and writing it.

Audit configurations of a project travel in the same policy, so they are here too. Nothing is taken out of a policy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.api import Api
from engine.render import fill

Json = dict[str, Any]

VERSION_3 = {"options.requestedPolicyVersion": "3"}


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the policy of a kind of resource is."""

    host: str
    version: str
    resource: str
    """Path below the version; the provider's id of a grant begins with it, or with `id` where that is said."""
    id: str = ""
    get: str = "GET"
    query: Mapping[str, str] | None = None
    asks_in_body: bool = False
    is_storage: bool = False

    @property
    def path(self) -> str:
        return f"/{self.version}/{self.resource}"


PROJECT = Target(
    host="cloudresourcemanager",
    version="v1",
    resource="projects/{~project}",
    id="{~project}",
    get="POST",
    asks_in_body=True,
)

TARGETS: dict[str, Target] = {
    "gcp:projects/iAMMember:IAMMember": PROJECT,
    "gcp:projects/iAMAuditConfig:IAMAuditConfig": PROJECT,
    "gcp:serviceaccount/iAMMember:IAMMember": Target(
        host="iam", version="v1", resource="{serviceAccountId}", get="POST", query=VERSION_3
    ),
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": Target(
        host="cloudkms", version="v1", resource="{cryptoKeyId}", query=VERSION_3
    ),
    "gcp:secretmanager/secretIamMember:SecretIamMember": Target(
        host="secretmanager", version="v1", resource="projects/{project}/secrets/{~secretId}", query=VERSION_3
    ),
    "gcp:pubsub/topicIAMMember:TopicIAMMember": Target(
        host="pubsub", version="v1", resource="projects/{project}/topics/{~topic}"
    ),
    "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": Target(
        host="pubsub", version="v1", resource="projects/{project}/subscriptions/{~subscription}"
    ),
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": Target(
        host="artifactregistry",
        version="v1",
        resource="projects/{project}/locations/{location}/repositories/{~repository}",
    ),
    "gcp:cloudrunv2/jobIamMember:JobIamMember": Target(
        host="run", version="v2", resource="projects/{project}/locations/{location}/jobs/{~name}"
    ),
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": Target(
        host="run", version="v2", resource="projects/{project}/locations/{location}/services/{~name}"
    ),
    "gcp:iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember": Target(
        host="iap",
        version="v1",
        resource="projects/{project}/iap_web/cloud_run-{location}/services/{~cloudRunServiceName}",
        get="POST",
    ),
    "gcp:healthcare/datasetIamMember:DatasetIamMember": Target(host="healthcare", version="v1", resource="{datasetId}"),
    "gcp:healthcare/dicomStoreIamMember:DicomStoreIamMember": Target(
        host="healthcare", version="v1", resource="{dicomStoreId}"
    ),
    "gcp:logging/logViewIamMember:LogViewIamMember": Target(
        host="logging",
        version="v2",
        resource="{parent}/locations/{location}/buckets/{~bucket}/views/{~name}",
        get="POST",
    ),
    "gcp:storage/bucketIAMMember:BucketIAMMember": Target(
        host="storage",
        version="storage/v1",
        resource="b/{~bucket}",
        query={"optionsRequestedPolicyVersion": "3"},
        is_storage=True,
    ),
}


def grant(api: Api, type_: str, values: Mapping[str, Any]) -> tuple[str, Json]:
    """Put the declared member (or audit configuration) into the policy; id and outputs of the resource."""
    target = TARGETS[type_]
    name = fill(target.id or target.resource, values)
    if type_.endswith(":IAMAuditConfig"):
        written = change(api, target, values, lambda policy: add_audit(policy, values))
        parts = [name, "audit_config", values["service"]]
    else:
        written = change(api, target, values, lambda policy: add_member(policy, values))
        parts = [name, values["role"], values["member"]]
        if condition := values.get("condition"):
            parts.append(condition["title"])
    return "/".join(parts), {"etag": written.get("etag", "")}


def change(api: Api, target: Target, values: Mapping[str, Any], edit: Callable[[Json], None]) -> Json:
    """Read the policy, edit it, write it whole with the etag that was read; the policy as written."""
    path = fill(target.path, values)
    if target.is_storage:
        policy = api.call(target.host, "GET", f"{path}/iam", dict(target.query or {}))
        return api.call(target.host, "PUT", f"{path}/iam", body=_edit_policy(policy, edit))
    ask = {"options": {"requestedPolicyVersion": 3}} if target.asks_in_body else None
    policy = api.call(target.host, target.get, f"{path}:getIamPolicy", dict(target.query or {}), ask)
    body: Json = {"policy": _edit_policy(policy, edit)}
    if target.asks_in_body:
        body["updateMask"] = "bindings,etag,auditConfigs"
    return api.call(target.host, "POST", f"{path}:setIamPolicy", body=body)


def _edit_policy(policy: Json, edit: Callable[[Json], None]) -> Json:
    """What is written: the parts a policy consists of, others (`kind`, `resourceId`) left out."""
    kept = {key: policy[key] for key in ("bindings", "auditConfigs", "etag") if policy.get(key)}
    edit(kept)
    return {**kept, "version": 3}


def add_member(policy: Json, values: Mapping[str, Any]) -> None:
    role, member, condition = values["role"], values["member"], values.get("condition")
    bindings: list[Json] = policy.setdefault("bindings", [])
    for binding in bindings:
        if binding["role"] == role and binding.get("condition") == condition:
            if member not in binding["members"]:
                binding["members"] = sorted([*binding["members"], member])
            return
    added: Json = {"role": role, "members": [member]}
    if condition:
        added["condition"] = dict(condition)
    bindings.append(added)


def add_audit(policy: Json, values: Mapping[str, Any]) -> None:
    """Authoritative for the service, as the resource is."""
    configs = [config for config in policy.get("auditConfigs", []) if config["service"] != values["service"]]
    logs = [dict(log) for log in values["auditLogConfigs"]]
    policy["auditConfigs"] = [*configs, {"service": values["service"], "auditLogConfigs": logs}]
