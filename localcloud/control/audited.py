"""A call of an API as Cloud Audit Logs tell it: the method's name there, the type of its permission, what it changed.

Names are Google's where its audit documentation gives them: the services below by `package.Service`, policies by each
service's own word, Cloud Storage by its JSON API. Of other services it is the discovery document's name.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from engine.discovery import Method
from localcloud.cloud import Cloud
from localcloud.control import names
from localcloud.control.call import Call
from localcloud.errors import ApiError
from localcloud.ports import Access, AccessKind, AuditLog

Json = dict[str, Any]

SERVICES = {
    ("healthcare", "datasets"): "google.cloud.healthcare.{version}.dataset.DatasetService",
    ("healthcare", "dicomStores"): "google.cloud.healthcare.{version}.dicom.DicomService",
    ("iam", "roles"): "google.iam.admin.v1",
    ("iam", "serviceAccounts"): "google.iam.admin.v1",
    ("logging", "sinks"): "google.logging.v2.ConfigServiceV2",
    ("logging", "buckets"): "google.logging.v2.ConfigServiceV2",
    ("logging", "views"): "google.logging.v2.ConfigServiceV2",
    ("secretmanager", "secrets"): "google.cloud.secretmanager.v1.SecretManagerService",
    ("secretmanager", "versions"): "google.cloud.secretmanager.v1.SecretManagerService",
    ("cloudkms", "keyRings"): "",
    ("cloudkms", "cryptoKeys"): "",
    ("cloudkms", "cryptoKeyVersions"): "",
}
"""API and collection -> what comes before the verb."""
RESOURCES = {"roles": "Role", "buckets": "Bucket", "versions": "SecretVersion"}
"""Where the resource of a method's name is not just the collection without its s."""
VERBS = {"import": "ImportDicomData", "export": "ExportDicomData", "patch": "Update", "createAsync": "Create"}
POLICIES = {
    "cloudresourcemanager": "SetIamPolicy",
    "cloudkms": "SetIamPolicy",
    "iam": "google.iam.admin.v1.SetIAMPolicy",
    "storage": "storage.setIamPermissions",
}
"""By API; of others `google.iam.v1.IAMPolicy.SetIamPolicy`."""
DATA: dict[str, AccessKind] = {
    "cloudkms.cryptoKeyVersions.useToDecrypt": "DATA_READ",
    "cloudkms.cryptoKeyVersions.useToEncrypt": "DATA_READ",
    "healthcare.dicomStores.export": "DATA_READ",
    "healthcare.dicomStores.import": "DATA_WRITE",
    "iam.serviceAccounts.getAccessToken": "DATA_READ",
    "iam.serviceAccounts.getOpenIdToken": "DATA_READ",
    "pubsub.subscriptions.consume": "DATA_READ",
    "pubsub.topics.publish": "DATA_WRITE",
    "secretmanager.versions.access": "DATA_READ",
    "storage.objects.list": "DATA_READ",
}
"""Permissions that are about data; the rest are about administration."""
READS = ("get", "list", "getIamPolicy", "getConfig")


def kind_of(method: Method, permission: str) -> AccessKind:
    """The type of a permission."""
    if permission in DATA:
        return DATA[permission]
    return "ADMIN_READ" if method.verb == "GET" or method.leaf in READS else "ADMIN_WRITE"


def name_of(method: Method) -> str:
    """`google.cloud.healthcare.v1.dicom.DicomService.DeleteDicomStore`."""
    label = method.document.host.split(".")[0]
    document, _, path = method.id.partition(":")
    if method.leaf == "setIamPolicy":
        return POLICIES.get(label, "google.iam.v1.IAMPolicy.SetIamPolicy")
    if label == "storage":
        return f"storage.{path}"
    service = SERVICES.get((label, method.collection))
    if service is None:
        return f"google.{document}.{path}"
    resource = RESOURCES.get(method.collection) or method.collection[0].upper() + method.collection[1:-1]
    verb = VERBS.get(method.leaf) or method.leaf[0].upper() + method.leaf[1:]
    named = verb if method.leaf in ("import", "export") else verb + resource
    if method.leaf == "addVersion":
        named = "AddSecretVersion"
    return f"{service.format(version=document.rpartition('.')[2])}.{named}".removeprefix(".")


@contextmanager
def audit_call(cloud: Cloud, audit: AuditLog, method: Method, call: Call, permission: str) -> Generator[None]:
    """Gives the audit log the call when it is over, refused ones too."""
    sets_policy = method.leaf == "setIamPolicy"
    resource = names.full(cloud, call.request.host, call.name)
    before = cloud.iam.policy(resource) if sets_policy else {}
    status, message = 200, ""
    try:
        yield
    except ApiError as error:
        status, message = error.code, error.message
        raise
    except BaseException:
        status = 500
        raise
    finally:
        audit.take(
            Access(
                principal=call.principal,
                service=call.request.host,
                method=name_of(method),
                kind=kind_of(method, permission),
                permission=permission,
                resource=call.name or resource,
                status=status,
                message=message,
                caller=call.request.caller,
                agent=call.request.agent,
                delta=delta(before, cloud.iam.policy(resource)) if sets_policy and status == 200 else None,
            )
        )


def delta(before: Json, after: Json) -> Json | None:
    """What a policy has more (`ADD`) and less (`REMOVE`) than before; None for nothing."""
    changes = {
        "bindingDeltas": _changes(_bindings(before), _bindings(after), ("role", "member")),
        "auditConfigDeltas": _changes(_audits(before), _audits(after), ("service", "logType", "exemptedMember")),
    }
    return {key: change for key, change in changes.items() if change} or None


def _changes(before: set[tuple[str, ...]], after: set[tuple[str, ...]], keys: tuple[str, ...]) -> list[Json]:
    return [
        {"action": action, **{key: value for key, value in zip(keys, one, strict=True) if value}}
        for action, changed in (("REMOVE", before - after), ("ADD", after - before))
        for one in sorted(changed)
    ]


def _bindings(policy: Json) -> set[tuple[str, ...]]:
    return {(binding["role"], member) for binding in policy.get("bindings", ()) for member in binding["members"]}


def _audits(policy: Json) -> set[tuple[str, ...]]:
    return {
        (config["service"], log["logType"], member)
        for config in policy.get("auditConfigs", ())
        for log in config.get("auditLogConfigs", ())
        for member in ("", *log.get("exemptedMembers", ()))
    }
