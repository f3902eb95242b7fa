"""What a deployed stack tells the world: smoke tests, the viewer's release and the loader read these, never our code.

Nothing here is a secret. Keys are a contract: add, do not rename.
"""

from __future__ import annotations

from typing import Any

import pulumi

from infra.archive import VIEWER
from infra.foundation import VIEWER_CONFIG
from infra.next_steps import next_commands
from infra.platform import Platform
from infra.viewer import status_root


def export(platform: Platform) -> None:
    for key, value in outputs(platform).items():
        pulumi.export(key, value)


def outputs(platform: Platform) -> dict[str, Any]:
    settings, preparing = platform.base.settings, platform.preparing
    jobs = preparing.study_jobs
    return {
        "stack": pulumi.get_stack(),
        "project": settings.project,
        "location": settings.location,
        "buildRegion": settings.region_of_builds,
        "environment": settings.environment,
        "dataClass": settings.data_class,
        "endpoints": dict(platform.base.endpoints),
        **_images(platform),
        **_viewer(platform),
        "job": jobs.job.id if jobs else None,
        "jobRunUrl": jobs.run_url if jobs else None,
        "auditView": platform.base.trail.view,
        "recordsBucket": preparing.records.bucket.name,
        "imageRepository": preparing.registry.address,
        "imageDigest": preparing.image.digest,
        "serviceAccounts": {duty: account.email for duty, account in platform.base.identities.accounts.items()},
        "workloadIdentityProvider": platform.federation.provider if platform.federation else None,
        "groups": {
            "viewers": list(settings.viewers),
            "annotators": list(settings.annotators),
            "ingestWriters": list(settings.ingest_writers),
        },
        "nextCommands": next_commands(settings, pulumi.get_stack(), preparing.registry.address),
    }


def _images(platform: Platform) -> dict[str, Any]:
    archive, roots = platform.archive, platform.dicomweb_roots
    return {
        "dataset": archive.dataset.id,
        "stores": {name: {"name": store.id, "dicomwebRoot": roots[name]} for name, store in archive.stores.items()},
        "dicomwebRoot": roots[VIEWER],
        "topic": archive.topic.id,
        "backlogSubscription": archive.backlog.id,
        "deadLetterSubscription": archive.dead_letters.id,
        "smokeSubscription": platform.probe.subscription.id,
    }


def _viewer(platform: Platform) -> dict[str, Any]:
    settings, viewing = platform.base.settings, platform.viewing
    on_firebase = settings.viewer_host == "firebase"
    return {
        "viewerApp": settings.viewer_app,
        "viewerHost": settings.viewer_host,
        "viewerUrl": viewing.url,
        "viewerSite": settings.site if on_firebase else None,
        "previewUrl": viewing.preview_url,
        "previewSite": settings.site_for_previews if on_firebase else None,
        "viewerConfig": platform.window_config,
        "viewerStatusRoot": platform.preparing.records.bucket.name.apply(
            lambda bucket: status_root(settings, platform.base.endpoints["storage"], bucket)
        ),
        "viewerConfigSecret": platform.vault.secrets[VIEWER_CONFIG].id,
        "oauth": {
            "clientId": settings.oauth_client_id,
            "authority": settings.sign_in_authority,
            "javascriptOrigins": list(viewing.origins),
            # SLIM comes back to its root, with the slash; Google compares letter by letter.
            "redirectUris": [origin.apply(lambda url: f"{url}/") for origin in viewing.origins],
        },
    }
