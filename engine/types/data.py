"""Where data is: Healthcare, Pub/Sub, Cloud Storage."""

from __future__ import annotations

from engine.types.row import Around, Json, Row


def full_topic(inputs: Json, around: Around) -> Json:
    """A subscription may name its topic in short; the API wants the full name."""
    if "/" not in inputs["topic"]:
        inputs["topic"] = f"projects/{around.project}/topics/{inputs['topic']}"
    return inputs


def bucket(inputs: Json, _: Around) -> Json:
    """Pulumi has access control and the lifecycle's state flattened."""
    access = {}
    if inputs.get("publicAccessPrevention"):
        access["publicAccessPrevention"] = inputs.pop("publicAccessPrevention")
    if "uniformBucketLevelAccess" in inputs:
        access["uniformBucketLevelAccess"] = {"enabled": inputs.pop("uniformBucketLevelAccess")}
    inputs["iamConfiguration"] = access
    if inputs.pop("requesterPays", None):
        inputs["billing"] = {"requesterPays": True}
    for rule in inputs.get("lifecycleRules", []):
        state = rule["condition"].pop("withState", "ANY")
        if state != "ANY":
            rule["condition"]["isLive"] = state == "LIVE"
    return inputs


HEALTHCARE = {
    "gcp:healthcare/dataset:Dataset": Row(
        host="healthcare",
        create="POST /v1beta1/projects/{project}/locations/{location}/datasets?datasetId={name}",
        id="projects/{project}/locations/{location}/datasets/{name}",
        in_body=frozenset({"name"}),
        waits=False,
        outputs={"selfLink": "projects/{project}/locations/{location}/datasets/{name}"},
    ),
    "gcp:healthcare/dicomStore:DicomStore": Row(
        host="healthcare",
        create="POST /v1beta1/{dataset}/dicomStores?dicomStoreId={name}",
        id="{dataset}/dicomStores/{name}",
        in_body=frozenset({"name"}),
        labelled=True,
        outputs={"selfLink": "{dataset}/dicomStores/{name}"},
    ),
}

PUBSUB = {
    "gcp:pubsub/topic:Topic": Row(
        host="pubsub",
        create="PUT /v1/projects/{project}/topics/{name}",
        id="projects/{project}/topics/{name}",
        labelled=True,
    ),
    "gcp:pubsub/subscription:Subscription": Row(
        host="pubsub",
        create="PUT /v1/projects/{project}/subscriptions/{name}",
        id="projects/{project}/subscriptions/{name}",
        labelled=True,
        keep=frozenset({"expirationPolicy"}),
        defaults={
            "messageRetentionDuration": "604800s",
            "deadLetterPolicy": None,
            "expirationPolicy": None,
            "retryPolicy": None,
        },
        shape=full_topic,
    ),
}

STORES = {
    "gcp:storage/bucket:Bucket": Row(
        host="storage",
        create="POST /storage/v1/b?project={project}",
        id="{name}",
        read="/storage/v1/b/{name}",
        labelled=True,
        skip=frozenset({"forceDestroy", "enableObjectRetention"}),
        rename={
            "lifecycleRules": "lifecycle.rule",
            "lifecycleRules.condition.matchesPrefixes": "matchesPrefix",
            "lifecycleRules.condition.matchesStorageClasses": "matchesStorageClass",
            "lifecycleRules.condition.matchesSuffixes": "matchesSuffix",
            "cors.methods": "method",
            "cors.origins": "origin",
            "cors.responseHeaders": "responseHeader",
        },
        keep=frozenset({"lifecycleRules.condition.isLive", "softDeletePolicy.retentionDurationSeconds"}),
        defaults={"storageClass": "STANDARD"},
        shape=bucket,
        outputs={"url": "gs://{name}"},
    ),
}

ROWS = {**HEALTHCARE, **PUBSUB, **STORES}
