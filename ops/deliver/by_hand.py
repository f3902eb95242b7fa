"""What a build by hand needs that a delivery has from Pulumi: outputs for the viewer's release, without its state.

Who releases a viewer by hand, or that of a pull request, may release to a site and read one secret, and nothing else.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from infra.identities import email_of
from ops.client.google import GoogleApi
from ops.client.refusal import OpsRefused
from ops.deliver.cli import OUTPUTS, WORK
from ops.deliver.stack import Stack

VARIABLE = "VIEWER_CONFIG"


def write_outputs(stack: Stack, environment: Mapping[str, str]) -> None:
    """Writes OUTPUTS with the keys that `python -m ops viewer release` reads, for both sites. Raises `OpsRefused`."""
    google, settings = stack.google(), stack.settings
    text = environment.get(VARIABLE) or _secret(google, settings.project)
    try:
        config = json.loads(text)
    except ValueError:
        raise OpsRefused(f"{VARIABLE} is not the viewer's configuration, which pulumi up writes as JSON") from None
    urls = {
        name: google.call("GET", "firebasehosting", f"v1beta1/projects/{settings.project}/sites/{site}")["defaultUrl"]
        for name, site in (("viewer", settings.site), ("preview", settings.site_for_previews))
    }
    place = f"projects/{settings.project}/locations/{settings.location}/datasets/{settings.dataset}"
    smoke = f"{stack.endpoints['healthcare']}v1/{place}/dicomStores/smoke"
    outputs = {
        "project": settings.project,
        "environment": settings.environment,
        "viewerApp": settings.viewer_app,
        "viewerHost": settings.viewer_host,
        "viewerSite": settings.site,
        "viewerUrl": f"https://{settings.custom_domain}" if settings.custom_domain else urls["viewer"].rstrip("/"),
        "previewSite": settings.site_for_previews,
        "previewUrl": urls["preview"].rstrip("/"),
        "viewerConfig": config,
        "stores": {"smoke": {"dicomwebRoot": f"{smoke}/dicomWeb"}},
        "endpoints": dict(stack.endpoints),
        "serviceAccounts": {duty: email_of(duty, settings.project) for duty in ("viewerBuild", "previewViewer")},
    }
    WORK.mkdir(exist_ok=True)
    OUTPUTS.write_text(json.dumps(outputs, indent=2) + "\n", encoding="utf-8")


def _secret(google: GoogleApi, project: str) -> str:
    """The newest version of the secret, read as whoever runs this."""
    name = f"v1/projects/{project}/secrets/viewer-config/versions/latest:access"
    try:
        return base64.b64decode(google.call("GET", "secretmanager", name)["payload"]["data"]).decode()
    except OpsRefused as refused:
        raise OpsRefused(f"no viewer configuration: {refused}; pulumi up writes it once oauthClientId is set") from None
