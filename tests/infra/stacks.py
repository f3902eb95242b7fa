"""Whole stacks that several tests look at; each is deployed once."""

from __future__ import annotations

import functools
import json
from typing import Any

import pulumi_gcp as gcp

from tests import harness
from tests.harness import Graph
from tests.infra.bad_settings import PHI

A_DIGEST = "sha256:" + "ab" * 32
PROD: dict[str, Any] = {
    "gcp:project": "my-imaging",
    "jobImageDigest": A_DIGEST,
    "oauthClientId": "123456789012-abc.apps.googleusercontent.com",
    "githubRepository": "lab/platform",
    "githubRepositoryId": 815,
    "githubInstallationId": 4711,
    "githubTokenVersion": 1,
    "customDomain": "slides.example.org",
    "alertEmails": ["on-call@example.org"],
    "viewers": ["pathologists@example.org"],
    "annotators": ["annotators@example.org"],
    "ingestWriters": ["scanners@example.org"],
}


def local() -> Graph:
    return harness.stack("local", jobImageDigest=A_DIGEST)


def empty_dev() -> Graph:
    """The first `pulumi up` of somebody who has set nothing but the project."""
    return harness.stack("dev", **{"gcp:project": "my-imaging"})


def phi(**changes: Any) -> Graph:
    """Images of patients: the viewer is a service behind Identity-Aware Proxy."""
    without = {key: value for key, value in PROD.items() if key != "customDomain"}
    return _phi(json.dumps(without | PHI | {"viewerImageDigest": A_DIGEST} | changes))


@functools.cache
def _phi(settings: str) -> Graph:
    place = harness.deploy(_key, config={"gcp:project": PROD["gcp:project"]})
    return harness.stack_in(place, "prod", **json.loads(settings))


def _key() -> None:
    """The dataset's key, which is nobody's but the owner's and so not of the stack."""
    _, project, _, location, _, ring, _, key = PHI["datasetKey"].split("/")
    made = gcp.kms.KeyRing("ring", project=project, location=location, name=ring)
    gcp.kms.CryptoKey("key", key_ring=made.id, name=key)


def prod(**changes: Any) -> Graph:
    """With everything declared that can be."""
    return harness.stack("prod", **PROD | changes)
