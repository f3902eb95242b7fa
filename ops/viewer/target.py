"""Where a release goes: one hosting site of one stack, read from the stack's outputs, and the token to speak with.

The outputs come as a file (`pulumi stack output --json`, or what `make up` wrote); the stack itself is never asked.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import google.auth
import google.auth.exceptions
import google.auth.transport.requests

from viewer.config import check, with_store
from viewer.headers import firebase_config

VARIABLE = "GOOGLE_OAUTH_ACCESS_TOKEN"
SCOPES = ("https://www.googleapis.com/auth/firebase.hosting", "https://www.googleapis.com/auth/cloud-platform")


class TargetError(Exception):
    """The outputs or the credentials do not allow a release; one sentence with the remedy."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One site and what belongs on it. `endpoint` is Hosting's API root with a trailing slash."""

    site: str
    """`projects/P/sites/S`"""
    url: str
    endpoint: str
    config: dict[str, Any]
    """`window.config`"""
    firebase: dict[str, Any]
    """The `hosting` block for the lite page: rewrites and headers."""
    releaser: str
    """E-mail of the identity that may release to this site."""
    app: str = "lite"
    """`lite` or `slim`."""
    guarded: bool = False
    """Whether people rely on it: SLIM then needs a recorded pass of the browser suite."""


SiteName = Literal["viewer", "preview"]


def read(outputs: Mapping[str, Any], site: SiteName = "viewer") -> Target:
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
    try:
        endpoint = outputs["endpoints"]["firebasehosting"]
        releaser = outputs["serviceAccounts"]["viewerBuild" if site == "viewer" else "previewViewer"]
        full = name if name.startswith("projects/") else f"projects/{outputs['project']}/sites/{name}"
    except KeyError as missing:
        raise TargetError(f"the stack's outputs lack {missing}; deploy the stack again, then release") from None
    return Target(
        site=full,
        url=url.rstrip("/"),
        endpoint=endpoint,
        config=config,
        firebase=firebase_config(config["servers"][0]["url"], config["oidc"]["authority"]),
        releaser=releaser,
        app=outputs.get("viewerApp", "lite"),
        guarded=site == "viewer" and outputs.get("environment") == "prod",
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


def read_outputs(path: Path) -> dict[str, Any]:
    """A file of outputs, as `pulumi stack output --json` prints them."""
    try:
        outputs = json.loads(path.read_text())
    except FileNotFoundError:
        raise TargetError(
            f"{path} does not exist; run make up, or: pulumi stack output --json -s STACK > {path}"
        ) from None
    except ValueError as error:
        raise TargetError(f"{path} is not JSON ({error}); write it with: pulumi stack output --json -s STACK") from None
    if not isinstance(outputs, dict):
        raise TargetError(f"{path} must hold one JSON object; write it with: pulumi stack output --json -s STACK")
    return outputs


def token_source(command: str | None = None, principal: str = "") -> Callable[[], str]:
    """Gives an access token at each call: from a command, the environment, or Google's default credentials.

    `{principal}` in the command is replaced by the e-mail of whom the token is for.
    """
    if command:
        return lambda: _from_command(command.replace("{principal}", principal))
    if token := os.environ.get(VARIABLE):
        return lambda: token
    return _from_google()


def _from_command(command: str) -> str:
    process = subprocess.run(shlex.split(command), capture_output=True, text=True, check=False)  # noqa: S603 - the user's own
    token = process.stdout.strip()
    if process.returncode or not token:
        reason = process.stderr.strip().splitlines()[-1:] or ["it printed nothing"]
        raise TargetError(f"the token command {command!r} failed: {reason[0]}")
    return token


def _from_google() -> Callable[[], str]:
    try:
        credentials, _ = google.auth.default(scopes=SCOPES)
    except google.auth.exceptions.DefaultCredentialsError:
        raise TargetError(
            f"no credentials: set {VARIABLE}, pass --token-command, or run: gcloud auth application-default login"
        ) from None

    def token() -> str:
        if not credentials.valid:
            try:
                credentials.refresh(google.auth.transport.requests.Request())
            except google.auth.exceptions.RefreshError as error:
                raise TargetError(f"the credentials cannot be used ({error}); sign in again") from error
        return str(credentials.token)

    return token
