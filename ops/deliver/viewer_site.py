"""The viewer's live release on Firebase Hosting, known by the hash of its content."""

from __future__ import annotations

from ops.client.refusal import OpsRefused
from ops.client.tokens import token_source
from ops.deliver.stack import Stack
from ops.viewer.hosting import HostingApi
from ops.viewer.release import HISTORY, LABEL


def hosting(stack: Stack) -> HostingApi:
    site = f"projects/{stack.settings.project}/sites/{stack.settings.site}"
    return HostingApi(stack.endpoints["firebasehosting"], site, token_source(project=stack.settings.project))


def live_hash(api: HostingApi) -> str | None:
    """Label of what the site serves; None before the first release, or when somebody else made it."""
    live = api.live()
    return live.get("version", {}).get("labels", {}).get(LABEL) if live else None


def make_live(api: HostingApi, content: str) -> bool:
    """Release again the version with this content; False when it is live already. Raises `OpsRefused`."""
    if live_hash(api) == content:
        return False
    for entry in api.releases(HISTORY):
        version = entry.get("version", {})
        if version.get("labels", {}).get(LABEL) == content:
            api.release(version["name"], kind="ROLLBACK", message=f"delivery: back to {content[:12]}")
            return True
    raise OpsRefused(
        f"{api.site} has no release with content {content[:12]} among its last {HISTORY}; "
        "release the viewer of that commit from a checkout of it: .venv/bin/python -m ops viewer release"
    )
