"""Where Pulumi keeps the stack's state and with which key it hides secrets; and the dataset's own key."""

from __future__ import annotations

from collections.abc import Iterator

from ops.client.google import Json
from ops.client.refusal import OpsRefused
from ops.operate.doctor import Diagnosis, Situation, unseen


def state(at: Situation) -> Iterator[Diagnosis]:
    make = f"make bootstrap STACK={at.stack}"
    bucket = at.settings.state_bucket
    if bucket is None:
        yield Diagnosis("state", "todo", "no bucket for Pulumi's state is set", (make,))
    else:
        yield from state_bucket(at, bucket, make)
    if at.settings.state_key is None:
        yield Diagnosis("state", "todo", "no KMS key for the secrets in Pulumi's state is set", (make,))
    else:
        yield from key(at, "state", at.settings.state_key, (make,))
    if at.settings.dataset_key is not None:
        yield from key(at, "dataset key", at.settings.dataset_key, ())


def state_bucket(at: Situation, bucket: str, make: str) -> Iterator[Diagnosis]:
    try:
        resource = at.get("storage", f"storage/v1/b/{bucket}")
    except OpsRefused as refused:
        if refused.status == 404:
            yield Diagnosis("state", "todo", f"bucket {bucket} does not exist", (make,))
        else:
            yield unseen("state", f"bucket {bucket}", refused, "roles/storage.bucketViewer on it")
        return
    problems = list(weak(resource))
    if problems:
        yield Diagnosis("state", "todo", f"bucket {bucket} {', and '.join(problems)}", (make,))
    else:
        yield Diagnosis("state", "ok", f"bucket {bucket} keeps old versions and cannot be public")


def weak(bucket: Json) -> Iterator[str]:
    access = bucket.get("iamConfiguration", {})
    if not bucket.get("versioning", {}).get("enabled"):
        yield "keeps no old versions: a lost state is a lost platform"
    if access.get("publicAccessPrevention") != "enforced":
        yield "could be made public"
    if not access.get("uniformBucketLevelAccess", {}).get("enabled"):
        yield "has object ACLs beside its policy"


def key(at: Situation, topic: str, name: str, do: tuple[str, ...]) -> Iterator[Diagnosis]:
    try:
        resource = at.get("cloudkms", f"v1/{name}")
    except OpsRefused as refused:
        if refused.status == 404:
            yield Diagnosis(topic, "todo", f"key {name} does not exist", do)
        else:
            yield unseen(topic, f"key {name}", refused, "roles/cloudkms.viewer on it")
        return
    condition = resource.get("primary", {}).get("state", "without a version")
    if condition != "ENABLED":
        restore = "docs/runbook.md, A key is disabled or about to be destroyed"
        yield Diagnosis(topic, "todo", f"the primary version of key {name} is {condition}", (restore,))
    else:
        yield Diagnosis(topic, "ok", f"key {name} is enabled")
