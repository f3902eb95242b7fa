"""What must hold in prod, written down by hand from the controls and not from the rules: so that a rule nobody wrote is
noticed. Type → path → values that are too weak; each of them, and its absence, must be refused by a rule of that name.
"""

from __future__ import annotations

from typing import Any

from tests.policy.mutations import PROTECT, REMOVED

ANYBODY = ["allUsers", "allAuthenticatedUsers"]
A_TAG = "europe-west4-docker.pkg.dev/my-imaging/images/prepare:latest"
ELSEWHERE = [REMOVED, "us-central1", "global"]
DEFAULT_ACCOUNT = [REMOVED, "123-compute@developer.gserviceaccount.com", "123@cloudbuild.gserviceaccount.com"]
STARTER = "imaging-job-starter@my-imaging.iam.gserviceaccount.com"
GOOGLES_OWN = "logging.googleapis.com/projects/p/locations/global/buckets/_Default"
PREVENT = [REMOVED, "DELETE", "ABANDON"]
NOT_TRUE = [REMOVED, False]

MUST: dict[str, dict[tuple[str, str], list[Any]]] = {
    "gcp:healthcare/dataset:Dataset": {
        (PROTECT, "stateful-is-protected"): [REMOVED],
        ("deletionPolicy", "stateful-is-protected"): PREVENT,
        ("location", "one-region"): ["us"],
        ("name", "archive-named-and-placed"): [REMOVED, ""],
    },
    "gcp:healthcare/dicomStore:DicomStore": {
        (PROTECT, "stateful-is-protected"): [REMOVED],
        ("deletionPolicy", "stateful-is-protected"): PREVENT,
        ("name", "store-named-and-placed"): [REMOVED],
        ("labels.environment", "stores-say-what-they-are"): [REMOVED, "local"],
        ("labels.data-class", "stores-say-what-they-are"): [REMOVED, "synthetic"],
        ("labels.patient", "labels-from-a-vocabulary"): ["doe_jane"],
    },
    "gcp:storage/bucket:Bucket": {
        (PROTECT, "stateful-is-protected"): [REMOVED],
        ("deletionPolicy", "stateful-is-protected"): PREVENT,
        ("forceDestroy", "stateful-is-protected"): [True],
        ("uniformBucketLevelAccess", "bucket-is-private"): NOT_TRUE,
        ("publicAccessPrevention", "bucket-is-private"): [REMOVED, "inherited"],
        ("versioning.enabled", "bucket-keeps-old-versions"): NOT_TRUE,
        ("softDeletePolicy.retentionDurationSeconds", "bucket-soft-deletes"): [REMOVED, 0, 86_400],
        ("lifecycleRules[0].condition", "bucket-loses-no-live-object"): [{"age": 30}],
        ("location", "one-region"): [REMOVED, "US", "EU"],
    },
    "gcp:secretmanager/secret:Secret": {
        (PROTECT, "stateful-is-protected"): [REMOVED],
        ("deletionPolicy", "stateful-is-protected"): PREVENT,
        ("deletionProtection", "stateful-is-protected"): NOT_TRUE,
        ("replication", "secret-in-chosen-regions"): [REMOVED, {"auto": {}}],
        ("topics", "secret-has-a-topic"): [REMOVED, []],
        ("rotation", "secret-rotation-is-short"): [{"rotationPeriod": "7862400s"}],
    },
    "gcp:secretmanager/secretVersion:SecretVersion": {
        ("secret", "no-secret-value-in-pulumi"): ["projects/p/secrets/github-token"],
        ("secretData", "published-secret-is-no-secret"): [REMOVED, '{"oidc": {"scope": "openid"}}'],
    },
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": {
        (PROTECT, "stateful-is-protected"): [REMOVED],
        ("deletionPolicy", "stateful-is-protected"): PREVENT,
        ("retentionDays", "audit-logs-are-kept"): [REMOVED, 30, 364],
        ("location", "one-region"): ELSEWHERE,
    },
    "gcp:logging/projectSink:ProjectSink": {
        ("filter", "audit-logs-have-a-sink"): [REMOVED, 'log_id("cloudaudit.googleapis.com/activity")'],
        ("destination", "audit-logs-have-a-sink"): [GOOGLES_OWN],
        ("exclusions", "sink-leaves-nothing-out"): [[{"name": "noise", "filter": "resource.type=x"}]],
        ("disabled", "sink-leaves-nothing-out"): [True],
        ("uniqueWriterIdentity", "sink-leaves-nothing-out"): NOT_TRUE,
    },
    "gcp:logging/projectExclusion:ProjectExclusion": {
        ("filter", "only-kept-logs-are-excluded"): [
            REMOVED, "", 'log_id("cloudaudit.googleapis.com/data_access") OR severity>=ERROR',
            'log_id("cloudaudit.googleapis.com/data_access")', 'protoPayload.serviceName="healthcare.googleapis.com"',
        ],
        ("disabled", "data-access-is-kept-once"): [True],
    },
    "gcp:logging/logView:LogView": {
        ("filter", "log-view-shows-one-log"): [REMOVED, "", 'LOG_ID("a") OR LOG_ID("b")'],
    },
    "gcp:projects/iAMAuditConfig:IAMAuditConfig": {
        ("auditLogConfigs", "all-access-is-logged"): [REMOVED, [{"logType": "DATA_WRITE"}]],
        ("auditLogConfigs[1].exemptedMembers", "all-access-is-logged"): [["group:a@example.org"]],
    },
    "gcp:monitoring/alertPolicy:AlertPolicy": {
        ("enabled", "deeds-raise-alerts"): [False],
        ("conditions", "deeds-raise-alerts"): [REMOVED, []],
        ("conditions", "troubles-raise-alerts"): [REMOVED, []],
        ("enabled", "troubles-raise-alerts"): [False],
        ("enabled", "alert-says-what-to-do"): [False],
        ("documentation", "alert-says-what-to-do"): [REMOVED],
    },
    "gcp:projects/iAMMember:IAMMember": {
        ("member", "no-public-principal"): ANYBODY,
        ("role", "no-basic-role"): ["roles/owner", "roles/editor", "roles/viewer"],
    },
    "gcp:serviceaccount/iAMMember:IAMMember": {("member", "no-public-principal"): ANYBODY},
    "gcp:healthcare/dicomStoreIamMember:DicomStoreIamMember": {
        ("member", "no-public-principal"): ANYBODY,
        ("member", "images-for-groups-and-accounts"): ["user:ada@example.org", "domain:example.org"],
        ("role", "no-predefined-dicom-role"): ["roles/healthcare.dicomViewer", "roles/healthcare.dicomEditor"],
    },
    "gcp:healthcare/datasetIamMember:DatasetIamMember": {
        ("role", "images-by-store"): ["projects/my-imaging/roles/dicomViewer"],
        ("member", "no-public-principal"): ANYBODY,
    },
    "gcp:projects/iAMCustomRole:IAMCustomRole": {
        ("permissions", "custom-role-cannot-take-images-away"): [
            ["healthcare.dicomStores.export"], ["healthcare.datasets.delete"], ["healthcare.dicomStores.setIamPolicy"],
        ],
        ("permissions", "custom-role-is-final"): [REMOVED],
        ("stage", "custom-role-is-final"): ["DISABLED", "ALPHA"],
    },
    "gcp:secretmanager/secretIamMember:SecretIamMember": {("member", "no-public-principal"): ANYBODY},
    "gcp:storage/bucketIAMMember:BucketIAMMember": {("member", "no-public-principal"): ANYBODY},
    "gcp:pubsub/topic:Topic": {("messageStoragePolicy", "one-region"): [REMOVED]},
    "gcp:pubsub/subscription:Subscription": {
        ("expirationPolicy", "subscriptions-stay"): [REMOVED, {"ttl": "2678400s"}],
        ("messageRetentionDuration", "messages-wait"): [REMOVED, "600s"],
    },
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": {
        ("attributeCondition", "federation-is-bound"): [
            REMOVED, "assertion.repository == 'lab/platform'", "assertion.repository_id == '815'",
            "assertion.repository_id == '815' && true || true",
        ],
        ("oidc.issuerUri", "federation-is-bound"): [REMOVED, "https://tokens.example.org"],
    },
    "gcp:artifactregistry/repository:Repository": {
        ("dockerConfig.immutableTags", "registry-moves-no-tag"): NOT_TRUE,
        ("vulnerabilityScanningConfig", "registry-moves-no-tag"): [REMOVED, {"enablementConfig": "DISABLED"}],
        ("cleanupPolicyDryRun", "registry-moves-no-tag"): [REMOVED, True],
        ("cleanupPolicies", "registry-keeps-what-runs"): [REMOVED, [{"id": "all", "action": "DELETE"}]],
        ("location", "one-region"): ELSEWHERE,
    },
    "gcp:cloudrunv2/job:Job": {
        ("template.template.containers[0].image", "image-by-digest"): [REMOVED, A_TAG, "gcr.io/p/prepare@sha256:ab"],
        ("template.template.serviceAccount", "runs-as-its-own-account"): DEFAULT_ACCOUNT,
        ("template.template.serviceAccount", "no-shared-account"): [STARTER],
        ("template.template.timeout", "job-is-bounded"): [REMOVED],
        ("template.template.maxRetries", "job-is-bounded"): [REMOVED],
        ("template.template.containers[0].resources.limits.memory", "job-is-bounded"): [REMOVED],
        ("template.template.containers[0].commands", "job-is-bounded"): [REMOVED, []],
        ("template.template.containers[0].envs", "no-secret-in-the-environment"): [
            [{"name": "API_KEY", "value": "x"}], [{"name": "NOTE", "value": "ghp_0123456789012345678901234567890123"}],
        ],
        ("template.template.containers[0].envs[0].value", "over-https"): ["http://healthcare.googleapis.com/v1"],
        ("deletionProtection", "running-is-protected"): NOT_TRUE,
        ("binaryAuthorization", "no-way-around-attestation"): [{"breakglassJustification": "late"}],
    },
    "gcp:cloudbuild/trigger:Trigger": {
        ("location", "builds-in-one-region"): [REMOVED, "global", "us-central1"],
        ("serviceAccount", "runs-as-its-own-account"): DEFAULT_ACCOUNT,
        ("build", "build-logs-to-cloud-logging"): [{"steps": []}],
    },
    "gcp:cloudbuildv2/connection:Connection": {
        ("githubConfig.authorizerCredential.oauthTokenSecretVersion", "secret-version-is-pinned"): [
            REMOVED, "projects/p/secrets/github-token/versions/latest",
        ],
    },
    "gcp:cloudscheduler/job:Job": {
        ("httpTarget.uri", "over-https"): ["http://run.googleapis.com/v2/jobs/prepare:run"],
        ("httpTarget.oauthToken", "schedule-signs-in"): [REMOVED],
    },
    "gcp:workflows/workflow:Workflow": {
        ("serviceAccount", "runs-as-its-own-account"): DEFAULT_ACCOUNT,
        ("deletionProtection", "running-is-protected"): NOT_TRUE,
    },
    "gcp:eventarc/trigger:Trigger": {("serviceAccount", "runs-as-its-own-account"): DEFAULT_ACCOUNT},
    "gcp:projects/service:Service": {("disableOnDestroy", "apis-stay-on"): [REMOVED, True]},
}  # fmt: skip

