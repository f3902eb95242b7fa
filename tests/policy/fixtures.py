"""For each rule the smallest declaration that breaks it, and one that does not: images, buckets, keys, grants."""

from __future__ import annotations

from typing import Any

from policy.resource import Resource
from policy.rules.places import BUILDS

Case = tuple[list[Resource], list[Resource]]
"""What breaks the rule, and what keeps it."""

REGION = "europe-west4"
KEYS = f"projects/p/locations/{REGION}/keyRings/r/cryptoKeys"
AGENT = "serviceAccount:service-1@gcp-sa-healthcare.iam.gserviceaccount.com"
DAY = 86_400


def r(type_: str, name_: str = "it", /, *, protect: bool = False, **properties: Any) -> Resource:
    """A resource of `gcp:<type>`, or of a full token."""
    token = type_ if type_.startswith("pulumi:") else f"gcp:{type_}"
    return Resource(f"urn:pulumi:test::p::{token}::{name_}", token, name_, properties, protect)


def store(name: str, data_class: str, environment: str = "prod", **properties: Any) -> Resource:
    labels = {"environment": environment, "data-class": data_class}
    return r("healthcare/dicomStore:DicomStore", name, name=name, labels=labels, **properties)


def dataset(**properties: Any) -> Resource:
    return r("healthcare/dataset:Dataset", "dataset", **{"location": REGION, "name": "d", **properties})


def keyed(key: str) -> Resource:
    return dataset(encryptionSpec={"kmsKeyName": key})


def bucket(**properties: Any) -> Resource:
    return r("storage/bucket:Bucket", **properties)


SCRATCH: dict[str, Any] = {"name": "p-imaging-staged", "labels": {"purpose": "scratch"}}
NO_VERSIONS = {"versioning": {"enabled": False}, "softDeletePolicy": {"retentionDurationSeconds": 0}}
DAILY = {"action": {"type": "Delete"}, "condition": {"age": 1}}


def on_scratch(member: str) -> Resource:
    return r("storage/bucketIAMMember:BucketIAMMember", bucket="p-imaging-staged", role="r", member=member)


def grant(role: str, member: str, type_: str = "projects/iAMMember:IAMMember", **properties: Any) -> Resource:
    return r(type_, f"{role}-{member}", role=role, member=member, **properties)


def told(variables: dict[str, str]) -> Resource:
    """A job with these environment variables."""
    container = {"envs": [{"name": name, "value": value} for name, value in variables.items()]}
    return r("cloudrunv2/job:Job", template={"template": {"containers": [container]}})


def custom(role_id: str, *permissions: str, stage: str = "GA") -> Resource:
    return r(
        "projects/iAMCustomRole:IAMCustomRole", role_id, roleId=role_id, permissions=list(permissions), stage=stage
    )


PHI, DEIDENTIFIED, DISPOSABLE = store("raw", "phi"), store("raw", "deidentified"), store("raw", "synthetic", "local")
STORE_GRANT = "healthcare/dicomStoreIamMember:DicomStoreIamMember"
KEY_GRANT = "kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
USES_KEY = grant("roles/cloudkms.cryptoKeyEncrypterDecrypter", AGENT, KEY_GRANT, cryptoKeyId=f"{KEYS}/k")
EXPORT, EXPORTER = "healthcare.dicomStores.export", "serviceAccount:imaging-exporter@p.iam.gserviceaccount.com"
READS, DELETES = "healthcare.dicomStores.dicomWebRead", "healthcare.dicomStores.dicomWebDelete"

