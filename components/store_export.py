"""A copy of a DICOM store in a bucket, renewed on a schedule by the store's own export.

Owns: the bucket and what fills it. Deliberately not: the restore, which a drill proves (`make drill`), nor who may
export (`ArchiveAccess`).

Traps: an export always copies everything, so it is for weeks rather than minutes, and costs a read and a write of
every instance. It goes to the same names each time: what was overwritten or has vanished from the store stays as an old
version as long as old versions are kept. Google's agent writes, whoever asks.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:StoreExport"
DAY = 86_400
PREFIX = "raw"


@dataclass(frozen=True, kw_only=True)
class StoreExportArgs:
    project: str
    location: str
    bucket: str
    store: pulumi.Input[str]
    """Full name."""
    healthcare_endpoint: str
    """Root of the API, with a trailing slash."""
    exporter: pulumi.Input[str]
    """E-mail of the account that asks for the export; it may export that store."""
    healthcare_agent: pulumi.Input[str]
    schedule: str
    """Cron, UTC."""
    keep_old_versions_days: int
    protected: bool
    labels: Mapping[str, str]
    kms_key: str | None = None
    """Full name of a customer-managed key."""


class StoreExport(pulumi.ComponentResource):
    """`bucket`, with the newest copy under `raw/STUDY/SERIES/INSTANCE.dcm`."""

    bucket: gcp.storage.Bucket

    def __init__(self, name: str, args: StoreExportArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"bucketName": args.bucket, "schedule": args.schedule}, opts)
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
                }
            ],
            encryption={"default_kms_key_name": args.kms_key} if args.kms_key else None,
            force_destroy=not args.protected,
            deletion_policy="PREVENT" if args.protected else "DELETE",
            labels=args.labels,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
        )
        writes = gcp.storage.BucketIAMMember(
            f"{name}-written",
            bucket=self.bucket.name,
            role="roles/storage.objectAdmin",
            member=args.healthcare_agent,
            opts=pulumi.ResourceOptions(parent=self),
        )
        order = {"gcsDestination": {"uriPrefix": f"gs://{args.bucket}/{PREFIX}"}}
        gcp.cloudscheduler.Job(
            f"{name}-schedule",
            project=args.project,
            region=args.location,
            name="export-raw",
            description="Exports the raw store to its bucket",
            schedule=args.schedule,
            time_zone="Etc/UTC",
            attempt_deadline="60s",
            retry_config={"retry_count": 1},
            http_target={
                "http_method": "POST",
                "uri": pulumi.Output.format("{0}v1/{1}:export", args.healthcare_endpoint, args.store),
                "headers": {"Content-Type": "application/json"},
                "body": base64.b64encode(json.dumps(order).encode()).decode(),
                "oauth_token": {"service_account_email": args.exporter},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[writes]),
        )
        self.register_outputs({"bucket": self.bucket.name})
