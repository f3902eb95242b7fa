"""The secrets of a deployment and who reads each."""

from __future__ import annotations

from components.secret_vault import SecretVault, SecretVaultArgs, VaultSecret
from infra.foundation import Foundation

GITHUB_TOKEN, VIEWER_CONFIG = "github-token", "viewer-config"
READERS = {"firebase": ("deployer", "previewViewer", "viewerBuild"), "cloud_run": ("deployer",)}
"""By the viewer's host: duties that release it from the secret, and the one that wrote it. An image is built from what
the settings say."""


def build_vault(base: Foundation) -> SecretVault:
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
        ),
        base.after_apis,
    )
