"""What every part of a deployment stands on: APIs, identities, the audit trail, secrets, labels, endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.audit_trail import AuditTrail, AuditTrailArgs
from components.identities import Identities, IdentitiesArgs
from components.monitoring.audit_alerts import AuditAlerts, AuditAlertsArgs
from components.project_apis import ProjectApis, ProjectApisArgs
from components.secret_vault import SecretVault, SecretVaultArgs, VaultSecret
from infra.config_loader import config_of_stack
from infra.identities import duties
from infra.providers import api_roots
from infra.settings import Settings

SERVICES = (
    "artifactregistry",
    "cloudbuild",
    "cloudkms",
    "cloudresourcemanager",
    "cloudscheduler",
    "containerscanning",
    "eventarc",
    "firebase",
    "firebasehosting",
    "healthcare",
    "iam",
    "iamcredentials",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "secretmanager",
    "serviceusage",
    "storage",
    "sts",
    "workflowexecutions",
    "workflows",
)
FIREBASE = ("firebase", "firebasehosting")
AGENTS = ("cloudbuild", "eventarc", "healthcare", "pubsub", "secretmanager")
KEY_USERS = ("healthcare", "pubsub", "storage", "workflows")
"""APIs that keep pixels or study UIDs, with `datasetKey` under that key. Not the audit logs, which must outlast it."""
PROXY = "iap"
"""Stands in front of the viewer where Firebase does not serve it."""
RUNBOOK = "docs/runbook.md"
"""In this repository, wherever it is cloned to."""
GITHUB_TOKEN, VIEWER_CONFIG = "github-token", "viewer-config"
READERS = {"firebase": ("deployer", "previewViewer", "viewerBuild"), "cloud_run": ("deployer",)}
"""By the viewer's host: duties that release it from the secret, and the one that wrote it. An image is built from what
the settings say."""
AUDITED = ("healthcare", "secretmanager", "storage", "iam", "sts", "cloudkms")


@dataclass(frozen=True, kw_only=True)
class Foundation:
    settings: Settings
    config: Mapping[str, Any]
    """The stack's configuration, for what the provider itself reads."""
    endpoints: Mapping[str, str]
    """Roots of Google's APIs, by short name."""
    apis: ProjectApis
    identities: Identities
    trail: AuditTrail
    channels: Sequence[pulumi.Output[str]]
    """Full names of the notification channels of the on-call."""
    labels: Mapping[str, str]

    @property
    def after_apis(self) -> pulumi.ResourceOptions:
        """Options of every other component: an API that is not on yet answers 403."""
        return pulumi.ResourceOptions(depends_on=[self.apis])


def lay(settings: Settings) -> Foundation:
    config = config_of_stack()
    services, agents, audited = SERVICES, AGENTS, AUDITED
    if settings.billing_account:
        services = (*services, "billingbudgets")
    if settings.viewer_host == "cloud_run":
        services = (*(service for service in services if service not in FIREBASE), PROXY)
        agents, audited = (*AGENTS, PROXY), (*AUDITED, PROXY)
    if settings.dataset_key:
        agents = (*agents, "workflows")
    apis = ProjectApis(
        "apis",
        ProjectApisArgs(
            project=settings.project,
            services=services,
            agents=agents,
            kms_key=settings.dataset_key,
            key_users=KEY_USERS,
        ),
    )
    after = pulumi.ResourceOptions(depends_on=[apis])
    identities = Identities(
        "identities",
        IdentitiesArgs(
            project=settings.project,
            duties=duties(settings.viewer_host, exports=settings.export_schedule is not None),
            state_readers=("previewer",),
            state_writers=("deployer",),
            state_bucket=settings.state_bucket,
            state_key=settings.state_key,
        ),
        after,
    )
    trail = AuditTrail(
        "audit",
        AuditTrailArgs(
            project=settings.project,
            location=settings.location,
            services=[f"{service}.googleapis.com" for service in audited],
            bucket="imaging-audit",
            retention_days=settings.audit_retention_days,
            locked=settings.audit_retention_locked,
            protected=settings.protected,
            readers={"smoke": identities.member("smoke")},
        ),
        after,
    )
    labels = {"app": "dicom-platform", "environment": settings.environment, "data-class": settings.data_class}
    alerts = AuditAlerts(
        "alerts",
        AuditAlertsArgs(project=settings.project, emails=settings.alert_emails, runbook=RUNBOOK, labels=labels),
        after,
    )
    return Foundation(
        settings=settings,
        config=config,
        endpoints=api_roots(config),
        apis=apis,
        identities=identities,
        trail=trail,
        channels=alerts.channels,
        labels=labels,
    )


def build_vault(base: Foundation) -> SecretVault:
    """The secrets of a deployment and who reads each."""
    settings, identities = base.settings, base.identities
    return SecretVault(
        "vault",
        SecretVaultArgs(
            location=settings.location,
            secrets={
                GITHUB_TOKEN: VaultSecret(
                    description="Lets Cloud Build read the GitHub repository",
                    accessors={"cloudbuild": base.apis.agents["cloudbuild"]},
                    rotates_from=settings.github_token_rotation,
                ),
                VIEWER_CONFIG: VaultSecret(
                    description="window.config of the viewer",
                    accessors={duty: identities.member(duty) for duty in READERS[settings.viewer_host]},
                ),
            },
            secretmanager_agent=base.apis.agents["secretmanager"],
            labels=base.labels,
            protected=settings.protected,
            kms_key=settings.dataset_key,
        ),
        base.after_apis,
    )
