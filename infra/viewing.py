"""The viewer of a deployment: its sites, and the configuration that points it at the store."""

from __future__ import annotations

import json
from typing import Any

import pulumi

from components.secret_vault import SecretVault
from components.viewer_config import ViewerConfig, ViewerConfigArgs
from components.viewer_site import ViewerSite, ViewerSiteArgs
from infra.foundation import Foundation
from infra.providers import quota_provider
from infra.secrets import VIEWER_CONFIG
from viewer.config import window_config


def build_site(base: Foundation) -> ViewerSite:
    settings = base.settings
    return ViewerSite(
        "viewer",
        ViewerSiteArgs(
            project=settings.project,
            site=settings.site,
            preview_site=settings.site_for_previews,
            display_name="Slide viewer",
            custom_domain=settings.custom_domain,
        ),
        pulumi.ResourceOptions(
            depends_on=[base.apis],
            providers=[quota_provider("firebase", settings.project, base.config)],
        ),
    )


def build_viewer_config(
    base: Foundation, dicomweb_root: pulumi.Output[str], vault: SecretVault
) -> pulumi.Output[dict[str, Any]] | None:
    """`window.config`, also stored for the release step; None as long as there is no sign-in client."""
    settings = base.settings
    client_id = settings.oauth_client_id
    if client_id is None:
        return None
    rendered = dicomweb_root.apply(
        lambda root: window_config(
            dicomweb_root=root,
            client_id=client_id,
            authority=settings.sign_in_authority,
            institution=settings.institution,
            annotate=bool(settings.annotators),
            support=settings.support,
        )
    )
    ViewerConfig(
        "viewer-config",
        ViewerConfigArgs(
            secret=vault.secrets[VIEWER_CONFIG].id,
            content=rendered.apply(lambda config: json.dumps(config, indent=2, sort_keys=True)),
        ),
        base.after_apis,
    )
    return rendered
