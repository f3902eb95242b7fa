"""How this repository reaches this deployment: triggers, the records of deliveries, GitHub's workflows that look at it.

Triggers are declared once Cloud Build can read the GitHub token. Workflows are let in to look, and to show the viewer
of a pull request. The account that releases to the preview site could release to the viewer's site as well, since
Hosting has no policy on a single site: so pull requests are given it nowhere that people rely on the viewer.
"""

from __future__ import annotations

import pulumi

from components.delivery import Delivery, DeliveryArgs, Trigger
from components.delivery_records import DeliveryRecords, DeliveryRecordsArgs
from components.federation import Federation, FederationArgs, Workflow
from components.secret_vault import SecretVault
from infra.build_images import builders
from infra.foundation import GITHUB_TOKEN, Foundation
from infra.job import IMAGE, promoted_by
from infra.viewer import IMAGE as VIEWER_IMAGE

PREVIEW, PREVIEW_VIEWER, DRIFT = "preview.yaml", "preview-viewer.yaml", "drift.yaml"
"""Files under `.github/workflows/`."""


def delivery_records_bucket(project: str) -> str:
    """Name of the bucket of a project's deliveries; who delivers reads it from the settings alone."""
    return f"{project}-imaging-deliveries"


def build_delivery_records(base: Foundation) -> DeliveryRecords:
    settings, identities = base.settings, base.identities
    return DeliveryRecords(
        "deliveries",
        DeliveryRecordsArgs(
            project=settings.project,
            location=settings.location,
            bucket=delivery_records_bucket(settings.project),
            protected=settings.protected,
            labels=base.labels,
            kms_key=settings.dataset_key,
            readers={"previewer": identities.member("previewer"), **promoted_by(settings)},
        ),
        base.after_apis,
    )


def build_delivery(base: Foundation, vault: SecretVault, image_address: pulumi.Input[str]) -> Delivery | None:
    """None as long as the settings name no repository, installation and token version."""
    settings = base.settings
    repository, installation = settings.github_repository, settings.github_installation_id
    if repository is None or installation is None or settings.github_token_version is None:
        return None
    version = pulumi.Output.format(
        "{0}/versions/{1}", vault.secrets[GITHUB_TOKEN].id, str(settings.github_token_version)
    )
    return Delivery(
        "delivery",
        DeliveryArgs(
            project=settings.project,
            location=settings.region_of_builds,
            repository=repository,
            branch=settings.github_branch,
            installation_id=installation,
            token_version=version,
            token_readable=vault.accessors[GITHUB_TOKEN],
            triggers=_triggers(base, image_address),
        ),
        base.after_apis,
    )


def _triggers(base: Foundation, image_address: pulumi.Input[str]) -> dict[str, Trigger]:
    """An image is built by Cloud Build only when that is its owner."""
    accounts, stack, images = base.identities.accounts, pulumi.get_stack(), builders()
    triggers = {
        f"deploy-{stack}": Trigger(
            description=f"Deploys stack {stack} and smoke-tests it",
            file="delivery/deploy.yaml",
            service_account=accounts["deployer"].name,
            on_push=True,
            approval=base.settings.delivery_approval,
            substitutions={
                "_STACK": stack,
                "_PULUMI": images["pulumi"],
                "_DOCKER": images["docker"],
                "_BROWSER": images["browser"],
            },
        ),
    }
    if base.settings.viewer_host == "firebase":
        triggers["viewer"] = Trigger(
            description="Builds the viewer and releases it to the site",
            file="delivery/viewer.yaml",
            service_account=accounts["viewerBuild"].name,
            substitutions={"_STACK": stack, "_PULUMI": images["pulumi"]},
        )
    elif base.settings.viewer_image == "cloud_build":
        triggers["viewer-image"] = Trigger(
            description="Builds the viewer's image, asks it for every file, and pushes it",
            file="delivery/viewer-image.yaml",
            service_account=accounts["viewerBuild"].name,
            substitutions={
                "_STACK": stack,
                "_IMAGE": pulumi.Output.format("{0}/{1}", image_address, VIEWER_IMAGE),
                "_PYTHON": images["python"],
                "_DOCKER": images["docker"],
            },
        )
    if base.settings.job_image == "cloud_build":
        triggers["job-image"] = Trigger(
            description="Builds the study job's image and pushes it",
            file="delivery/job-image.yaml",
            service_account=accounts["jobBuild"].name,
            substitutions={
                "_IMAGE": pulumi.Output.format("{0}/{1}", image_address, IMAGE),
                "_PYTHON": images["python"],
                "_DOCKER": images["docker"],
            },
        )
    return triggers


def build_federation(base: Foundation) -> Federation | None:
    """None as long as the settings do not give the repository and its number."""
    settings, accounts = base.settings, base.identities.accounts
    if settings.github_repository is None or settings.github_repository_id is None:
        return None
    previewer = accounts["previewer"].name
    workflows = [
        Workflow(file=PREVIEW, event="pull_request", account=previewer),
        Workflow(file=DRIFT, event="schedule", account=previewer),
    ]
    if settings.environment != "prod" and "previewViewer" in accounts:
        releaser = accounts["previewViewer"].name
        workflows.append(Workflow(file=PREVIEW_VIEWER, event="pull_request", account=releaser))
    return Federation(
        "federation",
        FederationArgs(
            project=settings.project,
            repository=settings.github_repository,
            repository_id=settings.github_repository_id,
            branch=settings.github_branch,
            workflows=workflows,
            adopted="github-pool" in settings.imports,
        ),
        base.after_apis,
    )