PHI_MUST: dict[str, dict[tuple[str, str], list[Any]]] = {
    "gcp:healthcare/dataset:Dataset": {
        ("encryptionSpec", "phi-has-its-own-key"): [REMOVED],
        ("encryptionSpec.kmsKeyName", "key-in-the-datasets-region"): [
            "projects/p/locations/global/keyRings/r/cryptoKeys/k", "projects/p/locations/us/keyRings/r/cryptoKeys/k",
        ],
        ("encryptionSpec.kmsKeyName", "key-usable-by-the-archive"): [
            "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/other",
        ],
    },
    "gcp:cloudbuildv2/connection:Connection": {("location", "builds-in-one-region"): ["us-central1", "europe-west2"]},
    "gcp:healthcare/dicomStore:DicomStore": {
        ("streamConfigs", "only-released-apis-with-phi"): [[{"bigqueryDestination": {"tableUri": "bq://p.d.t"}}]],
    },
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": {
        ("locked", "audit-logs-are-kept"): NOT_TRUE,
        ("retentionDays", "audit-logs-are-kept"): [REMOVED, 2189],
    },
    "gcp:monitoring/alertPolicy:AlertPolicy": {("notificationChannels", "alert-reaches-somebody"): [REMOVED, []]},
    "gcp:cloudrunv2/service:Service": {
        ("template.containers[0].image", "image-by-digest"): [REMOVED, A_TAG],
        ("iapEnabled", "viewer-behind-the-proxy"): NOT_TRUE,
        ("invokerIamDisabled", "viewer-behind-the-proxy"): [True],
        ("launchStage", "only-released-features-with-phi"): ["BETA", "ALPHA"],
        ("template.serviceAccount", "runs-as-its-own-account"): DEFAULT_ACCOUNT,
        ("deletionProtection", "running-is-protected"): NOT_TRUE,
    },
    "gcp:pubsub/topic:Topic": {
        ("kmsKeyName", "one-key-for-all"): [REMOVED, "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/other"],
    },
    "gcp:storage/bucket:Bucket": {
        ("encryption", "one-key-for-all"): [REMOVED],
        ("encryption.defaultKmsKeyName", "one-key-for-all"): [
            REMOVED, "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/other",
        ],
    },
    "gcp:workflows/workflow:Workflow": {("cryptoKeyName", "one-key-for-all"): [REMOVED]},
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": {
        ("role", "key-granted-for-use-only"): ["roles/cloudkms.admin"],
        ("role", "key-usable-by-the-archive"): ["roles/cloudkms.cryptoKeyDecrypter"],
    },
}  # fmt: skip
"""Besides, where the images are of patients."""

