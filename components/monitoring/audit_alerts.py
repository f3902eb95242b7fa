"""Alerts on what the audit logs say of the guardrails themselves: grants, logging, deletion, export, keys.

Owns: one log-based alert a deed, and whom it tells. Deliberately not: how well the platform runs (that is watched by
metrics), nor stopping anything: an alert comes after the deed.

Traps: a log-based *metric* needs the resource type of the entries in its alert's filter and never fires when that is
wrong; these alerts look at the entries themselves. An export is in the Data Access logs, which are off for the
Healthcare API until `AuditTrail` asks for them. Services name `setIamPolicy` differently (`SetIamPolicy`,
`google.iam.admin.v1.SetIAMPolicy`, `storage.setIamPermissions`), hence patterns on the end of a method's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:AuditAlerts"
METHOD, SERVICE = "protoPayload.methodName", "protoPayload.serviceName"
WHO = {
    "principal": "EXTRACT(protoPayload.authenticationInfo.principalEmail)",
    "method": "EXTRACT(protoPayload.methodName)",
}
"""Labels of an alert; each combination is told by itself."""
RATE_LIMIT, AUTO_CLOSE = "300s", "86400s"


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What is told. `filter` is in the Logging query language; `section` is where docs/runbook.md says what to do."""

    title: str
    filter: str
    section: str


def method(*names: str) -> str:
    """Methods by the ends of their names: APIs put their package, with a version, before them."""
    return f'{METHOD}=~"(^|[.])({"|".join(names)})$"'


EXCLUSIONS = ("CreateExclusion", "UpdateExclusion", "DeleteExclusion")
DEEDS: Mapping[str, Deed] = {
    "grants": Deed(
        title="A grant was changed",
        filter=f'{METHOD}=~"(?i)[.]?setIam(Policy|Permissions)$" '
        f'OR ({SERVICE}="iam.googleapis.com" AND {method("CreateRole", "UpdateRole", "DeleteRole", "UndeleteRole")})',
        section="a-grant-was-changed",
    ),
    "audit-config": Deed(
        title="What is logged, or where logs are kept, was changed",
        filter="protoPayload.serviceData.policyDelta.auditConfigDeltas:* "
        f'OR ({SERVICE}="logging.googleapis.com" AND '
        f"{method('UpdateSink', 'DeleteSink', 'UpdateBucket', 'DeleteBucket', *EXCLUSIONS)})",
        section="audit-logging-was-changed",
    ),
    "deletion": Deed(
        title="A dataset or a DICOM store was deleted",
        filter=f'{SERVICE}="healthcare.googleapis.com" AND {method("DeleteDataset", "DeleteDicomStore")}',
        section="a-dataset-or-store-was-deleted",
    ),
    "export": Deed(
        title="A DICOM store was exported",
        filter=f'{SERVICE}="healthcare.googleapis.com" AND {method("ExportDicomData")}',
        section="a-store-was-exported",
    ),
    "keys": Deed(
        title="A key was disabled or is about to be destroyed",
        filter=f'{SERVICE}="cloudkms.googleapis.com" AND '
        f"{method('DestroyCryptoKeyVersion', 'UpdateCryptoKeyVersion', 'UpdateCryptoKeyPrimaryVersion')}",
        section="a-key-is-disabled-or-about-to-be-destroyed",
    ),
}


@dataclass(frozen=True, kw_only=True)
class AuditAlertsArgs:
    project: str
    emails: Sequence[str]
    """Who is told. With nobody the alerts are raised all the same and wait in Cloud Monitoring."""
    runbook: str
    """Where the runbook is: a URL or a path."""
    labels: Mapping[str, str]


class AuditAlerts(pulumi.ComponentResource):
    """`channels` are full names; other alerts of the stack may use them."""

    channels: Sequence[pulumi.Output[str]]

    def __init__(self, name: str, args: AuditAlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"deeds": sorted(DEEDS), "emails": len(args.emails)}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.channels = [
            gcp.monitoring.NotificationChannel(
                f"{name}-to-{email}",
                project=args.project,
                type="email",
                display_name=email,
                labels={"email_address": email},
                user_labels=args.labels,
                opts=child,
            ).id
            for email in args.emails
        ]
        for key, deed in DEEDS.items():
            gcp.monitoring.AlertPolicy(
                f"{name}-{key}",
                project=args.project,
                display_name=deed.title,
                combiner="OR",
                severity="WARNING",
                conditions=[
                    {
                        "display_name": deed.title,
                        "condition_matched_log": {"filter": deed.filter, "label_extractors": WHO},
                    }
                ],
                alert_strategy={"notification_rate_limit": {"period": RATE_LIMIT}, "auto_close": AUTO_CLOSE},
                documentation={
                    "subject": deed.title,
                    "content": f"What to do: {args.runbook}#{deed.section}",
                    "mime_type": "text/markdown",
                },
                notification_channels=self.channels,
                user_labels=args.labels,
                opts=child,
            )
        self.register_outputs({"channels": self.channels})
