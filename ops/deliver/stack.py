"""The stack that is delivered, from the files of this checkout: its settings, its endpoints, where its records are.

Owns: that a step needs nothing but the stack's name. It reads what `pulumi` would read, and writes nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.archive import VIEWER, store_names
from infra.config_loader import InvalidSettings, read_settings
from infra.delivery import delivery_records_bucket
from infra.job import records_bucket
from infra.providers import api_roots
from infra.settings import Settings
from infra.viewer import status_root
from ops.client.google import GoogleApi
from ops.client.refusal import OpsRefused
from ops.client.tokens import token_source

RECORDED = ("jobImageDigest", "viewerImageDigest")
"""Settings that a delivery takes from the release record, whatever a committed file says."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    name: str
    settings: Settings
    config: Mapping[str, Any]
    """`namespace:key` of the stack's file, as written."""

    @property
    def endpoints(self) -> dict[str, str]:
        return api_roots(self.config)

    @property
    def pulumi_environment(self) -> dict[str, str]:
        """The environment of the Pulumi CLI: with the backend that the settings name, unless one is chosen already."""
        bucket = self.settings.state_bucket
        chosen = {"PULUMI_BACKEND_URL": f"gs://{bucket}"} if bucket else {}
        return {"PULUMI_SKIP_UPDATE_CHECK": "true", **chosen, **os.environ}

    @property
    def records(self) -> str:
        """Name of the bucket of deliveries."""
        return delivery_records_bucket(self.settings.project)

    @property
    def place(self) -> str:
        """Full name of the project's location."""
        return f"projects/{self.settings.project}/locations/{self.settings.location}"

    @property
    def place_of_builds(self) -> str:
        """Full name of the location of builds, triggers and the connection to GitHub."""
        return f"projects/{self.settings.project}/locations/{self.settings.region_of_builds}"

    @property
    def viewers_root(self) -> str:
        """DICOMweb root of the store that viewers read: what `infra.archive.dicomweb_roots` is once it is deployed."""
        store = store_names(self.settings)[VIEWER]
        dataset = f"{self.place}/datasets/{self.settings.dataset}"
        return f"{self.endpoints['healthcare']}v1/{dataset}/dicomStores/{store}/dicomWeb"

    @property
    def status_root(self) -> str:
        """Output viewerStatusRoot, once it is deployed."""
        return status_root(self.settings, self.endpoints["storage"], records_bucket(self.settings.project))

    @property
    def image(self) -> str:
        """The study job's image in this stack's registry, without tag or digest."""
        return f"{self.settings.location}-docker.pkg.dev/{self.settings.project}/images/prepare"

    def images(self, job: str | None, viewer: str | None, *, owned: bool = False) -> dict[str, str | None]:
        """Setting → digest, of the images that this stack runs; with `owned`, only of those that a delivery builds.

        What somebody else builds is also set when a stack goes back, and stays as committed in a preview.
        """
        settings = self.settings
        images: dict[str, str | None] = {}
        if settings.job_image == "cloud_build" or (settings.job_image == "prebuilt" and not owned):
            images["jobImageDigest"] = job
        if settings.viewer_host == "cloud_run" and (settings.viewer_image == "cloud_build" or not owned):
            images["viewerImageDigest"] = viewer
        return images

    @property
    def config_hash(self) -> str:
        """SHA-256 of the committed settings, without those that a delivery fills in."""
        kept = {key: value for key, value in self.config.items() if key.partition(":")[2] not in RECORDED}
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()

    def google(self) -> GoogleApi:
        """Speaks as whoever runs this: GOOGLE_OAUTH_ACCESS_TOKEN, or Google's default credentials."""
        return GoogleApi(self.endpoints, token_source(project=self.settings.project))


def load(name: str, folder: Path = Path()) -> Stack:
    """Raises `OpsRefused` when there is no such stack, or its settings are not valid."""
    path = folder / f"Pulumi.{name}.yaml"
    if not path.is_file():
        raise OpsRefused(f"there is no {path}; name a stack that has a file, such as dev")
    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")).get("config", {})
    try:
        return Stack(name=name, settings=read_settings(name, config), config=config)
    except InvalidSettings as invalid:
        raise OpsRefused(f"{path} cannot be delivered: {'; '.join(invalid.problems)}") from None