TROUBLES = ("backlog", "dead-letters", "job-failed", "job-silent", "set-aside")
DEEDS = ("grants", "audit-config", "deletion", "export", "keys")
LEVELS = tuple(f"levels-{promise}-{speed}" for promise in ("prepared", "shown", "viewer") for speed in ("fast", "slow"))
EXEMPT = {
    # What only a test reads may be lost.
    ("probe-subscription", "messages-wait"),
    ("probe-subscription", "unreadable-messages-are-set-aside"),
    # Pixels on their way: what is deleted is gone, and whatever is a few days old is deleted.
    *(("records-staged", f"bucket-{rule}") for rule in ("keeps-old-versions", "loses-no-live-object", "soft-deletes")),
    ("records-staged", "stateful-is-protected"),
    # Retained, nothing in it is overwritten.
    ("deliveries-bucket", "bucket-keeps-old-versions"),
    # Each alert is asked for by the rule of its own kind; those of promises by none, as what is promised is a choice.
    *((name, "deeds-raise-alerts") for name in (*(f"watch-{sign}" for sign in TROUBLES), *LEVELS)),
    *((name, "troubles-raise-alerts") for name in (*(f"alerts-{deed}" for deed in DEEDS), *LEVELS)),
}
"""Resource and rule that does not look at it."""

