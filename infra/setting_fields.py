"""What can be set for one deployment, typed: the only module that says which settings exist.

One field a key of `dicom-platform:` in camelCase, with its bounds, its description, and what it decides. Pulumi.yaml's
`config:` block and docs/settings.md are written from these fields (`make docs`).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from infra import formats

Decides = Literal["access", "code", "audit", "data", "cost", "none"]
"""What a change of a setting decides, for its reviewer: who may do what, which code runs, what is logged and told,
where and how images are kept, what it costs, or nothing of these."""


def decides(what: Decides, unit: str = "") -> dict[str, Any]:
    """The mark of a field; `unit` is of its number."""
    return {"decides": what, **({"unit": unit} if unit else {})}


def config_key(name: str) -> str:
    """`job_image` → `jobImage`; only the project is the provider's own key."""
    return "gcp:project" if name == "project" else to_camel(name)


class SettingFields(BaseModel):
    """Each value by itself; how they fit together is in `infra.constraints`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=config_key, populate_by_name=True, coerce_numbers_to_str=True
    )

    project: formats.ProjectId = Field(
        description="Id of the project of everything.", json_schema_extra=decides("data")
    )
    environment: Literal["local", "dev", "prod"] = Field(
        description="Which kind of deployment this is: prod forbids what dev and local may do.",
        json_schema_extra=decides("access"),
    )
    location: formats.Region = Field(
        "europe-west4",
        description="Region of everything but builds: dataset, job, registry, buckets.",
        json_schema_extra=decides("data"),
    )
    build_region: formats.BuildRegion | None = Field(
        None,
        description="Region of builds and triggers; when not set, where new projects may build under the same law.",
        json_schema_extra=decides("data"),
    )
    data_class: Literal["synthetic", "deidentified", "phi"] = Field(
        "synthetic",
        description="What the images are; phi forbids Firebase Hosting and needs CMEK and locked retention.",
        json_schema_extra=decides("data"),
    )
    protection: Literal["on", "off"] = Field(
        "on",
        description='"off" lets pulumi destroy delete every image; allowed with synthetic data only. Quote it in YAML.',
        json_schema_extra=decides("data"),
    )

    dataset: formats.StoreId = Field(
        "imaging",
        description="Name of the Healthcare API dataset.",
        json_schema_extra=decides("data"),
    )
    dataset_key: formats.KmsKeyName | None = Field(
        None,
        description="KMS key for dataset, buckets, topics, workflow; chosen once, as another key is another dataset.",
        json_schema_extra=decides("data"),
    )
    label_policy: Literal["keep", "withhold"] = Field(
        "keep",
        description="withhold: label images stay in the raw store.",
        json_schema_extra=decides("access"),
    )
    viewers: formats.Listed[formats.GroupEmail] = Field(
        (),
        description="Google groups that may look at slides.",
        json_schema_extra=decides("access"),
    )
    annotators: formats.Listed[formats.GroupEmail] = Field(
        (),
        description="Google groups that may look at slides and store annotations.",
        json_schema_extra=decides("access"),
    )
    ingest_writers: formats.Listed[formats.GroupEmail] = Field(
        (),
        description="Google groups that may store and import into the raw store, but not read it.",
        json_schema_extra=decides("access"),
    )
    import_buckets: formats.Listed[formats.BucketName] = Field(
        (),
        description="Buckets from which the Healthcare API may import, read through its service agent.",
        json_schema_extra=decides("access"),
    )

    raw_store: formats.StoreId = Field(
        "raw",
        description="Name, in the dataset, of the DICOM store that the pipeline writes to.",
        json_schema_extra=decides("data"),
    )
    imports: formats.Listed[formats.Adopted] = Field(
        (),
        description="What exists already and is taken over as it is: dataset, raw, github-pool. See docs/adopting.md.",
        json_schema_extra=decides("data"),
    )

    raw_storage_class: Literal["standard", "nearline", "coldline", "archive"] = Field(
        "standard",
        description="Where the raw store's images go once viewers have theirs: cheaper to keep, dearer to read again.",
        json_schema_extra=decides("data"),
    )
    raw_storage_after_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="Days a study was ready and did not change before its raw images are moved.",
        json_schema_extra=decides("data", unit="days"),
    )
    raw_storage_reads: Literal["refused", "accepted"] = Field(
        "refused",
        description="accepted: somebody agrees that an export reads every moved image, and pays for it, each time.",
        json_schema_extra=decides("cost"),
    )
    sweep_schedule: formats.CronSchedule = Field(
        "0 2 * * 6",
        description="When the job looks at every study, for what nobody told: deletions, corrections (cron, UTC).",
        json_schema_extra=decides("cost"),
    )
    export_schedule: formats.CronSchedule | None = Field(
        None,
        description="When the raw store is copied to a bucket (cron, UTC); never when not set.",
        json_schema_extra=decides("data"),
    )
    export_keep_days: int = Field(
        35,
        ge=1,
        le=3650,
        description="How long the copy keeps what the store no longer has, or has otherwise.",
        json_schema_extra=decides("data", unit="days"),
    )

    job_image: Literal["docker", "cloud_build", "prebuilt"] = Field(
        "cloud_build",
        description="Who builds the job's image: this machine's Docker, Cloud Build, or somebody else.",
        json_schema_extra=decides("code"),
    )
    job_image_digest: formats.ImageDigest | None = Field(
        None,
        description="Digest of the job's image; without it the job is not declared yet.",
        json_schema_extra=decides("code"),
    )
    job_image_repository: formats.ImageName | None = Field(
        None,
        description="Where a prebuilt image is, when not in this stack's registry.",
        json_schema_extra=decides("code"),
    )
    job_schedule: formats.CronSchedule = Field(
        "*/15 * * * *",
        description="When the job looks for new studies whatever events say (cron, UTC).",
        json_schema_extra=decides("cost"),
    )
    event_window_seconds: int = Field(
        10,
        ge=1,
        le=3600,
        description="A burst of new instances starts the job once, this long after its window began.",
        json_schema_extra=decides("cost", unit="seconds"),
    )
    job_quiet_seconds: int = Field(
        30,
        ge=0,
        le=3600,
        description="A series counts as complete when no instance came for this long.",
        json_schema_extra=decides("none", unit="seconds"),
    )
    job_tasks: int = Field(
        1,
        ge=1,
        le=10_000,
        description="Most tasks at once; one begins, and as many follow as the waiting studies need.",
        json_schema_extra=decides("cost"),
    )
    job_cpu: formats.VirtualCpus = Field(
        "2",
        description="vCPUs of one task.",
        json_schema_extra=decides("cost"),
    )
    job_memory: formats.Memory = Field(
        "4Gi",
        description="Memory of one task.",
        json_schema_extra=decides("cost"),
    )
    job_timeout_seconds: int = Field(
        3600,
        ge=60,
        le=604_800,
        description="One attempt of one task is ended after this.",
        json_schema_extra=decides("cost", unit="seconds"),
    )
    job_max_retries: int = Field(
        1,
        ge=0,
        le=10,
        description="Attempts of a failed task after the first.",
        json_schema_extra=decides("cost"),
    )

    viewer_app: Literal["lite", "slim"] = Field(
        "lite",
        description="Which viewer is released: our lite page, or SLIM at the ref of viewer/slim/pin.toml.",
        json_schema_extra=decides("code"),
    )
    viewer_host: Literal["firebase", "cloud_run"] = Field(
        "firebase",
        description="What serves the viewer's files.",
        json_schema_extra=decides("access"),
    )
    viewer_image: Literal["cloud_build", "prebuilt"] = Field(
        "cloud_build",
        description="Who builds the viewer's image on Cloud Run: Cloud Build for a delivery, or somebody else.",
        json_schema_extra=decides("code"),
    )
    viewer_image_digest: formats.ImageDigest | None = Field(
        None,
        description="Digest of the viewer's image on Cloud Run; see python -m ops viewer release.",
        json_schema_extra=decides("code"),
    )
    viewer_site: formats.SiteId | None = Field(
        None,
        description="Id of the hosting site, unique in the world; PROJECT-viewer when not set.",
        json_schema_extra=decides("data"),
    )
    preview_site: formats.SiteId | None = Field(
        None,
        description="Id of the site for previews of changes; PROJECT-preview when not set.",
        json_schema_extra=decides("data"),
    )
    custom_domain: formats.DomainName | None = Field(
        None,
        description="Host name of your own for the viewer.",
        json_schema_extra=decides("access"),
    )
    oauth_client_id: formats.OAuthClientId | None = Field(
        None,
        description="OAuth client of the viewer, made in the console; see output oauth.",
        json_schema_extra=decides("access"),
    )
    sign_in_authority: formats.Authority = Field(
        "https://accounts.google.com",
        description="OpenID provider of the viewer.",
        json_schema_extra=decides("access"),
    )
    institution: str = Field(
        "",
        description="Name shown in the viewer's header.",
        json_schema_extra=decides("none"),
    )
    support: str = Field(
        "",
        description="Whom the viewer tells a user without access to ask: an e-mail or some words.",
        json_schema_extra=decides("none"),
    )

    github_repository: formats.GitHubRepository | None = Field(
        None,
        description="Repository to deliver from, OWNER/NAME.",
        json_schema_extra=decides("code"),
    )
    github_installation_id: int | None = Field(
        None,
        ge=1,
        le=10**12,
        description="Installation id of the Cloud Build GitHub App on that repository.",
        json_schema_extra=decides("code"),
    )
    github_token_version: int | None = Field(
        None,
        ge=1,
        le=10**6,
        description="Version of the secret github-token to use; without it nothing is delivered yet.",
        json_schema_extra=decides("code"),
    )
    github_repository_id: int | None = Field(
        None,
        ge=1,
        le=10**12,
        description="GitHub's number of that repository; lets its pull requests be previewed.",
        json_schema_extra=decides("access"),
    )
    github_branch: formats.BranchName = Field(
        "main",
        description="A push to this branch deploys the stack.",
        json_schema_extra=decides("code"),
    )
    delivery_approval: formats.Switch = Field(
        True,
        description="A person must approve each deploy; prod cannot do without.",
        json_schema_extra=decides("code"),
    )
    promote_from: formats.StackName | None = Field(
        None,
        description="Stack that must have proved a commit, and whose job image is then taken.",
        json_schema_extra=decides("code"),
    )
    promote_to: formats.ProjectId | None = Field(
        None,
        description="Project whose deployer may take this stack's proved releases.",
        json_schema_extra=decides("access"),
    )
    github_token_rotation: formats.UtcTime | None = Field(
        None,
        description="When to remind of renewing the GitHub token first; every 90 days after that.",
        json_schema_extra=decides("none"),
    )

    audit_retention_days: int = Field(
        400,
        ge=1,
        le=3650,
        description="How long audit logs are kept.",
        json_schema_extra=decides("audit", unit="days"),
    )
    audit_retention_locked: formats.Switch = Field(
        False,
        description="Locks that retention for good: nobody can shorten it or delete the bucket again.",
        json_schema_extra=decides("audit"),
    )
    alert_emails: formats.Listed[formats.Email] = Field(
        (),
        description="Who is told of alerts; with nobody they only show in Cloud Monitoring.",
        json_schema_extra=decides("audit"),
    )
    billing_account: formats.BillingAccount | None = Field(
        None,
        description="Billing account that the monthly budget is set on; needs monthlyBudget.",
        json_schema_extra=decides("cost"),
    )
    monthly_budget: int | None = Field(
        None,
        ge=1,
        le=10**7,
        description="Budget of a month in the billing account's currency; needs billingAccount.",
        json_schema_extra=decides("cost"),
    )
    state_bucket: formats.BucketName | None = Field(
        None,
        description="Bucket of Pulumi's state; lets the previewer read it and take its lock.",
        json_schema_extra=decides("access"),
    )
    state_key: formats.KmsKeyName | None = Field(
        None,
        description="KMS key of Pulumi's secrets; lets the previewer decrypt with it.",
        json_schema_extra=decides("access"),
    )
