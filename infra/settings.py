"""What can be set for one deployment, typed. The only module that says which settings exist.

`load()` reads the stack's configuration once, before anything is declared, and either returns `Settings` or raises a
`pulumi.RunError` that names every problem. How values are read is `infra.config_loader`, what a value must look like is
`infra.formats`, which settings fit together is `infra.constraints`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pulumi

from infra import formats
from infra.config_loader import config_of_stack, provider_problems, read, secret_keys, secret_problem, setting
from infra.constraints import combination_problems

NAMESPACE = "dicom-platform"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One field a key of `dicom-platform:` in camelCase; `project` is the provider's own `gcp:project`."""

    project: str
    environment: Literal["local", "dev", "prod"] = setting(
        help="Which kind of deployment this is: prod forbids what dev and local may do."
    )
    location: str = setting(
        "europe-west4", rule=formats.REGION, help="Region of everything: dataset, job, registry, buckets, triggers."
    )
    data_class: Literal["synthetic", "deidentified", "phi"] = setting(
        "synthetic", help="What the images are; phi forbids Firebase Hosting and needs CMEK and locked retention."
    )
    protection: Literal["on", "off"] = setting(
        "on", help='"off" lets pulumi destroy delete every image; allowed with synthetic data only. Quote it in YAML.'
    )

    dataset: str = setting("imaging", rule=formats.STORE_ID, help="Name of the Healthcare API dataset.")
    dataset_key: str | None = setting(
        None, rule=formats.KMS_KEY, help="KMS key for the dataset; chosen once, as another key is another dataset."
    )
    viewer_store: Literal["same", "separate"] = setting(
        "separate", help="separate: viewers read a store of their own, to which the job copies; same: the raw store."
    )
    label_policy: Literal["keep", "withhold"] = setting(
        "keep", help="withhold: label images stay in the raw store; needs a separate viewer store."
    )
    viewers: tuple[str, ...] = setting((), rule=formats.GROUP, help="Google groups that may look at slides.")
    annotators: tuple[str, ...] = setting(
        (), rule=formats.GROUP, help="Google groups that may look at slides and store annotations."
    )
    ingest_writers: tuple[str, ...] = setting(
        (), rule=formats.GROUP, help="Google groups that may store and import into the raw store, but not read it."
    )
    import_buckets: tuple[str, ...] = setting(
        (),
        rule=formats.BUCKET,
        help="Buckets from which the Healthcare API may import, read through its service agent.",
    )

    raw_store: str = setting(
        "raw", rule=formats.STORE_ID, help="Name, in the dataset, of the DICOM store that the pipeline writes to."
    )
    imports: tuple[str, ...] = setting(
        (),
        rule=formats.IMPORT,
        help="What exists already and is taken over as it is: dataset, raw. See docs/adopting.md.",
    )

    export_schedule: str | None = setting(
        None, rule=formats.CRON, help="When the raw store is copied to a bucket (cron, UTC); never when not set."
    )
    export_keep_days: int = setting(
        35, between=(1, 3650), help="How long the copy keeps what the store no longer has, or has otherwise."
    )

    job_image: Literal["docker", "cloud_build", "prebuilt"] = setting(
        "cloud_build", help="Who builds the job's image: this machine's Docker, Cloud Build, or somebody else."
    )
    job_image_digest: str | None = setting(
        None, rule=formats.DIGEST, help="Digest of the job's image; without it the job is not declared yet."
    )
    job_image_repository: str | None = setting(
        None, rule=formats.IMAGE_REPOSITORY, help="Where a prebuilt image is, when not in this stack's registry."
    )
    job_schedule: str = setting(
        "*/15 * * * *", rule=formats.CRON, help="When the job looks for new studies whatever events say (cron, UTC)."
    )
    event_window_seconds: int = setting(
        60, between=(1, 3600), help="A burst of new instances starts the job once, this long after its window began."
    )
    job_quiet_seconds: int = setting(
        30, between=(0, 3600), help="A series counts as complete when no instance came for this long."
    )
    job_tasks: int = setting(1, between=(1, 10_000), help="Tasks of one execution; studies are shared out by hash.")
    job_cpu: str = setting("2", rule=formats.CPU, help="vCPUs of one task.")
    job_memory: str = setting("4Gi", rule=formats.MEMORY, help="Memory of one task.")
    job_timeout_seconds: int = setting(3600, between=(60, 604_800), help="One attempt of one task is ended after this.")
    job_max_retries: int = setting(1, between=(0, 10), help="Attempts of a failed task after the first.")

    viewer_app: Literal["lite", "slim"] = setting(
        "lite", help="Which viewer is released: our lite page, or SLIM at the ref of viewer/slim/pin.toml."
    )
    viewer_host: Literal["firebase", "cloud_run"] = setting("firebase", help="What serves the viewer's files.")
    viewer_image: Literal["cloud_build", "prebuilt"] = setting(
        "cloud_build", help="Who builds the viewer's image on Cloud Run: Cloud Build for a delivery, or somebody else."
    )
    viewer_image_digest: str | None = setting(
        None, rule=formats.DIGEST, help="Digest of the viewer's image on Cloud Run; see python -m ops viewer release."
    )
    viewer_site: str | None = setting(
        None, rule=formats.SITE_ID, help="Id of the hosting site, unique in the world; PROJECT-viewer when not set."
    )
    preview_site: str | None = setting(
        None, rule=formats.SITE_ID, help="Id of the site for previews of changes; PROJECT-preview when not set."
    )
    custom_domain: str | None = setting(None, rule=formats.DOMAIN, help="Host name of your own for the viewer.")
    oauth_client_id: str | None = setting(
        None, rule=formats.OAUTH_CLIENT, help="OAuth client of the viewer, made in the console; see output oauth."
    )
    sign_in_authority: str = setting(
        "https://accounts.google.com", rule=formats.AUTHORITY, help="OpenID provider of the viewer."
    )
    institution: str = setting("", help="Name shown in the viewer's header.")
    support: str = setting("", help="Whom the viewer tells a user without access to ask: an e-mail or some words.")

    github_repository: str | None = setting(
        None, rule=formats.GITHUB_REPOSITORY, help="Repository to deliver from, OWNER/NAME."
    )
    github_installation_id: int | None = setting(
        None, between=(1, 10**12), help="Installation id of the Cloud Build GitHub App on that repository."
    )
    github_token_version: int | None = setting(
        None, between=(1, 10**6), help="Version of the secret github-token to use; without it nothing is delivered yet."
    )
    github_repository_id: int | None = setting(
        None, between=(1, 10**12), help="GitHub's number of that repository; lets its pull requests be previewed."
    )
    github_branch: str = setting("main", rule=formats.BRANCH, help="A push to this branch deploys the stack.")
    delivery_approval: bool = setting(True, help="A person must approve each deploy; prod cannot do without.")
    promote_from: str | None = setting(
        None, rule=formats.STACK, help="Stack that must have proved a commit, and whose job image is then taken."
    )
    promote_to: str | None = setting(
        None, rule=formats.PROJECT_ID, help="Project whose deployer may take this stack's proved releases."
    )
    github_token_rotation: str | None = setting(
        None, rule=formats.RFC3339, help="When to remind of renewing the GitHub token first; every 90 days after that."
    )

    audit_retention_days: int = setting(400, between=(1, 3650), help="How long audit logs are kept.")
    audit_retention_locked: bool = setting(
        False, help="Locks that retention for good: nobody can shorten it or delete the bucket again."
    )
    alert_emails: tuple[str, ...] = setting(
        (), rule=formats.EMAIL, help="Who is told of alerts; with nobody they only show in Cloud Monitoring."
    )
    billing_account: str | None = setting(
        None,
        rule=formats.BILLING_ACCOUNT,
        help="Billing account that the monthly budget is set on; needs monthlyBudget.",
    )
    monthly_budget: int | None = setting(
        None, between=(1, 10**7), help="Budget of a month in the billing account's currency; needs billingAccount."
    )
    state_bucket: str | None = setting(
        None, rule=formats.BUCKET, help="Bucket of Pulumi's state; lets the previewer read it and take its lock."
    )
    state_key: str | None = setting(
        None, rule=formats.KMS_KEY, help="KMS key of Pulumi's secrets; lets the previewer decrypt with it."
    )

    @property
    def protected(self) -> bool:
        return self.protection == "on"

    @property
    def site(self) -> str:
        return self.viewer_site or f"{self.project}-viewer"

    @property
    def delivers_viewer_image(self) -> bool:
        """Whether a delivery builds the image that serves the viewer."""
        return self.viewer_host == "cloud_run" and self.viewer_image == "cloud_build"

    @property
    def site_for_previews(self) -> str:
        return self.preview_site or f"{self.project}-preview"


def load() -> Settings:
    """The settings of the running stack. Raises `pulumi.RunError`, one line a problem, before anything is declared."""
    config, stack = dict(config_of_stack()), pulumi.get_stack()
    secret = secret_keys(NAMESPACE, config)
    # The other problems show values; a secret's must not be among them.
    values, problems = read(Settings, NAMESPACE, stack, {key: config[key] for key in config if key not in secret})
    problems = [*(secret_problem(stack, key) for key in secret), *problems]
    problems += provider_problems(stack, config)
    problems += combination_problems(NAMESPACE, values)
    if problems:
        raise pulumi.RunError(report(stack, problems))
    return Settings(**values)


def report(stack: str, problems: list[str]) -> str:
    """All problems, one line each."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return "\n".join([f"The settings of stack {stack} have {count}:", *(f"  - {p}" for p in problems)])
