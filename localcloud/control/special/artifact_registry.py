"""Artifact Registry: what Google adds to a repository."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.special.registry import Resource, extra

REPOSITORIES = "artifactregistry.v1:projects.locations.repositories"


@extra(f"{REPOSITORIES}.create")
def complete(cloud: Cloud, call: Call, repository: Resource) -> None:
    _, project, _, location, _, identifier = repository["name"].split("/")
    kind = str(repository.get("format", "docker")).lower()
    repository.setdefault("mode", "STANDARD_REPOSITORY")
    repository["registryUri"] = f"{location}-{kind}.pkg.dev/{project}/{identifier}"
    scanning = repository.get("vulnerabilityScanningConfig", {})
    disabled = scanning.get("enablementConfig") == "DISABLED"
    state = "SCANNING_DISABLED" if disabled else "SCANNING_ACTIVE"
    repository["vulnerabilityScanningConfig"] = {**scanning, "enablementState": state}
