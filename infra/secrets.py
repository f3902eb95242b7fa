"""The secrets of a deployment and who reads each."""

from __future__ import annotations

from components.secret_vault import SecretVault, SecretVaultArgs, VaultSecret
from infra.foundation import Foundation

GITHUB_TOKEN, VIEWER_CONFIG = "github-token", "viewer-config"
READERS = {"viewerBuild", "previewViewer", "deployer"}
"""Duties that release the viewer (without Firebase there are no previews), and the one that wrote its configuration."""


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
                    accessors={duty: identities.member(duty) for duty in sorted(READERS & identities.accounts.keys())},
                ),
            },
            secretmanager_agent=base.apis.agents["secretmanager"],
            labels=base.labels,
            protected=settings.protected,
        ),
        base.after_apis,
    )
