"""Where a release goes: one hosting site of one stack, read from the stack's outputs.

The outputs come as a file (`pulumi stack output --json`, or what `make up` wrote); the stack itself is never asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ops.client.outputs import ViewerOutputs, require
from ops.client.refusal import OpsRefused
from viewer.config import check, with_store


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
    if outputs.get("viewerHost") == "cloud_run":
        raise TargetError(
            "the viewer is on Cloud Run, not on a hosting site: see what is live with gcloud run revisions list, "
            "and go back with make rollback where a delivery released it, else by setting viewerImageDigest to the "
            "earlier digest"
        )
    name, url = outputs.get(f"{site}Site"), outputs.get(f"{site}Url")
    if not name or not url:
        raise TargetError(f"this stack has no {site} site: its {site}Site output is empty; see the setting viewerHost")
    config = window_config_of(outputs, site)
    parsed = require(outputs, ViewerOutputs)
    releaser = "viewerBuild" if site == "viewer" else "previewViewer"
    missing = [what for what, there in (
        ("endpoints.firebasehosting", parsed.endpoints), (f"serviceAccounts.{releaser}", parsed.service_accounts),
    ) if what.partition(".")[2] not in there]  # fmt: skip
    if missing:
        raise TargetError(f"the stack's outputs lack {', '.join(missing)}; deploy the stack again, then release")
    full = name if name.startswith("projects/") else f"projects/{parsed.project}/sites/{name}"
    return ReleaseTarget(
        project=parsed.project,
        site=full,
        url=url.rstrip("/"),
        endpoint=parsed.endpoints["firebasehosting"],
        config=config,
        releaser=parsed.service_accounts[releaser],
        app=parsed.viewer_app,
        status_root=parsed.viewer_status_root if site == "viewer" else "",
        guarded=site == "viewer" and parsed.environment == "prod",
    )


def window_config_of(outputs: Mapping[str, Any], site: SiteName = "viewer") -> dict[str, Any]:
    """`window.config` for a site of the stack. Raises TargetError when there is none that SLIM would understand."""
    if not outputs.get("viewerConfig"):
        stack = stack_of(outputs)
        raise TargetError(
            "the stack has no viewerConfig: its sign-in client is not set; create the OAuth client that output oauth "
            f"describes, then run: pulumi config set -s {stack} dicom-platform:oauthClientId CLIENT_ID, and: "
            f"pulumi up -s {stack}"
        )
    try:
        config = check(outputs["viewerConfig"])
        return with_store(config, outputs["stores"]["smoke"]["dicomwebRoot"]) if site == "preview" else config
    except KeyError as missing:
        raise TargetError(f"the stack's outputs lack {missing}; deploy the stack again, then release") from None
    except ValueError as error:
        raise TargetError(f"viewerConfig cannot be released: {error}") from None


def stack_of(outputs: Mapping[str, Any]) -> str:
    """The stack's name for the commands that a person is told; a stack deployed by an earlier version does not say."""
    return str(outputs.get("stack", "STACK"))
