"""Audit logs: what is written, where it is kept and for how long."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.resource_view import Seen
from policy.rule import Finding, Need, needs, rule, stack_rule
from policy.stack import Stack

CONFIG = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
BUCKET = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
SINK = "gcp:logging/projectSink:ProjectSink"
EXCLUSION = "gcp:logging/projectExclusion:ProjectExclusion"
LOG_TYPES = {"ADMIN_READ", "DATA_READ", "DATA_WRITE"}
AUDITED = tuple(
    f"{name}.googleapis.com" for name in ("cloudkms", "healthcare", "iam", "secretmanager", "storage", "sts")
)
LOGS = ("cloudaudit.googleapis.com/activity", "cloudaudit.googleapis.com/data_access")
DATA_ACCESS = re.compile(r'(?i)log_id\("cloudaudit\.googleapis\.com/data_access"\)(?= AND |$)')
NARROWS = re.compile(r"(?i)\bNOT\b|\bAND\b|severity|protoPayload|sample\(")
SIX_YEARS, ONE_YEAR, ONE_MONTH = 2190, 365, 30
"""Days. Six years is what HIPAA asks of documentation; after 30 days Google's own bucket forgets."""


@rule("all-access-is-logged", "1", CONFIG, holds=("auditLogConfigs",), reads=("service",))
def all_access_is_logged(config: Seen) -> Iterator[Finding]:
    """A service's audit configuration has all three types of logs and exempts nobody."""
    logs = config.get("auditLogConfigs") or []
    missing = LOG_TYPES - {log.get("logType") for log in logs}
    if missing:
        yield Finding(
            f"leaves {', '.join(sorted(missing))} of {config.get('service')} unlogged",
            "List ADMIN_READ, DATA_READ and DATA_WRITE in auditLogConfigs.",
        )
    if exempted := [member for log in logs for member in log.get("exemptedMembers") or []]:
        yield Finding(f"does not log what {', '.join(exempted)} does", "Remove exemptedMembers.")


@stack_rule("every-sensitive-service-is-logged", "1")
def every_sensitive_service_is_logged(stack: Stack, _: Seen) -> Iterator[Finding]:
    """Images, secrets, keys, buckets and identities have data access logs; by default none of them has."""
    logged = {config.get("service") for config in stack.of(CONFIG)}
    proxied = any(service.get("iapEnabled") for service in stack.of("gcp:cloudrunv2/service:Service"))
    wanted = (*AUDITED, "iap.googleapis.com") if proxied else AUDITED
    for service in wanted if "allServices" not in logged else ():
        if service not in logged:
            yield Finding(
                f"does not log who reads or changes what at {service}",
                f"Declare gcp.projects.IAMAuditConfig for {service}, or for allServices.",
            )


@stack_rule("audit-logs-are-kept", "2", BUCKET, holds=("retentionDays",), reads=("locked",))
def audit_logs_are_kept(stack: Stack, bucket: Seen) -> Iterator[Finding]:
    """Audit logs are kept for a year in prod, and for six years under a lock when the images are of patients."""
    phi, prod = stack.data_class == "phi", stack.environment == "prod"
    least = SIX_YEARS if phi else ONE_YEAR if prod else ONE_MONTH
    if (bucket.get("retentionDays") or 0) < least:
        yield Finding(
            f"forgets after {bucket.get('retentionDays') or 30} days and must keep {least}",
            f"Set auditRetentionDays to {least} or more (retentionDays).",
        )
    if phi and bucket.get("locked") is not True:
        yield Finding(
            "can be emptied early by whoever may configure logs, and it keeps who looked at patients' images",
            "Set auditRetentionLocked to true (locked).",
        )


@rule("lock-only-with-a-retention", "2", BUCKET, holds=("retentionDays",))
def lock_only_with_a_retention(bucket: Seen) -> Iterator[Finding]:
    """A log bucket says for how long it keeps its logs; a lock on a default of 30 days would be for good."""
    if not bucket.get("retentionDays"):
        yield Finding("does not say how long it keeps its logs", "Set retentionDays.")


@stack_rule("audit-logs-have-a-sink", "2")
def audit_logs_have_a_sink(stack: Stack, _: Seen) -> Iterator[Finding]:
    """All audit logs go to a log bucket of the stack."""
    buckets = [str(bucket.get("bucketId")) for bucket in stack.of(BUCKET)]
    kept = [
        sink
        for sink in stack.of(SINK)
        if all(log in str(sink.get("filter")) for log in LOGS)
        and any(str(sink.get("destination")).endswith(f"/buckets/{bucket}") for bucket in buckets)
    ]
    if not kept:
        yield Finding(
            "keeps no audit log beyond Google's own 30 days",
            "Declare a gcp.logging.ProjectSink of activity and data_access into a gcp.logging.ProjectBucketConfig.",
        )


