"""The permission a method needs: `<service>.<collection>.<verb>` in Google's verbs, and a table of what is different.

Written from Google's documentation of each API; a method that is not in it by rule or table needs what the rule says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.discovery import Method

SERVICES = {
    "billingbudgets": "billing",
    "cloudresourcemanager": "resourcemanager",
    "identitytoolkit": "firebaseauth",
    "iamcredentials": "iam",
    "workflowexecutions": "workflows",
}
COLLECTIONS = {
    ("logging", "metrics"): "logMetrics",
    ("iam", "keys"): "serviceAccountKeys",
    ("iam", "providers"): "workloadIdentityPoolProviders",
    ("monitoring", "serviceLevelObjectives"): "slos",
    ("cloudbuild", "triggers"): "builds",
    ("firebase", "webApps"): "clients",
}
VERBS = {
    "insert": "create",
    "createAsync": "create",
    "patch": "update",
    "updateAsync": "update",
    "remove": "delete",
    "aggregatedList": "list",
    "batchGet": "list",
}

POOLS = "iam:projects.locations.workloadIdentityPools"
PUBSUB_CONSUME = "pubsub.subscriptions.consume"
EXCEPTIONS: dict[str, str] = {
    "artifactregistry:projects.locations.repositories.dockerImages.get": "artifactregistry.dockerimages.get",
    "artifactregistry:projects.locations.repositories.dockerImages.list": "artifactregistry.dockerimages.list",
    "cloudbilling:projects.getBillingInfo": "resourcemanager.projects.get",
    "cloudbilling:projects.updateBillingInfo": "resourcemanager.projects.createBillingAssignment",
    "cloudbuild:projects.locations.triggers.run": "cloudbuild.builds.create",
    "cloudbuild:projects.triggers.run": "cloudbuild.builds.create",
    "cloudbuild:projects.locations.builds.retry": "cloudbuild.builds.create",
    "cloudbuild:projects.locations.builds.cancel": "cloudbuild.builds.update",
    "cloudkms:projects.locations.keyRings.cryptoKeys.encrypt": "cloudkms.cryptoKeyVersions.useToEncrypt",
    "cloudkms:projects.locations.keyRings.cryptoKeys.decrypt": "cloudkms.cryptoKeyVersions.useToDecrypt",
    "cloudkms:projects.locations.keyRings.cryptoKeys.updatePrimaryVersion": "cloudkms.cryptoKeys.update",
    "cloudscheduler:projects.locations.jobs.resume": "cloudscheduler.jobs.enable",
    "firebase:projects.addFirebase": "firebase.projects.update",
    "firebase:projects.webApps.getConfig": "firebase.clients.get",
    "firebase:operations.get": "firebase.projects.get",
    f"{POOLS}.listAttestationRules": "iam.workloadIdentityPools.getAttestationRules",
    "iamcredentials:projects.serviceAccounts.generateAccessToken": "iam.serviceAccounts.getAccessToken",
    "iamcredentials:projects.serviceAccounts.generateIdToken": "iam.serviceAccounts.getOpenIdToken",
    "iap:v1.getIamPolicy": "iap.webServices.getIamPolicy",
    "iap:v1.setIamPolicy": "iap.webServices.setIamPolicy",
    "identitytoolkit:projects.getConfig": "firebaseauth.configs.get",
    "identitytoolkit:projects.updateConfig": "firebaseauth.configs.update",
    "logging:entries.write": "logging.logEntries.create",
    "orgpolicy:projects.policies.getEffectivePolicy": "orgpolicy.policy.get",
    "pubsub:projects.subscriptions.pull": PUBSUB_CONSUME,
    "pubsub:projects.subscriptions.acknowledge": PUBSUB_CONSUME,
    "pubsub:projects.subscriptions.modifyAckDeadline": PUBSUB_CONSUME,
    "pubsub:projects.subscriptions.seek": PUBSUB_CONSUME,
    "pubsub:projects.subscriptions.modifyPushConfig": "pubsub.subscriptions.update",
    "secretmanager:projects.secrets.addVersion": "secretmanager.versions.add",
    "serviceusage:services.batchEnable": "serviceusage.services.enable",
    "serviceusage:services.batchGet": "serviceusage.services.get",
    "serviceusage:services.generateServiceIdentity": "serviceusage.services.enable",
    "storage:objects.rewrite": "storage.objects.create",
    "storage:objects.compose": "storage.objects.create",
    "storage:objects.copy": "storage.objects.create",
    "storage:buckets.lockRetentionPolicy": "storage.buckets.update",
    "storage:projects.serviceAccount.get": "resourcemanager.projects.get",
}
"""By service and method, without the version."""


ALSO: dict[str, tuple[str, ...]] = {
    "firebase:projects.addFirebase": (
        "resourcemanager.projects.get",
        "serviceusage.services.enable",
        "serviceusage.services.get",
    ),
}
"""What a method needs beside its own permission: it does something with another API for its caller."""

DECIDED_BY_BODY = frozenset({"logging:entries.list", "cloudresourcemanager:organizations.search"})
"""Methods that are about no one resource; who answers them checks."""


def required_permission(method: Method, body: Any) -> str | None:
    """The permission to call `method`; None where whoever is signed in may (testIamPermissions) or the body decides."""
    label = method.document.host.split(".")[0]
    where = method.id.split(":")[1]
    if method.leaf == "testIamPermissions" or f"{label}:{where}" in DECIDED_BY_BODY:
        return None
    if (label, where) == ("run", "projects.locations.jobs.run") and isinstance(body, dict) and body.get("overrides"):
        return "run.jobs.runWithOverrides"
    if label == "healthcare" and ".dicomStores." in where and (verb := _dicomweb(method)):
        return f"healthcare.dicomStores.{verb}"
    if f"{label}:{where}" in EXCEPTIONS:
        return EXCEPTIONS[f"{label}:{where}"]
    if label == "firebasehosting" and method.collection != "sites" and method.collection != "operations":
        # Channels, releases, versions and domains have no permissions of their own.
        reading = method.leaf in ("get", "list")
        return f"firebasehosting.sites.{method.leaf if reading else 'update'}"
    service = SERVICES.get(label, label)
    collection = COLLECTIONS.get((service, method.collection), method.collection)
    return f"{service}.{collection}.{VERBS.get(method.leaf, method.leaf)}"


def further_permissions(method: Method) -> tuple[str, ...]:
    """Further permissions that the caller of `method` needs, on the same resource."""
    return ALSO.get(f"{method.document.host.split('.')[0]}:{method.id.split(':')[1]}", ())


def _dicomweb(method: Method) -> str | None:
    """DICOMweb's permissions: read, write and delete whatever the level of the study."""
    if method.leaf in ("storeInstances", "setBlobStorageSettings"):
        return "dicomWebWrite"
    if method.leaf.startswith(("searchFor", "retrieve", "getStorageInfo")):
        return "dicomWebRead"
    below_store = "studies" in method.parts
    return "dicomWebDelete" if below_store and method.leaf == "delete" else None
