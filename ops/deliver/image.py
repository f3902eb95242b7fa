"""The digest of the job's image for one delivery: built by the trigger `job-image`, taken from another stack, or given.

Owns: who the image's owner is (`jobImage`) and that there is only one. The build itself is delivery/job-image.yaml,
which runs as an account of its own and whose provenance Cloud Build signs. What the image consists of, the folder and
its base, is read from the checkout.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from components.job_image import content_tag
from ops.client.google import GoogleApi
from ops.client.refusal import OpsRefused
from ops.deliver import pins
from ops.deliver.cli import WORK
from ops.deliver.cloud_build import build_image
from ops.deliver.ledger import Ledger
from ops.deliver.record import Record, usable_releases
from ops.deliver.stack import Stack

SOURCE = Path("jobs/prepare")
BASE = WORK / "job-base"


@dataclass(frozen=True, kw_only=True)
class Image:
    source: str | None
    digest: str | None
    copy: tuple[str, str] | None = None
    """(from, to) when the image is still in another stack's registry: by digest, and the tag that keeps it there."""


def choose(stack: Stack, commit: str, current: Record | None, google: GoogleApi, other: Stack | None) -> Image:
    """The image that `commit` runs with. `other` is the stack that `promoteFrom` names. Raises `OpsRefused`."""
    owner = stack.settings.job_image
    if owner == "docker":
        raise OpsRefused(
            "jobImage is docker: Pulumi builds the image with the Docker of the machine it runs on, and a delivery "
            "would be a second owner; set jobImage to cloud_build, or deploy with: make deploy"
        )
    if owner == "prebuilt":
        return Image(source=None, digest=stack.settings.job_image_digest)
    if other is not None:
        return find_promotable(stack, commit, google, other)
    source = content_tag(SOURCE, base())
    for release in usable_releases(current):
        if release.job_source == source and release.job_digest:
            return Image(source=source, digest=release.job_digest)
    return Image(source=source, digest=build_image(stack, commit, google, "job-image"))


def base() -> str:
    """What the image is built on, by digest. Raises `OpsRefused`."""
    return pins.base("python", "the job's image")


def write_base() -> None:
    """For the build: what it gives the Dockerfile as BASE."""
    WORK.mkdir(exist_ok=True)
    BASE.write_text(f"{base()}\n", encoding="utf-8")


def find_promotable(stack: Stack, commit: str, google: GoogleApi, other: Stack) -> Image:
    """The digest that `other` proved with the same commit."""
    record, _ = Ledger(google, other.records).read(other.name)
    if record is None or record.state != "proved" or record.release.commit != commit or not record.release.job_digest:
        last = f"{record.release.commit[:12]}, {record.state}" if record else "no release yet"
        raise OpsRefused(
            f"{stack.name} takes what {other.name} has proved, and {other.name} has {last}, not {commit[:12]}, "
            f"proved; start this delivery again when {other.name} has passed its smoke tests with this commit"
        )
    digest = record.release.job_digest
    kept = f"{stack.image}:from-{digest.removeprefix('sha256:')[:32]}"
    return Image(source=record.release.job_source, digest=digest, copy=(f"{other.image}@{digest}", kept))
