"""The bucket of the delivery's own records: what a stack runs, what it ran before, which build is at work.

Owns: the bucket and who may read it. Deliberately not: anything that the data plane writes (`JobRecords` has that), and
any grant to write: only the deployer, whose project-wide role lets it, adds records. An identity that touches images
could otherwise decide what runs.

Trap: records are added and never replaced, one object each. With a retention period nobody removes one before its time,
and whoever overwrites one leaves the first version beside it, which is the one that counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:DeliveryRecords"
DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class DeliveryRecordsArgs:
    project: str
    location: str
    bucket: str
    protected: bool
    """Unprotected, the bucket can be destroyed with everything in it, so nothing in it is retained."""
    labels: Mapping[str, str]
    readers: Mapping[str, pulumi.Input[str]]
    """May list and read the records."""
    retention_days: int = 90
    reports_prefix: str = "reports/"
    reports_days: int = 400
    """So long the reports of smoke tests are kept; the records themselves stay."""
    kms_key: str | None = None
    """Full name of a customer-managed key."""


class DeliveryRecords(pulumi.ComponentResource):
    """`bucket`."""

    bucket: gcp.storage.Bucket

    def __init__(self, name: str, args: DeliveryRecordsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"bucketName": args.bucket}, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.bucket = gcp.storage.Bucket(
            f"{name}-bucket",
            project=args.project,
            name=args.bucket,
            location=args.location,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            # Retained, nothing is overwritten; and sources differ on whether Google takes both in one bucket.
            versioning=None if args.protected else {"enabled": True},
            retention_policy={"retention_period": str(args.retention_days * DAY)} if args.protected else None,
            soft_delete_policy={"retention_duration_seconds": 7 * DAY if args.protected else 0},
            lifecycle_rules=[
                {
                    "action": {"type": "Delete"},
                    "condition": {"age": args.reports_days, "matches_prefixes": [args.reports_prefix]},
                },
            ],
            encryption={"default_kms_key_name": args.kms_key} if args.kms_key else None,
            force_destroy=not args.protected,
            deletion_policy="PREVENT" if args.protected else "DELETE",
            labels=args.labels,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
        )
        for key, member in args.readers.items():
            gcp.storage.BucketIAMMember(
                f"{name}-read-by-{key}",
                bucket=self.bucket.name,
                role="roles/storage.objectViewer",
                member=member,
                opts=own,
            )
        self.register_outputs({"bucket": self.bucket.name})
