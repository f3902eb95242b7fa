"""Runs one of the stack's triggers that build an image, waits for it, and says which digest Cloud Build pushed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from ops.client.google import GoogleApi, Json
from ops.client.refusal import OpsRefused
from ops.deliver.stack import Stack

BUILD_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RUNNING = ("PENDING", "QUEUED", "WORKING")
BUILD_SECONDS = 1800
"""The `timeout` of delivery/job-image.yaml and delivery/viewer-image.yaml."""


def build_image(
    stack: Stack, commit: str, google: GoogleApi, trigger: str, sleep: Callable[[float], None] = time.sleep
) -> str:
    """Runs `trigger` at `commit`, waits; returns the digest of the one image that it pushed. Raises `OpsRefused`."""
    asked = {"projectId": stack.settings.project, "triggerId": trigger, "source": {"commitSha": commit}}
    try:
        operation = google.call("POST", "cloudbuild", f"v1/{stack.place_of_builds}/triggers/{trigger}:run", asked)
    except OpsRefused as refused:
        if refused.status != 404:
            raise
        raise OpsRefused(
            f"{stack.name} has no trigger {trigger} yet, which builds what this commit runs: "
            f"declare it by hand once (.venv/bin/python -m ops deliver settings --stack {stack.name}, make deploy "
            f"STACK={stack.name}), then start this delivery again",
            404,
        ) from None
    deadline = time.monotonic() + BUILD_SECONDS
    while not operation.get("done"):
        if time.monotonic() > deadline:
            raise OpsRefused(f"the build {trigger} did not end: {operation.get('name')}; see its log, run again")
        sleep(5)
        operation = google.call("GET", "cloudbuild", f"v1/{operation['name']}")
    return digest_of(operation, trigger)


def is_running(stack: Stack, google: GoogleApi, build: str) -> bool | None:
    """Whether a build has not ended; None where Cloud Build cannot be asked, as about what a person does by hand."""
    if not BUILD_ID.fullmatch(build):
        return None
    try:
        state = google.call("GET", "cloudbuild", f"v1/{stack.place_of_builds}/builds/{build}")
    except OpsRefused as refused:
        return False if refused.status == 404 else None
    return state.get("status") in RUNNING


def digest_of(operation: Json, trigger: str) -> str:
    """The digest in a build's operation that is done. Raises `OpsRefused` when the build failed or pushed nothing."""
    made: Json = operation.get("metadata", {}).get("build", {}) | operation.get("response", {})
    log = made.get("logUrl", "the build's log")
    if "error" in operation:
        raise OpsRefused(f"the build {trigger} failed: {operation['error'].get('message')}; see {log}")
    images = made.get("results", {}).get("images", [])
    if len(images) != 1:
        raise OpsRefused(f"the build {trigger} pushed {len(images)} images, not 1; see {log}")
    return str(images[0]["digest"])
