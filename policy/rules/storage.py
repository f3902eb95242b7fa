"""Buckets: who cannot read them, and what is not lost in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policy.resource_view import Seen
from policy.rule import Finding, Need, needs, rule, stack_rule
from policy.stack import Stack
from policy.stateful import BUCKET, is_scratch

GRANTS = ("gcp:storage/bucketIAMMember:BucketIAMMember", "gcp:storage/bucketIAMBinding:BucketIAMBinding")
JOB = "serviceAccount:imaging-job@"
BY_OBJECT = (
    "gcp:storage/bucketACL:BucketACL",
    "gcp:storage/bucketAccessControl:BucketAccessControl",
    "gcp:storage/defaultObjectACL:DefaultObjectACL",
    "gcp:storage/defaultObjectAccessControl:DefaultObjectAccessControl",
    "gcp:storage/objectACL:ObjectACL",
    "gcp:storage/objectAccessControl:ObjectAccessControl",
)

PRIVATE = needs(
    "bucket-is-private",
    "12 18",
    BUCKET,
    "A bucket's objects can never be public.",
    Need(
        "uniformBucketLevelAccess",
        lambda value: value is True,
        "is not uniform, so that a single object may be opened to anybody by a list of its own",
        "Set uniformBucketLevelAccess to true.",
    ),
    Need(
        "publicAccessPrevention",
        lambda value: value == "enforced",
        "does not enforce that nothing in it is public",
        'Set publicAccessPrevention to "enforced".',
    ),
)


@rule("bucket-keeps-old-versions", "12", BUCKET, holds=("versioning.enabled",))
def bucket_keeps_old_versions(bucket: Seen) -> Iterator[Finding]:
    """An object that was overwritten or deleted can be had back, or cannot be overwritten at all; but for scratch."""
    if is_scratch(bucket):
        return
    if bucket.get("versioning.enabled") is not True and not bucket.get("retentionPolicy.retentionPeriod"):
        yield Finding(
            "keeps no old versions, so an overwritten record is gone",
            "Set versioning.enabled to true, or a retentionPolicy.",
        )


@stack_rule("bucket-soft-deletes", "12", BUCKET, holds=("softDeletePolicy.retentionDurationSeconds",))
def bucket_soft_deletes(stack: Stack, bucket: Seen) -> Iterator[Finding]:
    """A deleted object or bucket can be had back for a week, unless the stack is disposable; but for scratch."""
    if is_scratch(bucket):
        return
    kept = bucket.get("softDeletePolicy.retentionDurationSeconds")
    # Google's own default, when nothing is declared, is a week too; but then nobody sees it change.
    if not stack.disposable and not (kept and kept >= 7 * 86_400):
        yield Finding(
            "does not keep what is deleted for seven days",
            "Set softDeletePolicy.retentionDurationSeconds to 604800 or more.",
        )


@stack_rule("delivery-records-are-retained", "12", BUCKET, holds=("retentionPolicy", "retentionPolicy.retentionPeriod"))
def delivery_records_are_retained(stack: Stack, bucket: Seen) -> Iterator[Finding]:
    """What decides what runs cannot be removed or replaced for a month, unless the stack is disposable."""
    if stack.disposable or not str(bucket.get("name") or "").endswith("-imaging-deliveries"):
        return
    if int(bucket.get("retentionPolicy.retentionPeriod") or 0) < 30 * 86_400:
        yield Finding(
            "holds the records of deliveries and does not retain them for 30 days",
            "Set retentionPolicy.retentionPeriod to 2592000 or more.",
        )


@rule("bucket-loses-no-live-object", "12", BUCKET, reads=("lifecycleRules", "labels"))
def bucket_loses_no_live_object(bucket: Seen) -> Iterator[Finding]:
    """A lifecycle rule deletes only old versions, or what is under a prefix for it; but for scratch."""
    if is_scratch(bucket):
        return
    for wanted in bucket.get("lifecycleRules") or []:
        condition = wanted.get("condition", {})
        narrow = ("daysSinceNoncurrentTime", "numNewerVersions", "noncurrentTimeBefore", "matchesPrefixes")
        old = any(condition.get(key) for key in narrow) or condition.get("withState") == "ARCHIVED"
        if wanted.get("action", {}).get("type") == "Delete" and not old:
            yield Finding(
                "deletes current objects by age, whatever they are",
                "Limit the rule to old versions (daysSinceNoncurrentTime) or to a prefix (matchesPrefixes).",
            )


@rule(
    "scratch-bucket-keeps-nothing",
    "11 12",
    BUCKET,
    reads=("softDeletePolicy.retentionDurationSeconds", "lifecycleRules", "versioning.enabled"),
)
def scratch_bucket_keeps_nothing(bucket: Seen) -> Iterator[Finding]:
    """What the job puts aside while it makes an image is gone when it is deleted, and deleted within two days."""
    if not is_scratch(bucket):
        return
    if bucket.get("versioning.enabled") is not False:
        yield Finding("does not say that it keeps no old versions of pixels", "Set versioning.enabled to false.")
    if bucket.get("softDeletePolicy.retentionDurationSeconds") != 0:
        yield Finding(
            "keeps deleted pixels, for a week as nothing else is said",
            "Set softDeletePolicy.retentionDurationSeconds to 0.",
        )
    rules: list[Any] = bucket.get("lifecycleRules") or []
    ages = [
        rule["condition"]["age"]
        for rule in rules
        if rule.get("action", {}).get("type") == "Delete" and set(rule.get("condition", {})) == {"age"}
    ]
    if not ages or min(ages) > 2:
        yield Finding("keeps pixels that a killed run has left", "Delete whatever is two days old, by lifecycleRules.")


@stack_rule("scratch-bucket-is-the-jobs", "11 12", GRANTS, reads=("member", "members"))
def scratch_bucket_is_the_jobs(stack: Stack, grant: Seen) -> Iterator[Finding]:
    """Nobody but the job reads the pixels that it has put aside."""
    names = {str(bucket.get("name")) for bucket in stack.of(BUCKET) if is_scratch(bucket)}
    if str(grant.get("bucket")) not in names:
        return
    members = [str(grant.get("member")), *map(str, grant.get("members") or ())]
    others = [member for member in members if member != "None" and not member.startswith(JOB)]
    if others or members == ["None"]:
        yield Finding(
            f"lets {', '.join(others) or 'nobody'} read pixels on their way, which are the job's alone",
            "Grant it to imaging-job alone.",
        )


@rule("no-access-lists", "12 18", BY_OBJECT)
def no_access_lists(acl: Seen) -> Iterator[Finding]:
    """Access to objects is granted by IAM alone."""
    yield Finding(
        "opens objects past IAM, where no matrix shows it", "Remove it and grant a role (gcp.storage.BucketIAMMember)."
    )


RULES = (
    PRIVATE,
    bucket_keeps_old_versions,
    bucket_soft_deletes,
    delivery_records_are_retained,
    bucket_loses_no_live_object,
    scratch_bucket_keeps_nothing,
    scratch_bucket_is_the_jobs,
    no_access_lists,
)
