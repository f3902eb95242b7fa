"""A served local cloud with what the viewer needs: a store, a hosting site, readers; made by REST calls."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running
from ops.viewer.hosting import HostingApi
from ops.viewer.target import ReleaseTarget, read
from tests import needs
from viewer.build import FileSet, build, site_content
from viewer.config import window_config
from viewer.headers import firebase_config

PROJECT = "dicom-local"
DATASET = f"projects/{PROJECT}/locations/europe-west4/datasets/imaging"
SITE = f"projects/{PROJECT}/sites/{PROJECT}-viewer"
CLIENT = "123456789012-local.apps.googleusercontent.com"
READER, WRITER = "pathologist@example.org", "scanner@example.org"


@dataclass
class Platform:
    """Requests are the owner's unless said otherwise."""

    cloud: Cloud
    url: str = ""
    site: str = SITE
    store: str = "raw"
    """What the site shows."""
    status_root: str = ""
    """Where the page looks for what the job says of a study; nowhere unless it is said."""

    def token(self, email: str | None = None) -> str:
        return self.cloud.iam.token(email or self.cloud.iam.owner)

    def send(self, verb: str, host: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token()}", **options.pop("headers", {})}
        url = self.cloud.endpoint(host) + path
        return requests.request(verb, url, json=body, headers=headers, timeout=30, **options)

    def call(self, verb: str, host: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = self.send(verb, host, path, body, **options)
        assert answer.ok, f"{verb} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def dicomweb(self, store: str = "raw") -> str:
        return f"{self.cloud.endpoint('healthcare.googleapis.com')}v1/{DATASET}/dicomStores/{store}/dicomWeb"

    def create_site(self, name: str = SITE) -> dict[str, Any]:
        parent, site = name.split("/sites/")
        return self.call(
            "POST", "firebasehosting.googleapis.com", f"v1beta1/{parent}/sites", {}, params={"siteId": site}
        )

    def create_store(self, store: str = "raw") -> None:
        parent, dataset = DATASET.split("/datasets/")
        self.send("POST", "healthcare.googleapis.com", f"v1/{parent}/datasets", {}, params={"datasetId": dataset})
        path = f"v1/{DATASET}/dicomStores"
        self.call("POST", "healthcare.googleapis.com", path, {}, params={"dicomStoreId": store})

    def grant(self, role: str, email: str, store: str = "raw") -> None:
        resource = f"//healthcare.googleapis.com/{DATASET}/dicomStores/{store}"
        policy = self.cloud.iam.policy(resource)
        bindings = [*policy.get("bindings", []), {"role": role, "members": [f"group:{email}"]}]
        self.cloud.iam.set_policy(resource, {**policy, "bindings": bindings})

    def store_instances(self, files: list[bytes], store: str = "raw") -> None:
        for content in files:
            answer = requests.post(
                f"{self.dicomweb(store)}/studies",
                data=content,
                headers={"Authorization": f"Bearer {self.token()}", "Content-Type": "application/dicom"},
                timeout=60,
            )
            assert answer.ok, f"{answer.status_code} {answer.text}"

    def config(self, store: str = "", **changes: Any) -> dict[str, Any]:
        authority = f"{self.cloud.base}/accounts.google.com"
        settings = {
            "dicomweb_root": self.dicomweb(store or self.store),
            "client_id": CLIENT,
            "authority": authority,
            **changes,
        }
        return window_config(**settings)

    def outputs(self, **changes: Any) -> dict[str, Any]:
        """As the stack would give them."""
        return {
            "project": PROJECT,
            "viewerSite": self.site.rsplit("/", 1)[1],
            "viewerUrl": self.url,
            "endpoints": {"firebasehosting": self.cloud.endpoint("firebasehosting.googleapis.com")},
            "viewerConfig": self.config(),
            "serviceAccounts": {"viewerBuild": self.cloud.iam.owner, "previewViewer": self.cloud.iam.owner},
            **changes,
        }

    def target(self, **changes: Any) -> ReleaseTarget:
        return read(self.outputs(**changes))

    def hosting(self) -> HostingApi:
        return HostingApi(self.cloud.endpoint("firebasehosting.googleapis.com"), self.site, self.token)

    def firebase(self, files: FileSet | None = None) -> dict[str, Any]:
        """The `hosting` block for the lite page's `files`."""
        config = self.config()
        content = site_content(files, self.status_root) if files else None
        return firebase_config(config["servers"][0]["url"], config["oidc"]["authority"], content)

    def viewer(self, **changes: Any) -> FileSet:
        return build(self.config(**changes), needs.viewer_packages(), status_root=self.status_root)


@contextlib.contextmanager
def platform(folder: Path) -> Iterator[Platform]:
    """A cloud with an empty store, a site with nothing released, a reader and somebody who may only write."""
    cloud = Cloud(data=folder, project=PROJECT, awkward=WITHOUT_WAITING)
    with running(cloud):
        made = Platform(cloud)
        made.create_store()
        made.url = made.create_site()["defaultUrl"]
        made.grant("roles/healthcare.dicomViewer", READER)
        made.grant("roles/healthcare.dicomStoreAdmin", WRITER)
        yield made
