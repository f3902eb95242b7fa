"""Which settings fit together; what contradicts, or exists in words but is not built yet, is refused and not ignored.

A constraint is only asked when the values it looks at are valid by themselves, so that one mistake is one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from infra.setting_fields import SettingFields

SIX_YEARS, ONE_YEAR, ONE_MONTH = 2190, 365, 30
"""Days; six years is what HIPAA asks of documentation."""
LEAST_MEMORY = {"4": 2, "6": 4, "8": 4}
"""Gi by vCPUs that a Cloud Run job must have."""
LONGEST_SITE, TOLD_OF_A_BUDGET = 30, 5


@dataclass(frozen=True)
class Constraint:
    """`broken(settings)` is whether they contradict; the field `blames` is the one to show with its value."""

    blames: str
    broken: Callable[[SettingFields], bool]
    rule: str
    remedy: str


CONSTRAINTS = (
    Constraint(
        "data_class",
        lambda s: s.data_class == "phi" and s.viewer_host == "firebase",
        "Firebase Hosting is not covered by Google's BAA and its logs would hold study UIDs, so no phi with it",
        "set viewerHost to cloud_run, or use deidentified data",
    ),
    Constraint(
        "data_class",
        lambda s: s.data_class == "phi" and s.dataset_key is None,
        "phi is encrypted with a key of your own",
        "set datasetKey to a KMS key in the dataset's region before the dataset is made",
    ),
    Constraint(
        "data_class",
        # Only prod may lock, so elsewhere one line says so, not two that contradict each other.
        lambda s: s.data_class == "phi" and not s.audit_retention_locked and s.environment == "prod",
        "the audit logs of phi are kept by a retention that nobody can shorten",
        "set auditRetentionLocked to true",
    ),
    Constraint(
        "data_class",
        lambda s: s.data_class == "phi" and s.environment != "prod",
        "phi needs a locked retention of its audit logs, and only prod may lock",
        "use deidentified or synthetic data here",
    ),
    Constraint(
        "data_class",
        lambda s: s.data_class == "phi" and s.audit_retention_days < SIX_YEARS,
        "the audit logs of phi are kept for six years at least",
        f"set auditRetentionDays to {SIX_YEARS} or more",
    ),
    Constraint(
        "data_class",
        lambda s: s.data_class == "phi" and not s.alert_emails,
        "somebody must be told when grants, logs or keys around phi are changed",
        "set alertEmails",
    ),
    Constraint(
        "audit_retention_days",
        # phi asks for more, and one line says so.
        lambda s: s.environment == "prod" and s.data_class != "phi" and s.audit_retention_days < ONE_YEAR,
        "prod keeps its audit logs for a year at least",
        f"set {ONE_YEAR} or more",
    ),
    Constraint(
        "audit_retention_days",
        lambda s: s.environment != "prod" and s.audit_retention_days < ONE_MONTH,
        "Google's own log bucket keeps them as long",
        f"set {ONE_MONTH} or more",
    ),
    Constraint(
        "imports",
        lambda s: "raw" in s.imports and "dataset" not in s.imports,
        "a store that exists is in a dataset that exists",
        "add dataset to imports",
    ),
    Constraint(
        "raw_store",
        lambda s: s.raw_store in ("viewer", "smoke"),
        "the platform has stores of its own by the names viewer and smoke",
        "give the raw store another name",
    ),
    Constraint(
        "billing_account",
        lambda s: (s.billing_account is None) != (s.monthly_budget is None),
        "a budget is an amount on a billing account",
        "set both or neither",
    ),
    Constraint(
        "viewer_image_digest",
        lambda s: s.viewer_image_digest is not None and s.viewer_host != "cloud_run",
        "only Cloud Run serves the viewer from an image",
        "remove it, or set viewerHost to cloud_run",
    ),
    Constraint(
        "viewer_image",
        lambda s: s.viewer_image == "prebuilt" and s.viewer_host != "cloud_run",
        "only Cloud Run serves the viewer from an image",
        "remove it, or set viewerHost to cloud_run",
    ),
    Constraint(
        "viewer_site",
        lambda s: s.viewer_site is not None and s.viewer_host == "cloud_run",
        "the viewer on Cloud Run has no hosting site",
        "remove it, or set viewerHost to firebase",
    ),
    Constraint(
        "preview_site",
        lambda s: s.preview_site is not None and s.viewer_host == "cloud_run",
        "the viewer on Cloud Run has no hosting site",
        "remove it, or set viewerHost to firebase",
    ),
    Constraint(
        "custom_domain",
        lambda s: s.custom_domain is not None and s.viewer_host == "cloud_run",
        "a domain in front of Cloud Run needs a load balancer, which is not declared",
        "remove it, or set viewerHost to firebase",
    ),
    Constraint(
        "dataset_key",
        lambda s: s.dataset_key is not None and s.dataset_key.split("/")[3] != s.location,
        "a dataset's key must be in the dataset's own region",
        "use a key of that region, or set location to the key's",
    ),
    Constraint(
        "raw_storage_reads",
        lambda s: (
            s.environment == "prod"
            and s.raw_storage_class != "standard"
            and s.export_schedule is not None
            and s.raw_storage_reads == "refused"
        ),
        "each run of exportSchedule reads every raw image, and each GiB that is moved costs retrieval each time (list "
        "prices: nearline 0.01, coldline 0.02, archive 0.05 USD)",
        "set it to accepted if that is meant, or rawStorageClass to standard, or remove exportSchedule",
    ),
    Constraint(
        "raw_storage_reads",
        lambda s: s.raw_storage_reads == "accepted" and (s.raw_storage_class == "standard" or not s.export_schedule),
        "there is nothing to accept where no image is moved, or none is exported",
        "remove it",
    ),
    Constraint(
        "protection",
        lambda s: s.protection == "off" and s.data_class != "synthetic",
        "only synthetic images may be deletable by pulumi destroy",
        'set protection to "on" or dataClass to synthetic',
    ),
    Constraint(
        "protection",
        lambda s: s.protection == "off" and s.environment == "prod",
        "prod is never without protection",
        'set it to "on"',
    ),
    Constraint(
        "delivery_approval",
        lambda s: not s.delivery_approval and s.environment == "prod",
        "a deploy to prod needs a person's approval",
        "set it to true",
    ),
    Constraint(
        "audit_retention_locked",
        lambda s: s.audit_retention_locked and s.environment != "prod",
        "a locked retention cannot be undone and keeps the stack from being destroyed",
        "set it to false; only prod may lock",
    ),
    Constraint(
        "job_image_digest",
        lambda s: s.job_image_digest is not None and s.job_image == "docker",
        "jobImage docker finds the digest by building, and an image has one owner at a time",
        "remove it, or set jobImage to prebuilt or cloud_build",
    ),
    Constraint(
        "job_image_repository",
        lambda s: s.job_image_repository is not None and s.job_image != "prebuilt",
        "only a prebuilt image is anywhere else than in this stack's registry",
        "remove it, or set jobImage to prebuilt",
    ),
    Constraint(
        "job_image",
        lambda s: s.job_image == "docker" and s.github_token_version is not None,
        "Cloud Build delivers here, and an image that Pulumi builds with this machine's Docker would have two owners",
        "set jobImage to cloud_build, or remove githubTokenVersion",
    ),
    Constraint(
        "promote_from",
        lambda s: s.promote_from is not None and s.job_image != "cloud_build",
        "only an image that Cloud Build delivers can be taken from another stack's release record",
        "remove it, or set jobImage to cloud_build",
    ),
    Constraint(
        "github_repository_id",
        lambda s: s.github_repository_id is not None and s.github_repository is None,
        "the number alone does not say which workflow of which repository is let in",
        "set githubRepository too, or remove it",
    ),
    Constraint(
        "job_memory",
        lambda s: int(s.job_memory[:-2]) > 4 * int(s.job_cpu),
        "Cloud Run gives at most 4Gi a vCPU",
        "set less memory, or a larger jobCpu",
    ),
    Constraint(
        "job_memory",
        lambda s: int(s.job_memory[:-2]) < LEAST_MEMORY.get(s.job_cpu, 1),
        "Cloud Run wants at least 2Gi with 4 vCPUs, and 4Gi with 6 or 8",
        "set more memory, or a smaller jobCpu",
    ),
    Constraint(
        "project",
        lambda s: (
            s.viewer_host == "firebase"
            and max(len(s.viewer_site or f"{s.project}-viewer"), len(s.preview_site or f"{s.project}-preview"))
            > LONGEST_SITE
        ),
        "PROJECT-viewer and PROJECT-preview are longer than the 30 characters of a site's id, and Firebase is not "
        "taken back from a project",
        "set viewerSite and previewSite",
    ),
    Constraint(
        "alert_emails",
        lambda s: s.monthly_budget is not None and len(s.alert_emails) > TOLD_OF_A_BUDGET,
        "a budget tells five addresses at most",
        "name a group, or set no monthlyBudget",
    ),
    Constraint(
        "preview_site",
        lambda s: s.preview_site is not None and s.preview_site == s.viewer_site,
        "previews would replace what users see",
        "give previews a site of their own",
    ),
    Constraint(
        "github_token_version",
        lambda s: (
            s.github_token_version is not None and (s.github_repository is None or s.github_installation_id is None)
        ),
        "delivery also needs githubRepository and githubInstallationId",
        "set both, or remove it",
    ),
)


def broken_constraints(settings: SettingFields) -> Iterator[Constraint]:
    """The constraints that the settings break; `settings` may lack attributes:
    what looks at one of these is not asked.
    """
    for constraint in CONSTRAINTS:
        try:
            broken = constraint.broken(settings)
        except AttributeError:
            continue
        if broken:
            yield constraint
