"""Where a release goes: one hosting site of one stack, read from the stack's outputs.

The outputs come as a file (`pulumi stack output --json`, or what `make up` wrote); the stack itself is never asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from ops.client.outputs import ViewerOutputs, require
from ops.client.refusal import OpsRefused
from viewer.config import check, with_store

EntryT = TypeVar("EntryT")


class TargetError(OpsRefused):
    """The outputs or the credentials do not allow a release; one sentence with the remedy."""


@dataclass(frozen=True, kw_only=True)
class ReleaseTarget:
    """One site and what belongs on it. `endpoint` is Hosting's API root with a trailing slash."""

    project: str
    site: str
    """`projects/P/sites/S`"""
    url: str
    endpoint: str
    config: dict[str, Any]
    """`window.config`"""
    releaser: str
    """E-mail of the identity that may release to this site."""
    app: str = "lite"
    """`lite` or `slim`."""
    status_root: str = ""
    """Where the page reads what the job says of a study; empty on the preview site, whose studies nobody prepares."""
    guarded: bool = False
    """Whether people rely on it: SLIM then needs a recorded pass of the browser suite."""


SiteName = Literal["viewer", "preview"]


def read(outputs: Mapping[str, Any], site: SiteName = "viewer") -> ReleaseTarget:
    """The stack's viewer site; or its preview site, which shows the synthetic store. Raises TargetError."""
    stack = require(outputs, ViewerOutputs)
    if stack.viewer_host == "cloud_run":
        raise TargetError(
            "the viewer is on Cloud Run, not on a hosting site: see what is live with gcloud run revisions list, "
            "and go back with make rollback where a delivery released it, else by setting viewerImageDigest to the "
            "earlier digest"
        )
    sites = {"viewer": (stack.viewer_site, stack.viewer_url), "preview": (stack.preview_site, stack.preview_url)}
    name, url = sites[site]
    if not name or not url:
        raise TargetError(f"this stack has no {site} site: its {site}Site output is empty; see the setting viewerHost")
    config = window_config_of(stack, site)
    full = name if name.startswith("projects/") else f"projects/{stack.project}/sites/{name}"
    return ReleaseTarget(
        project=stack.project,
        site=full,
        url=url.rstrip("/"),
        endpoint=entry_of(stack.endpoints, "endpoints", "firebasehosting"),
        config=config,
        releaser=releaser_of(stack, site),
        app=stack.viewer_app,
        status_root=stack.viewer_status_root if site == "viewer" else "",
        guarded=site == "viewer" and stack.environment == "prod",
    )


def releaser_of(outputs: ViewerOutputs, site: SiteName = "viewer") -> str:
    """E-mail of the identity that may release to this site. Raises TargetError."""
    duty = "viewerBuild" if site == "viewer" else "previewViewer"
    return entry_of(outputs.service_accounts, "serviceAccounts", duty)


def entry_of(entries: Mapping[str, EntryT], output: str, name: str) -> EntryT:
    """One entry of an output that is a mapping. Raises TargetError when the stack's version had none."""
    if name not in entries:
        raise TargetError(f"the stack's outputs lack {output}.{name}; deploy the stack again, then release")
    return entries[name]


def window_config_of(outputs: ViewerOutputs, site: SiteName = "viewer") -> dict[str, Any]:
    """`window.config` for a site of the stack. Raises TargetError when there is none that SLIM would understand."""
    if not outputs.viewer_config:
        raise TargetError(
            "the stack has no viewerConfig: its sign-in client is not set; create the OAuth client that output oauth "
            f"describes, then run: pulumi config set -s {outputs.stack} dicom-platform:oauthClientId CLIENT_ID, and: "
            f"pulumi up -s {outputs.stack}"
        )
    try:
        config = check(outputs.viewer_config)
    except ValueError as error:
        raise TargetError(f"viewerConfig cannot be released: {error}") from None
    if site == "preview":
        return with_store(config, entry_of(outputs.stores, "stores", "smoke").dicomweb_root)
    return config