ABSENT: dict[str, str] = {
    "audit-sink": "audit-logs-have-a-sink",
    "audit-bucket": "audit-logs-have-a-sink",
    "audit-kept-once": "data-access-is-kept-once",
    "audit-healthcare": "every-sensitive-service-is-logged",
    "audit-secretmanager": "every-sensitive-service-is-logged",
    "audit-storage": "every-sensitive-service-is-logged",
    "audit-iam": "every-sensitive-service-is-logged",
    "audit-sts": "every-sensitive-service-is-logged",
    "audit-cloudkms": "every-sensitive-service-is-logged",
    "alerts-grants": "deeds-raise-alerts",
    "alerts-audit-config": "deeds-raise-alerts",
    "alerts-deletion": "deeds-raise-alerts",
    "alerts-export": "deeds-raise-alerts",
    "alerts-keys": "deeds-raise-alerts",
    "watch-backlog": "troubles-raise-alerts",
    "watch-dead-letters": "troubles-raise-alerts",
    "watch-job-failed": "troubles-raise-alerts",
    "watch-job-silent": "troubles-raise-alerts",
    "watch-set-aside": "troubles-raise-alerts",
    "apis-containerscanning": "images-are-scanned",
    "archive-raw": "new-instances-are-announced",
    "archive-dead-letters": "unreadable-messages-are-set-aside",
    "identities-job": "runs-as-an-account-of-the-stack",
    "identities-deployer": "runs-as-an-account-of-the-stack",
}
"""Resource that must be there → the rule that misses it."""