@rule("sink-leaves-nothing-out", "2", SINK, holds=("uniqueWriterIdentity",), reads=("filter",))
def sink_leaves_nothing_out(sink: Seen) -> Iterator[Finding]:
    """A sink of audit logs takes them all: no exclusion, no narrowing filter, not disabled, as its own writer."""
    if "cloudaudit.googleapis.com" not in str(sink.get("filter")):
        return
    if sink.get("exclusions"):
        yield Finding("leaves some audit logs out", "Remove exclusions.")
    if NARROWS.search(str(sink.get("filter"))):
        yield Finding("takes only some of the audit logs", "Name the logs in filter and nothing else.")
    if sink.get("disabled"):
        yield Finding("is switched off", "Remove disabled.")
    if sink.get("uniqueWriterIdentity") is not True:
        yield Finding("writes as an identity that every sink shares", "Set uniqueWriterIdentity to true.")


@stack_rule("data-access-is-kept-once", "2 9")
def data_access_is_kept_once(stack: Stack, _: Seen) -> Iterator[Finding]:
    """Data Access logs, whose paths name studies, are not in Google's `_Default` bucket too, which is in no region."""
    kept = [exclusion for exclusion in stack.of(EXCLUSION) if DATA_ACCESS.match(str(exclusion.get("filter")))]
    if not any(exclusion.get("disabled") is not True for exclusion in kept):
        yield Finding(
            "keeps Data Access logs in the bucket _Default as well, in no region and under Google's key",
            "Declare a gcp.logging.ProjectExclusion of the data_access log.",
        )


@stack_rule("only-kept-logs-are-excluded", "2 3", EXCLUSION, holds=("filter",))
def only_kept_logs_are_excluded(stack: Stack, exclusion: Seen) -> Iterator[Finding]:
    """Nothing is left out of Google's own bucket but data accesses that a sink keeps and no alert looks for."""
    filter_ = str(exclusion.get("filter"))
    if not DATA_ACCESS.match(filter_) or re.search(r"(?i)\bOR\b", filter_):
        yield Finding(
            "leaves more out than the Data Access log, which is all that another sink keeps", "Narrow filter."
        )
    if not all(method in filter_.partition("NOT ")[2] for method in ("ExportDicomData", "setIam")):
        yield Finding(
            "leaves out what alerts look for, exports and grants among them",
            'Add AND NOT protoPayload.methodName=~"(?i)(ExportDicomData|setIam(Policy|Permissions))$" to filter.',
        )
    if not any("data_access" in str(sink.get("filter")) and not sink.get("disabled") for sink in stack.of(SINK)):
        yield Finding("leaves out data accesses that no sink of the stack keeps", "Declare the sink, or remove this.")


VIEW = needs(
    "log-view-shows-one-log",
    "5",
    "gcp:logging/logView:LogView",
    "A view of the audit logs shows one log, not all that the bucket keeps.",
    Need(
        "filter",
        lambda value: re.fullmatch(r'(?i)log_id\("[^"]+"\)', str(value)) is not None,
        "shows whoever may read it everything that the bucket keeps",
        'Set filter to LOG_ID("…") of one log.',
    ),
)


@stack_rule("log-view-is-read", "1 5", "gcp:logging/logView:LogView")
def log_view_is_read(stack: Stack, view: Seen) -> Iterator[Finding]:
    """Somebody may read the view through which a delivery proves that access is logged."""
    names = (str(view.get("name")), str(view.get("bucket")))
    readers = [
        grant
        for grant in stack.of("gcp:logging/logViewIamMember:LogViewIamMember")
        if (str(grant.get("name")), str(grant.get("bucket"))) == names
        and grant.get("role") == "roles/logging.viewAccessor"
        and not grant.get("condition")
    ]
    if not readers:
        yield Finding("is read by nobody, so no delivery proves that access is logged", "Grant it to imaging-smoke.")


RULES = (
    all_access_is_logged,
    every_sensitive_service_is_logged,
    audit_logs_are_kept,
    lock_only_with_a_retention,
    audit_logs_have_a_sink,
    sink_leaves_nothing_out,
    data_access_is_kept_once,
    only_kept_logs_are_excluded,
    VIEW,
    log_view_is_read,
)
