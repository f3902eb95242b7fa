"""Whole stacks that several tests look at; each is deployed once."""

from __future__ import annotations

from typing import Any

from tests import harness
from tests.harness import Graph

A_DIGEST = "sha256:" + "ab" * 32
PROD: dict[str, Any] = {
    "gcp:project": "my-imaging",
    "jobImageDigest": A_DIGEST,
    "oauthClientId": "123456789012-abc.apps.googleusercontent.com",
    "githubRepository": "lab/platform",
    "githubInstallationId": 4711,
    "githubTokenVersion": 1,
    "customDomain": "slides.example.org",
    "viewers": ["pathologists@example.org"],
    "annotators": ["annotators@example.org"],
    "ingestWriters": ["scanners@example.org"],
}


def local() -> Graph:
    return harness.stack("local", jobImageDigest=A_DIGEST)


def empty_dev() -> Graph:
    """The first `pulumi up` of somebody who has set nothing but the project."""
    return harness.stack("dev", **{"gcp:project": "my-imaging"})


def prod(**changes: Any) -> Graph:
    """With everything declared that can be."""
    return harness.stack("prod", **PROD | changes)
