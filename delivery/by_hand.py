"""What a build by hand needs that a delivery has from Pulumi: outputs for the viewer's release, without its state.

The trigger `viewer` runs as an account that may release to the site and read one secret, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from delivery.cli import OUTPUTS, WORK
from delivery.google import Refused
from delivery.stack import Stack

VARIABLE = "VIEWER_CONFIG"


def write_outputs(stack: Stack, environment: Mapping[str, str]) -> None:
    """Writes OUTPUTS with the keys that `python -m viewer release` reads. Raises `Refused`."""
    text = environment.get(VARIABLE, "")
    try:
        config = json.loads(text)
    except ValueError:
        raise Refused(
            f"{VARIABLE} is not the viewer's configuration: give it the version of the secret viewer-config that "
            "pulumi up writes once oauthClientId is set"
        ) from None
    settings = stack.settings
    name = f"v1beta1/projects/{settings.project}/sites/{settings.site}"
    own = str(stack.google().call("GET", "firebasehosting", name)["defaultUrl"]).rstrip("/")
    outputs = {
        "project": settings.project,
        "environment": settings.environment,
        "viewerApp": settings.viewer_app,
        "viewerHost": settings.viewer_host,
        "viewerSite": settings.site,
        "viewerUrl": f"https://{settings.custom_domain}" if settings.custom_domain else own,
        "viewerConfig": config,
        "endpoints": stack.endpoints,
        "serviceAccounts": {"viewerBuild": f"imaging-viewer-build@{settings.project}.iam.gserviceaccount.com"},
    }
    WORK.mkdir(exist_ok=True)
    OUTPUTS.write_text(json.dumps(outputs, indent=2) + "\n", encoding="utf-8")
