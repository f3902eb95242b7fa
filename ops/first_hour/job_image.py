"""The first image of the study job: built by Cloud Build from this checkout, found again by the tag of its source.

It is the build that `nextCommands` names, without gcloud: the source goes to the bucket for builds by hand, the build
runs as the account for it. A build that is under way or done is not begun again. New projects may not build in every
region: then it runs where Google likes, and the image lies in the stack's region all the same.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import yaml

from components.job_image import content_tag, source_files
from infra.identities import email_of
from infra.job import SOURCE, source_bucket
from ops.client.refusal import OpsRefused
from ops.deliver import pins
from ops.deliver.cloud_build import RUNNING
from ops.first_hour.hour import FirstHour
from ops.first_hour.person import PersonNeeded

RECIPE = Path("delivery/job-image-by-hand.yaml")
RESTRICTED = "in this region"
"""In Google's words for a region that is closed to the project's builds."""


def is_missing(hour: FirstHour) -> bool:
    return hour.settings.job_image != "docker" and hour.settings.job_image_digest is None


def build(hour: FirstHour) -> None:
    if hour.settings.job_image == "prebuilt":
        raise PersonNeeded(
            f"jobImage is prebuilt: set dicom-platform:jobImageDigest in Pulumi.{hour.stack_name}.yaml to the digest "
            f"of the image that you built, then run again: {hour.command}"
        )
    base, docker = (pins.base(builder, "the job's image") for builder in ("python", "docker"))
    tag = content_tag(hour.folder / SOURCE, base)
    made = find_build(hour, tag) or begin(hour, tag, base, docker)
    hour.set("jobImageDigest", digest_of(hour, made))


def places(hour: FirstHour) -> tuple[str, str]:
    """Where a build may run, best first."""
    project = f"projects/{hour.project}/locations"
    return f"{project}/{hour.settings.region_of_builds}", f"{project}/global"


def find_build(hour: FirstHour, tag: str) -> dict[str, Any] | None:
    """The newest build of this source that has not failed."""
    query = {"filter": f'tags="{tag}"'}
    for place in places(hour):
        builds = hour.google.call("GET", "cloudbuild", f"v1/{place}/builds", **query).get("builds", [])
        if made := next((one for one in builds if one["status"] in (*RUNNING, "SUCCESS")), None):
            return made
    return None


def begin(hour: FirstHour, tag: str, base: str, docker: str) -> dict[str, Any]:
    bucket, name = source_bucket(hour.settings.project), f"source/{tag}.tgz"
    hour.google.send(
        "POST",
        "storage",
        f"upload/storage/v1/b/{bucket}/o",
        params={"uploadType": "media", "name": name},
        data=pack(hour.folder / SOURCE),
        headers={"Content-Type": "application/gzip"},
    )
    recipe: dict[str, Any] = yaml.safe_load((hour.folder / RECIPE).read_text(encoding="utf-8"))
    body = {
        **recipe,
        "source": {"storageSource": {"bucket": bucket, "object": name}},
        "serviceAccount": f"projects/{hour.project}/serviceAccounts/{email_of('jobBuild', hour.project)}",
        "substitutions": {"_IMAGE": hour.stack.image, "_BASE": base, "_DOCKER": docker},
        "tags": [tag],
    }
    own, anywhere = places(hour)
    try:
        started = hour.google.call("POST", "cloudbuild", f"v1/{own}/builds", body)
    except OpsRefused as refused:
        if RESTRICTED not in str(refused):
            raise
        hour.person.tell(
            f"  Google builds nothing in {hour.settings.region_of_builds} for this project yet: it builds elsewhere"
        )
        started = hour.google.call("POST", "cloudbuild", f"v1/{anywhere}/builds", body)
    return started["metadata"]["build"]


def digest_of(hour: FirstHour, made: dict[str, Any]) -> str:
    """Waits for the build. Raises `OpsRefused` when it fails."""
    state = made

    def is_done() -> bool:
        nonlocal state
        if state["status"] in RUNNING:
            state = hour.google.call("GET", "cloudbuild", f"v1/{made['name']}")
        return state["status"] not in RUNNING

    log = made.get("logUrl", f"build {made['id']}")
    if not hour.person.wait(f"waiting for the job's image: {log}", is_done, 2400.0):
        raise OpsRefused(f"the build of the job's image did not end: see {log}, then go on with: {hour.command}")
    images = state.get("results", {}).get("images", [])
    if state["status"] != "SUCCESS" or len(images) != 1:
        raise OpsRefused(f"the job's image was not built ({state['status']}): see {log}, then run: {hour.command}")
    return str(images[0]["digest"])


def pack(folder: Path) -> bytes:
    """The folder's files as a compressed tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path in source_files(folder):
            tar.add(path, path.relative_to(folder).as_posix())
    return buffer.getvalue()
