"""The viewer of a deployment: its host, and the configuration that points it at the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.secret_vault import SecretVault
from components.viewer_config import ViewerConfig, ViewerConfigArgs
from components.viewer_service import ViewerService, ViewerServiceArgs
from components.viewer_site import ViewerSite, ViewerSiteArgs
from infra.foundation import PROXY, VIEWER_CONFIG, Foundation
from infra.providers import quota_provider
from infra.settings import Settings
from viewer.config import window_config

SERVICE = IMAGE = "viewer"
"""Of the Cloud Run service, and of its image in the stack's repository."""


@dataclass(frozen=True, kw_only=True)
class Viewing:
    """Where users open the viewer. No URL: its service is not declared yet, as it has no image."""

    url: pulumi.Output[str] | None
    preview_url: pulumi.Output[str] | None = None
    origins: Sequence[pulumi.Output[str]]
    """All that the sign-in client must list."""


def build_viewing(base: Foundation, image_address: pulumi.Input[str]) -> Viewing:
    """Firebase's sites, or a service of `image_address`/viewer behind Identity-Aware Proxy."""
    if base.settings.viewer_host == "firebase":
        site = _site(base)
        return Viewing(url=site.url, preview_url=site.preview_url, origins=site.origins)
    digest = base.settings.viewer_image_digest
    if digest is None:
        return Viewing(url=None, origins=())
    url = _service(base, pulumi.Output.format("{0}/{1}@{2}", image_address, IMAGE, digest)).url
    return Viewing(url=url, origins=(url,))


def _site(base: Foundation) -> ViewerSite:
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


def _service(base: Foundation, image: pulumi.Input[str]) -> ViewerService:
    settings = base.settings
    return ViewerService(
        "viewer",
        ViewerServiceArgs(
            project=settings.project,
            location=settings.location,
            service=SERVICE,
            image=image,
            service_account=base.identities.email("viewer"),
            proxy_agent=base.apis.agents[PROXY],
            groups=sorted({*settings.viewers, *settings.annotators}),
            protected=settings.protected,
            labels=base.labels,
        ),
        base.after_apis,
    )


def status_root(settings: Settings, storage: str, bucket: str) -> str:
    """The URL to which an object's name is put to read what the job says of a study; empty for SLIM, which does not.

    `storage` is the root of Cloud Storage's API. Its JSON API lets any origin in, whatever the bucket's own CORS rules
    say (they are for the XML API), so the bucket has none.
    """
    return f"{storage}storage/v1/b/{bucket}/o/" if settings.viewer_app == "lite" else ""


def config_of(settings: Settings, dicomweb_root: str) -> dict[str, Any]:
    """`window.config` for the store at `dicomweb_root`. Raises ValueError without a sign-in client."""
    return window_config(
        dicomweb_root=dicomweb_root,
        client_id=settings.oauth_client_id or "",
        authority=settings.sign_in_authority,
        institution=settings.institution,
        annotate=bool(settings.annotators),
        support=settings.support,
    )


def build_viewer_config(
    base: Foundation, dicomweb_root: pulumi.Output[str], vault: SecretVault
) -> pulumi.Output[dict[str, Any]] | None:
    """`window.config`, also stored for the release step; None as long as there is no sign-in client."""
    settings = base.settings
    if settings.oauth_client_id is None:
        return None
    rendered = dicomweb_root.apply(lambda root: config_of(settings, root))
    ViewerConfig(
        "viewer-config",
        ViewerConfigArgs(
            secret=vault.secrets[VIEWER_CONFIG].id,
            content=rendered.apply(lambda config: json.dumps(config, indent=2, sort_keys=True)),
        ),
        base.after_apis,
    )
    return rendered
