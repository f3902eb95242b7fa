"""Data Access audit logs, and the one bucket that keeps all audit logs for as long as somebody may have to ask.

Owns: that every read, search and export of DICOM, secrets and records is logged with its principal, that the log
survives, and who may read the Data Access log. Deliberately not: alerts on what it says.

Traps: Data Access logs are *off* for the Healthcare API until asked for. The audit configuration of one service is
authoritative, so each service is one resource with all three types and no exempted member. Locking a retention
cannot be undone, not by Google either. The `_Default` bucket is in no region and forgets after 30 days; hence a bucket
and sink of our own, and no second copy there. `roles/logging.privateLogViewer` on the project would show every private
log of it: readers get a view with the one log instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:AuditTrail"
LOG_TYPES = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")
DATA_ACCESS = 'LOG_ID("cloudaudit.googleapis.com/data_access")'
AUDIT_LOGS = 'log_id("cloudaudit.googleapis.com/activity") OR log_id("cloudaudit.googleapis.com/data_access")'
VIEW = "data-access"
TOLD = "(?i)(ExportDicomData|setIam(Policy|Permissions))$"
"""Methods that alerts look for among data accesses."""
KEPT_ELSEWHERE = f'{DATA_ACCESS} AND NOT protoPayload.methodName=~"{TOLD}"'
"""What `_Default` need not keep. A log-based alert may look only at what some bucket of Google's own gets, or at all:
so what alerts look for stays, and names no study."""


@dataclass(frozen=True, kw_only=True)
class AuditTrailArgs:
    project: str
    location: str
    services: Sequence[str]
    """Services whose data access is logged, `healthcare.googleapis.com`."""
    bucket: str
    retention_days: int
    locked: bool
    """For good: neither the retention can be shortened nor the bucket deleted any more."""
    protected: bool
    readers: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """Members that may read the Data Access log, by a key that stays."""


class AuditTrail(pulumi.ComponentResource):
    """Full names: of the log bucket, and of the view of it through which the Data Access log is read."""

    bucket: pulumi.Output[str]
    view: pulumi.Output[str]

    def __init__(self, name: str, args: AuditTrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"services": list(args.services), "retentionDays": args.retention_days}, opts)
        for service in args.services:
            gcp.projects.IAMAuditConfig(
                f"{name}-{service.partition('.')[0]}",
                project=args.project,
                service=service,
                audit_log_configs=[{"log_type": log_type} for log_type in LOG_TYPES],
                opts=pulumi.ResourceOptions(parent=self),
            )
        bucket = gcp.logging.ProjectBucketConfig(
            f"{name}-bucket",
            project=args.project,
            location=args.location,
            bucket_id=args.bucket,
            description="Audit logs of the imaging platform",
            retention_days=args.retention_days,
            locked=args.locked,
            deletion_policy="PREVENT" if args.protected else "DELETE",
            opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
        )
        sink = gcp.logging.ProjectSink(
            f"{name}-sink",
            project=args.project,
            name="imaging-audit",
            description="Audit logs of this project into the bucket that keeps them",
            destination=pulumi.Output.format("logging.googleapis.com/{0}", bucket.id),
            filter=AUDIT_LOGS,
            unique_writer_identity=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Their paths hold study UIDs, and `_Default` is in no region, under Google's key. An exclusion of the project
        # is one of its `_Default` sink alone.
        gcp.logging.ProjectExclusion(
            f"{name}-kept-once",
            project=args.project,
            name="imaging-data-access",
            description="Data accesses are kept by the sink imaging-audit, in its region",
            filter=KEPT_ELSEWHERE,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[sink]),
        )
        view = gcp.logging.LogView(
            f"{name}-view",
            parent=f"projects/{args.project}",
            location=args.location,
            bucket=bucket.bucket_id,
            name=VIEW,
            description="The Data Access log alone",
            filter=DATA_ACCESS,
            opts=pulumi.ResourceOptions(parent=self),
        )
        for key, member in args.readers.items():
            gcp.logging.LogViewIamMember(
                f"{name}-{key}-reads",
                parent=f"projects/{args.project}",
                location=args.location,
                bucket=bucket.bucket_id,
                name=view.name,
                role="roles/logging.viewAccessor",
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.bucket, self.view = bucket.id, view.id
        self.register_outputs({"bucket": self.bucket, "view": self.view, "writer": sink.writer_identity})
