"""Which settings fit together; what contradicts, or exists in words but is not built yet, is refused and not ignored.

A rule is only asked when the values it needs are valid by themselves, so that one mistake is one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.config_loader import config_key, problem

Values = Mapping[str, Any]
SIX_YEARS, ONE_YEAR, ONE_MONTH = 2190, 365, 30
"""Days; six years is what HIPAA asks of documentation."""


@dataclass(frozen=True)
class Combination:
    """`wrong(values)` is whether the settings `needs` contradict; the first of them is the one to blame."""

    needs: tuple[str, ...]
    wrong: Callable[[Values], bool]
    rule: str
    remedy: str


COMBINATIONS = (
    Combination(
        ("data_class", "viewer_host"),
        lambda v: v["data_class"] == "phi" and v["viewer_host"] == "firebase",
        "Firebase Hosting is not covered by Google's BAA and its logs would hold study UIDs, so no phi with it",
        "set viewerHost to cloud_run, or use deidentified data",
    ),
    Combination(
        ("data_class", "dataset_key"),
        lambda v: v["data_class"] == "phi" and v["dataset_key"] is None,
        "phi is encrypted with a key of your own",
        "set datasetKey to a KMS key in the dataset's region before the dataset is made",
    ),
    Combination(
        ("data_class", "audit_retention_locked", "environment"),
        # Only prod may lock, so elsewhere one line says so, not two that contradict each other.
        lambda v: v["data_class"] == "phi" and not v["audit_retention_locked"] and v["environment"] == "prod",
        "the audit logs of phi are kept by a retention that nobody can shorten",
        "set auditRetentionLocked to true",
    ),
    Combination(
        ("data_class", "environment"),
        lambda v: v["data_class"] == "phi" and v["environment"] != "prod",
        "phi needs a locked retention of its audit logs, and only prod may lock",
        "use deidentified or synthetic data here",
    ),
    Combination(
        ("data_class", "audit_retention_days"),
        lambda v: v["data_class"] == "phi" and v["audit_retention_days"] < SIX_YEARS,
        "the audit logs of phi are kept for six years at least",
        f"set auditRetentionDays to {SIX_YEARS} or more",
    ),
    Combination(
        ("data_class", "alert_emails"),
        lambda v: v["data_class"] == "phi" and not v["alert_emails"],
        "somebody must be told when grants, logs or keys around phi are changed",
        "set alertEmails",
    ),
    Combination(
        ("audit_retention_days", "environment", "data_class"),
        # phi asks for more, and one line says so.
        lambda v: v["environment"] == "prod" and v["data_class"] != "phi" and v["audit_retention_days"] < ONE_YEAR,
        "prod keeps its audit logs for a year at least",
        f"set {ONE_YEAR} or more",
    ),
    Combination(
        ("audit_retention_days", "environment"),
        lambda v: v["environment"] != "prod" and v["audit_retention_days"] < ONE_MONTH,
        "Google's own log bucket keeps them as long",
        f"set {ONE_MONTH} or more",
    ),
    Combination(
        ("imports", "dataset"),
        lambda v: "raw" in v["imports"] and "dataset" not in v["imports"],
        "a store that exists is in a dataset that exists",
        "add dataset to imports",
    ),
    Combination(
        ("raw_store", "viewer_store"),
        lambda v: v["raw_store"] in ("viewer", "smoke"),
        "the platform has stores of its own by the names viewer and smoke",
        "give the raw store another name",
    ),
    Combination(
        ("billing_account", "monthly_budget"),
        lambda v: (v["billing_account"] is None) != (v["monthly_budget"] is None),
        "a budget is an amount on a billing account",
        "set both or neither",
    ),
    Combination(
        ("viewer_image_digest", "viewer_host"),
        lambda v: v["viewer_image_digest"] is not None and v["viewer_host"] != "cloud_run",
        "only Cloud Run serves the viewer from an image",
        "remove it, or set viewerHost to cloud_run",
    ),
    Combination(
        ("viewer_image", "viewer_host"),
        lambda v: v["viewer_image"] == "prebuilt" and v["viewer_host"] != "cloud_run",
        "only Cloud Run serves the viewer from an image",
        "remove it, or set viewerHost to cloud_run",
    ),
    *(
        Combination(
            (name, "viewer_host"),
            lambda v, name=name: v[name] is not None and v["viewer_host"] == "cloud_run",
            words,
            "remove it, or set viewerHost to firebase",
        )
        for name, words in (
            ("viewer_site", "the viewer on Cloud Run has no hosting site"),
            ("preview_site", "the viewer on Cloud Run has no hosting site"),
            ("custom_domain", "a domain in front of Cloud Run needs a load balancer, which is not declared"),
        )
    ),
    Combination(
        ("dataset_key", "location"),
        lambda v: v["dataset_key"] is not None and v["dataset_key"].split("/")[3] != v["location"],
        "a dataset's key must be in the dataset's own region",
        "use a key of that region, or set location to the key's",
    ),
    Combination(
        ("label_policy", "viewer_store"),
        lambda v: v["label_policy"] == "withhold" and v["viewer_store"] == "same",
        "a label image can only be withheld from a store of the viewers' own",
        "set viewerStore to separate",
    ),
    Combination(
        ("protection", "data_class"),
        lambda v: v["protection"] == "off" and v["data_class"] != "synthetic",
        "only synthetic images may be deletable by pulumi destroy",
        'set protection to "on" or dataClass to synthetic',
    ),
    Combination(
        ("protection", "environment"),
        lambda v: v["protection"] == "off" and v["environment"] == "prod",
        "prod is never without protection",
        'set it to "on"',
    ),
    Combination(
        ("delivery_approval", "environment"),
        lambda v: not v["delivery_approval"] and v["environment"] == "prod",
        "a deploy to prod needs a person's approval",
        "set it to true",
    ),
    Combination(
        ("audit_retention_locked", "environment"),
        lambda v: v["audit_retention_locked"] and v["environment"] != "prod",
        "a locked retention cannot be undone and keeps the stack from being destroyed",
        "set it to false; only prod may lock",
    ),
    Combination(
        ("job_image_digest", "job_image"),
        lambda v: v["job_image_digest"] is not None and v["job_image"] == "docker",
        "jobImage docker finds the digest by building, and an image has one owner at a time",
        "remove it, or set jobImage to prebuilt or cloud_build",
    ),
    Combination(
        ("job_image_repository", "job_image"),
        lambda v: v["job_image_repository"] is not None and v["job_image"] != "prebuilt",
        "only a prebuilt image is anywhere else than in this stack's registry",
        "remove it, or set jobImage to prebuilt",
    ),
    Combination(
        ("job_image", "github_token_version"),
        lambda v: v["job_image"] == "docker" and v["github_token_version"] is not None,
        "Cloud Build delivers here, and an image that Pulumi builds with this machine's Docker would have two owners",
        "set jobImage to cloud_build, or remove githubTokenVersion",
    ),
    Combination(
        ("promote_from", "job_image"),
        lambda v: v["promote_from"] is not None and v["job_image"] != "cloud_build",
        "only an image that Cloud Build delivers can be taken from another stack's release record",
        "remove it, or set jobImage to cloud_build",
    ),
    Combination(
        ("github_repository_id", "github_repository"),
        lambda v: v["github_repository_id"] is not None and v["github_repository"] is None,
        "the number alone does not say which workflow of which repository is let in",
        "set githubRepository too, or remove it",
    ),
    Combination(
        ("job_memory", "job_cpu"),
        lambda v: int(v["job_memory"][:-2]) > 4 * int(v["job_cpu"]),
        "Cloud Run gives at most 4Gi a vCPU",
        "set less memory, or a larger jobCpu",
    ),
    Combination(
        ("preview_site", "viewer_site"),
        lambda v: v["preview_site"] is not None and v["preview_site"] == v["viewer_site"],
        "previews would replace what users see",
        "give previews a site of their own",
    ),
    Combination(
        ("github_token_version", "github_repository", "github_installation_id"),
        lambda v: (
            v["github_token_version"] is not None
            and (v["github_repository"] is None or v["github_installation_id"] is None)
        ),
        "delivery also needs githubRepository and githubInstallationId",
        "set both, or remove it",
    ),
)


def combination_problems(namespace: str, values: Values) -> list[str]:
    """One line for each rule that the valid ones among the settings break."""
    return [
        problem(f"{namespace}:{config_key(c.needs[0])}", values[c.needs[0]], f"{c.rule}; {c.remedy}")
        for c in COMBINATIONS
        if all(need in values for need in c.needs) and c.wrong(values)
    ]
