"""The viewer's image for one delivery to a stack that serves it on Cloud Run: what is in it, who builds it, its proof.

Owns: who the image's owner is (`viewerImage`) and that there is only one. An image holds the commit's viewer and the
stack's configuration, so each stack has its own; both are in the checkout, so it is built before `pulumi up`, which
needs its digest. The build itself is delivery/viewer-image.yaml, whose provenance Cloud Build signs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from infra.viewer import SERVICE, config_of
from ops.client.google import GoogleApi, Json
from ops.client.refusal import OpsRefused
from ops.deliver import pins
from ops.deliver.cli import WORK
from ops.deliver.cloud_build import build_image
from ops.deliver.record import Record, usable_releases
from ops.deliver.stack import Stack
from ops.viewer.cloud_run import context, context_hash, write_context
from ops.viewer.verify import faults
from viewer.application import SlimSource, assemble
from viewer.build import FileSet
from viewer.packages import PackagesRefused
from viewer.slim_pin import SlimError

CONTEXT = WORK / "viewer-image"
START_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class ViewerImage:
    content: str | None
    """Hash of what the image is built from; None when it is built elsewhere."""
    digest: str | None


def choose(stack: Stack, commit: str, current: Record | None, google: GoogleApi) -> ViewerImage:
    """The image that `commit` is shown with; neither when the stack has none. Raises `OpsRefused`."""
    settings = stack.settings
    if settings.viewer_host != "cloud_run":
        return ViewerImage(content=None, digest=None)
    if settings.viewer_image == "prebuilt":
        return ViewerImage(content=None, digest=settings.viewer_image_digest)
    if settings.oauth_client_id is None:
        return ViewerImage(content=None, digest=None)
    content = context_hash(make_context(stack))
    for release in usable_releases(current):
        if release.viewer_hash == content and release.viewer_digest:
            return ViewerImage(content=content, digest=release.viewer_digest)
    return ViewerImage(content=content, digest=build_image(stack, commit, google, "viewer-image"))


def make_context(stack: Stack) -> dict[str, bytes]:
    """Path → content of what the image is built from. Raises `OpsRefused`."""
    base = pins.base("nginx", "the viewer's image")
    return context(*files(stack), base)


def files(stack: Stack) -> tuple[FileSet, dict[str, Any]]:
    """Files and headers of this checkout's viewer for the stack. Raises `OpsRefused`."""
    settings = stack.settings
    if settings.oauth_client_id is None:
        raise OpsRefused(f"{stack.name} has no sign-in client, so its viewer has no configuration: set oauthClientId")
    config = config_of(settings, stack.viewers_root)
    try:
        guarded = settings.environment == "prod"
        return assemble(settings.viewer_app, config, SlimSource(), guarded=guarded, status_root=stack.status_root)
    except (SlimError, PackagesRefused) as error:
        raise OpsRefused(f"the viewer of {stack.name} cannot be made: {error}") from None


def write(stack: Stack) -> None:
    """For the build: the folder that `docker build` is given."""
    write_context(make_context(stack), CONTEXT)


def ask(stack: Stack, url: str) -> None:
    """For the build, before the image is pushed: it runs at `url`, and must serve what it is built from."""
    wait_for(url)
    served, firebase = files(stack)
    if problems := faults(url, served, config_of(stack.settings, stack.viewers_root), firebase):
        raise OpsRefused(f"the image of {stack.name} does not serve what it is built from: {'; '.join(problems)}")
    print(f"the image serves {len(served.files)} files of {served.ref} with their headers")


def wait_for(url: str) -> None:
    """Until somebody answers, whatever the answer."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            requests.get(url, timeout=10)
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise OpsRefused(
                    f"nothing answers at {url} {START_SECONDS} seconds after the image was started"
                ) from None
            time.sleep(0.2)
        else:
            return


def mismatch(stack: Stack, outputs: Mapping[str, Any], digest: str, google: GoogleApi) -> str | None:
    """Why the stack does not show this image to its users, in words, once `pulumi up` has deployed it."""
    built = stack.settings.viewer_image == "cloud_build"
    if built and outputs["viewerConfig"] != config_of(stack.settings, stack.viewers_root):
        return "the viewer's image was built with another configuration than output viewerConfig"
    service = live(stack, google)
    condition = service.get("terminalCondition", {})
    if image_of(service) != digest:
        return f"service {SERVICE} has {image_of(service) or 'an image without digest'}, not {digest}"
    if condition.get("state") != "CONDITION_SUCCEEDED":
        return f"service {SERVICE} is not ready: {condition.get('message') or condition.get('state')}"
    return None


def live(stack: Stack, google: GoogleApi) -> Json:
    """The service as Cloud Run has it."""
    return google.call("GET", "run", f"v2/{stack.place}/services/{SERVICE}")


def image_of(service: Json) -> str:
    """Digest of what the service shows; empty when its image is named by a tag.

    Somebody may have pinned its traffic to earlier revisions, which a deployment does not undo: then their names.
    """
    pinned = [
        route["revision"] for route in service.get("traffic", []) if route.get("revision") and route.get("percent")
    ]
    if pinned:
        return f"revision {', '.join(sorted(pinned))}, to which its traffic is pinned"
    return str(service["template"]["containers"][0]["image"]).partition("@")[2]
