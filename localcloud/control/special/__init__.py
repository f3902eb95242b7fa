"""What the generic control plane cannot know: one module an API. The replay in the tests shows that each is needed."""

from localcloud.cloud import Cloud
from localcloud.control.special import (
    act_as,
    agents,
    artifact_registry,
    cloud_build,
    cloud_run,
    eventing,
    firebase,
    hosting,
    iam,
    kms,
    logging,
    monitoring,
    organization,
    projects,
    pubsub,
    secret_manager,
    service_usage,
    storage,
    workload_identity,
)
from localcloud.control.special.registry import CHECKS, EXTRAS, METHODS, SEEDS

__all__ = [
    "CHECKS",
    "EXTRAS",
    "METHODS",
    "act_as",
    "agents",
    "artifact_registry",
    "cloud_build",
    "cloud_run",
    "eventing",
    "firebase",
    "hosting",
    "iam",
    "kms",
    "logging",
    "monitoring",
    "organization",
    "projects",
    "pubsub",
    "secret_manager",
    "seed",
    "service_usage",
    "storage",
    "workload_identity",
]


def seed(cloud: Cloud) -> None:
    """Put the resources that every Google project has from the start."""
    for put in SEEDS:
        put(cloud)
