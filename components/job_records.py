"""The bucket of the study job's records (work items, readiness reports, claims of event windows), and one for pixels.

Owns: the two buckets and who may use their objects. None of the records holds a patient attribute. Encoded tiles wait
in the other bucket while the job makes a level: only the job reads it, and what is deleted there is gone. Deliberately
not: DICOM.

Trap: work items are created with `ifGenerationMatch=0`, which makes the bucket the judge of who was first. The
writers' roles are bound here and nowhere wider; who only adds objects gets `objectCreator`, which can neither read
nor replace one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:JobRecords"
DAY = 86_400

Members = Mapping[str, pulumi.Input[str]]


def nobody() -> Members:
    return {}


@dataclass(frozen=True, kw_only=True)
class JobRecordsArgs:
    project: str
    location: str
    bucket: str
    staged_bucket: str
    """For pixels on their way, of `users` alone."""
    protected: bool
    """Unprotected, the records can be destroyed; pixels on their way always can."""
    labels: Mapping[str, str]
    users: Members = field(default_factory=nobody)
    """May list, read, write and delete objects of both buckets. Keys stay."""
    readers: Members = field(default_factory=nobody)
    adders: Members = field(default_factory=nobody)
    """May only add objects."""
    viewers: Members = field(default_factory=nobody)
    """May read what viewers may know of a study, and nothing else."""
    viewers_prefix: str = "viewer/"
    claims_prefix: str = "starts/"
    keep_staged_days: int = 2
    """Pixels that a run has put aside and, when it was killed, not removed: longer than any image takes to be made."""
    former_staged_prefix: str = "staged/"
    """Where releases before put them, in the records bucket."""
    keep_old_versions_days: int = 30
    kms_key: str | None = None
    """Full name of a customer-managed key."""


class JobRecords(pulumi.ComponentResource):
    """`bucket`, `staged`, and `grants` that whoever uses them must wait for."""

    bucket: gcp.storage.Bucket
    staged: gcp.storage.Bucket
    grants: list[pulumi.Resource]

    def __init__(self, name: str, args: JobRecordsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"bucketName": args.bucket}, opts)
        self.bucket = gcp.storage.Bucket(
            f"{name}-bucket",
            project=args.project,
            name=args.bucket,
            location=args.location,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning={"enabled": True},
            soft_delete_policy={"retention_duration_seconds": 7 * DAY if args.protected else 0},
            lifecycle_rules=[
                {
                    "action": {"type": "Delete"},
                    "condition": {"days_since_noncurrent_time": args.keep_old_versions_days},
                },
                {"action": {"type": "Delete"}, "condition": {"age": 1, "matches_prefixes": [args.claims_prefix]}},
                {
                    "action": {"type": "Delete"},
                    "condition": {"age": 7, "matches_prefixes": [args.former_staged_prefix]},
                },
            ],
            encryption={"default_kms_key_name": args.kms_key} if args.kms_key else None,
            force_destroy=not args.protected,
            deletion_policy="PREVENT" if args.protected else "DELETE",
            labels=args.labels,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
        )
        self.staged = gcp.storage.Bucket(
            f"{name}-staged",
            project=args.project,
            name=args.staged_bucket,
            location=args.location,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning={"enabled": False},
            soft_delete_policy={"retention_duration_seconds": 0},
            lifecycle_rules=[{"action": {"type": "Delete"}, "condition": {"age": args.keep_staged_days}}],
            encryption={"default_kms_key_name": args.kms_key} if args.kms_key else None,
            force_destroy=True,
            deletion_policy="DELETE",
            labels={**args.labels, "purpose": "scratch"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.grants = [
            gcp.storage.BucketIAMMember(
                f"{name}-{verb}-by-{key}",
                bucket=self.bucket.name,
                role=role,
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for verb, role, members in (
                ("used", "roles/storage.objectUser", args.users),
                ("read", "roles/storage.objectViewer", args.readers),
                ("added-to", "roles/storage.objectCreator", args.adders),
            )
            for key, member in members.items()
        ]
        self.grants += [
            gcp.storage.BucketIAMMember(
                f"{name}-staged-used-by-{key}",
                bucket=self.staged.name,
                role="roles/storage.objectUser",
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for key, member in args.users.items()
        ]
        under = f"projects/_/buckets/{args.bucket}/objects/{args.viewers_prefix}"
        for key, member in args.viewers.items():
            gcp.storage.BucketIAMMember(
                f"{name}-viewer-status-read-by-{key}",
                bucket=self.bucket.name,
                role="roles/storage.objectViewer",
                member=member,
                condition={
                    "title": "what viewers may know only",
                    "expression": f'resource.name.startsWith("{under}")',
                },
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"bucket": self.bucket.name})
