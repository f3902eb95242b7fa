"""Artifact Registry: what Google adds to a repository."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.control.special.registry import Resource, extra
from localcloud.control.special.service_usage import is_enabled

REPOSITORIES = "artifactregistry.v1:projects.locations.repositories"
SCANNING = "containerscanning.googleapis.com"


@extra(f"{REPOSITORIES}.create")
def complete(cloud: Cloud, call: Call, repository: Resource) -> None:
    _, project, _, location, _, identifier = repository["name"].split("/")
    kind = str(repository.get("format", "docker")).lower()
    repository.setdefault("mode", "STANDARD_REPOSITORY")
    repository["registryUri"] = f"{location}-{kind}.pkg.dev/{project}/{identifier}"
    scanning = repository.get("vulnerabilityScanningConfig", {})
    wanted = scanning.get("enablementConfig") != "DISABLED"
    state = "SCANNING_ACTIVE" if wanted and is_enabled(cloud, SCANNING) else "SCANNING_DISABLED"
    repository["vulnerabilityScanningConfig"] = {**scanning, "enablementState": state}
