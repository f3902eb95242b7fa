"""Container images: by digest, from a registry that moves no tag, scans, and keeps what runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.resource_view import Seen
from policy.rule import Finding, Need, needs, rule, stack_rule
from policy.stack import Stack

REPOSITORY = "gcp:artifactregistry/repository:Repository"
JOB = "gcp:cloudrunv2/job:Job"
SERVICE = "gcp:cloudrunv2/service:Service"
IMAGES = {JOB: "template.template.containers[].image", SERVICE: "template.containers[].image"}
BY_DIGEST = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev/[^\s@]+@sha256:[0-9a-f]{64}")
SCANNING = "containerscanning.googleapis.com"

FIXED = needs(
    "registry-moves-no-tag",
    "31",
    REPOSITORY,
    "A tag never moves, images are scanned when pushed, and old ones are really removed.",
    Need(
        "dockerConfig.immutableTags",
        lambda value: value is True,
        "lets a tag be moved to another image",
        "Set dockerConfig.immutableTags to true.",
    ),
    Need(
        "vulnerabilityScanningConfig.enablementConfig",
        lambda value: value == "INHERITED",
        "does not have its images scanned",
        'Set vulnerabilityScanningConfig.enablementConfig to "INHERITED".',
    ),
    Need(
        "cleanupPolicyDryRun",
        lambda value: value is False,
        "only pretends to remove old images",
        "Set cleanupPolicyDryRun to false.",
    ),
)


@rule("registry-keeps-what-runs", "31", REPOSITORY, holds=("cleanupPolicies",))
def registry_keeps_what_runs(repository: Seen) -> Iterator[Finding]:
    """Old images are removed, and the newest are kept whatever their age: the one that runs is among them."""
    policies = repository.get("cleanupPolicies") or []
    deletes = [policy.get("condition") or {} for policy in policies if policy.get("action") == "DELETE"]
    keeps = [policy.get("mostRecentVersions") or {} for policy in policies if policy.get("action") == "KEEP"]
    if not deletes:
        yield Finding("never removes an image, known holes included", "Add a cleanup policy DELETE of untagged ones.")
    if any(what.get("tagState") != "UNTAGGED" or not what.get("olderThan") for what in deletes):
        yield Finding("removes images that have a tag, or are new", "Delete only UNTAGGED ones, olderThan 30 days.")
    if not any((what.get("keepCount") or 0) > 0 for what in keeps):
        yield Finding("may remove the image that runs", "Add a cleanup policy KEEP with mostRecentVersions.keepCount.")


@stack_rule("images-are-scanned", "31")
def images_are_scanned(stack: Stack, _: Seen) -> Iterator[Finding]:
    """The API that scans images is on."""
    services = {service.get("service") for service in stack.of("gcp:projects/service:Service")}
    if stack.of(REPOSITORY) and SCANNING not in services:
        yield Finding("has a registry and nothing that scans it", f"Add {SCANNING} to the project's APIs.")


@rule("image-by-digest", "31", tuple(IMAGES), holds=tuple(IMAGES.values()))
def image_by_digest(seen: Seen) -> Iterator[Finding]:
    """What runs is an image of Artifact Registry by its digest: a tag says nothing about what runs."""
    for image in seen.each(IMAGES[seen.type]) or [None]:
        if not BY_DIGEST.fullmatch(str(image)):
            yield Finding(
                f"runs {image or 'no image'}, which is not an image of Artifact Registry by digest",
                "Name it LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/NAME@sha256:….",
            )


@rule("no-way-around-attestation", "32", tuple(IMAGES))
def no_way_around_attestation(seen: Seen) -> Iterator[Finding]:
    """Where images must be attested, nothing declares an exception."""
    if seen.get("binaryAuthorization.breakglassJustification"):
        yield Finding("runs an image that nobody attested", "Remove binaryAuthorization.breakglassJustification.")


@rule("images-are-attested", "32", tuple(IMAGES), holds=("binaryAuthorization.useDefault",), level="should")
def images_are_attested(seen: Seen) -> Iterator[Finding]:
    """Only images that our own build attested run."""
    if not (seen.get("binaryAuthorization.useDefault") or seen.get("binaryAuthorization.policy")):
        yield Finding(
            "runs whatever image it is given", "Set up Binary Authorization and binaryAuthorization.useDefault."
        )


RULES = (
    FIXED,
    registry_keeps_what_runs,
    images_are_scanned,
    image_by_digest,
    no_way_around_attestation,
    images_are_attested,
)