CASES: dict[str, Case] = {
    "phi-has-its-own-key": ([PHI, dataset()], [PHI, keyed(f"{KEYS}/k")]),
    "key-in-the-datasets-region": ([keyed("projects/p/locations/us/keyRings/r/cryptoKeys/k")], [keyed(f"{KEYS}/k")]),
    "one-key-for-all": (
        [keyed(f"{KEYS}/k"), bucket(encryption={"defaultKmsKeyName": f"{KEYS}/other"}), r("pubsub/topic:Topic", "t")],
        [keyed(f"{KEYS}/k"), bucket(encryption={"defaultKmsKeyName": f"{KEYS}/k"})],
    ),
    "key-usable-by-the-archive": ([keyed(f"{KEYS}/k")], [keyed(f"{KEYS}/k"), USES_KEY]),
    "new-instances-are-announced": ([PHI], [store("raw", "phi", notificationConfig={"pubsubTopic": "t"})]),
    "imports-are-announced": (
        [store("raw", "phi", notificationConfig={"pubsubTopic": "t"})],
        [store("raw", "phi", notificationConfig={"pubsubTopic": "t", "sendForBulkImport": True})],
    ),
    "raw-images-are-cheap-to-read": (
        [told({"RAW_STORAGE_CLASS": "coldline", "RAW_STORAGE_AFTER_DAYS": "7"})],
        [told({"RAW_STORAGE_CLASS": "standard", "RAW_STORAGE_AFTER_DAYS": "7"}), told({})],
    ),
    "archive-named-and-placed": ([r("healthcare/dataset:Dataset")], [dataset()]),
    "store-named-and-placed": ([PHI], [store("raw", "phi", dataset="d")]),
    "stateful-is-protected": (
        [DEIDENTIFIED, bucket(forceDestroy=True)],
        [DISPOSABLE, bucket(forceDestroy=True)],
    ),
    "apis-stay-on": (
        [r("projects/service:Service", service="a")], [r("projects/service:Service", disableOnDestroy=False)],
    ),
    "one-region": ([dataset(), bucket(location="US")], [dataset(), bucket(location="EUROPE-WEST4")]),
    "builds-in-one-region": (
        [dataset(), r("cloudbuildv2/connection:Connection"), r("cloudbuild/trigger:Trigger", location="us-west2")],
        [dataset(), *(r(type_.removeprefix("gcp:"), location="europe-west1") for type_ in BUILDS)],
    ),
    "labels-from-a-vocabulary": ([bucket(labels={"patient": "doe"})], [bucket(labels={"app": "dicom-platform"})]),
    "stores-say-what-they-are": ([PHI, store("b", "synthetic")], [PHI, store("b", "phi")]),
    "bucket-is-private": (
        [bucket(uniformBucketLevelAccess=True)],
        [bucket(uniformBucketLevelAccess=True, publicAccessPrevention="enforced")],
    ),
    "bucket-keeps-old-versions": ([bucket(versioning={"enabled": False})], [bucket(versioning={"enabled": True})]),
    "bucket-soft-deletes": (
        [bucket(softDeletePolicy={"retentionDurationSeconds": 0})],
        [bucket(softDeletePolicy={"retentionDurationSeconds": 7 * DAY})],
    ),
    "scratch-bucket-keeps-nothing": (
        [bucket(**SCRATCH, versioning={"enabled": True}, lifecycleRules=[{"action": {"type": "Delete"}}])],
        [bucket(**SCRATCH, **NO_VERSIONS, lifecycleRules=[DAILY]), bucket()],
    ),
    "scratch-bucket-is-the-jobs": (
        [bucket(**SCRATCH), on_scratch("serviceAccount:imaging-smoke@p.iam.gserviceaccount.com")],
        [bucket(**SCRATCH), on_scratch("serviceAccount:imaging-job@p.iam.gserviceaccount.com")],
    ),
    "delivery-records-are-retained": (
        [bucket(name="p-imaging-deliveries", retentionPolicy={"retentionPeriod": "86400"})],
        [bucket(name="p-imaging-deliveries", retentionPolicy={"retentionPeriod": str(30 * DAY)})],
    ),
    "bucket-loses-no-live-object": (
        [bucket(lifecycleRules=[{"action": {"type": "Delete"}, "condition": {"age": 30}}])],
        [bucket(lifecycleRules=[{"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 30}}])],
    ),
    "no-access-lists": ([r("storage/bucketACL:BucketACL")], [bucket()]),
    "key-rotates-and-lingers": (
        [r("kms/cryptoKey:CryptoKey", rotationPeriod="7776000s", destroyScheduledDuration="86400s")],
        [r("kms/cryptoKey:CryptoKey", rotationPeriod="7776000s", destroyScheduledDuration="2592000s")],
    ),
    "key-ring-in-a-region": (
        [r("kms/keyRing:KeyRing", location="global")], [r("kms/keyRing:KeyRing", location=REGION)],
    ),
    "key-granted-for-use-only": ([grant("roles/cloudkms.admin", AGENT, KEY_GRANT)], [USES_KEY]),
    "no-grant-on-a-key-ring": ([grant("roles/x", AGENT, "kms/keyRingIAMMember:KeyRingIAMMember")], [USES_KEY]),
    "key-duties-are-split": (
        [grant("roles/cloudkms.admin", AGENT), USES_KEY], [grant("roles/cloudkms.admin", "group:keys@e.org"), USES_KEY],
    ),
    "grants-are-additive": (
        [r("projects/iAMBinding:IAMBinding"), r("healthcare/dicomStoreIamPolicy:DicomStoreIamPolicy")],
        [grant("roles/browser", "group:a@e.org"), r("binaryauthorization/policy:Policy")],
    ),
    "no-public-principal": (
        [grant("roles/run.invoker", "allUsers", "cloudrunv2/serviceIamMember:ServiceIamMember")],
        [grant("roles/run.invoker", "group:a@e.org", "cloudrunv2/serviceIamMember:ServiceIamMember")],
    ),
    "no-basic-role": ([grant("roles/viewer", "group:a@e.org")], [grant("roles/browser", "group:a@e.org")]),
    "nothing-above-the-project": (
        [grant("roles/browser", "group:a@e.org", "folder/iAMMember:IAMMember")],
        [grant("roles/browser", "group:a@e.org")],
    ),
    "data-roles-on-one-resource": (
        [grant("roles/secretmanager.secretAccessor", "group:a@e.org")],
        [grant("roles/secretmanager.secretAccessor", AGENT, "secretmanager/secretIamMember:SecretIamMember")],
    ),
    "only-the-deployer-administers": (
        [grant("roles/storage.admin", "serviceAccount:job@p.iam.gserviceaccount.com")],
        [grant("roles/storage.admin", "serviceAccount:imaging-deployer@p.iam.gserviceaccount.com")],
    ),
    "audit-logs-read-by-groups": (
        [grant("roles/logging.privateLogViewer", "user:ada@e.org")],
        [grant("roles/logging.privateLogViewer", "group:auditors@e.org")],
    ),
    "no-predefined-dicom-role": (
        [grant("roles/healthcare.dicomViewer", "group:a@e.org", STORE_GRANT)],
        [grant("roles/healthcare.dicomStoreAdmin", "serviceAccount:deployer@p")],
    ),
    "custom-role-cannot-take-images-away": (
        [custom("x", READS, "healthcare.dicomStores.export")], [custom("x", READS)],
    ),
    "only-the-exporter-exports": (
        [custom("dicomExport", EXPORT), grant("projects/p/roles/dicomExport", "group:a@e.org", STORE_GRANT)],
        [custom("dicomExport", EXPORT), grant("projects/p/roles/dicomExport", EXPORTER, STORE_GRANT)],
    ),
    "custom-role-is-final": ([custom("x", READS, stage="DISABLED")], [custom("x", READS)]),
    "images-by-store": (
        [custom("dicomViewer", READS), grant("projects/p/roles/dicomViewer", "group:a@e.org")],
        [custom("dicomViewer", READS), grant("projects/p/roles/dicomViewer", "group:a@e.org", STORE_GRANT)],
    ),
    "images-for-groups-and-accounts": (
        [grant("projects/p/roles/x", "user:ada@e.org", STORE_GRANT)],
        [grant("projects/p/roles/x", "group:a@e.org", STORE_GRANT)],
    ),
    "only-smoke-deletes": (
        [custom("x", DELETES), grant("projects/p/roles/x", "group:a@e.org", STORE_GRANT, dicomStoreId="s/raw")],
        [
            custom("x", DELETES),
            grant("projects/p/roles/x", "group:a@e.org", STORE_GRANT, dicomStoreId="s/smoke"),
            grant("projects/p/roles/x", "serviceAccount:imaging-job@p.e", STORE_GRANT, dicomStoreId="s/viewer"),
        ],
    ),
    "role-fits-its-duty": (
        [custom("dicomViewer", READS, "healthcare.dicomStores.dicomWebWrite")],
        [custom("dicomViewer", READS), custom("imagingDeployer", "healthcare.datasets.get")],
    ),
}  # fmt: skip
