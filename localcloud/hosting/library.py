"""What Hosting keeps: versions, their files and releases as resources; contents gzipped on disk.

Owns names and storage; which change is allowed is `versions` and `releases`.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

from localcloud.awkward import SITE_SECONDS
from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.errors import ApiError

HOST = "firebasehosting.googleapis.com"
DOCUMENT = "firebasehosting.v1beta1"
Json = dict[str, Any]


class Library:
    """Names in here are full (`projects/P/sites/S/…`); Hosting answers with the form without a project."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.blobs = cloud.data / "hosting"
        self.made: dict[str, float] = {}
        """Site -> when it was made in this run."""

    def full(self, name: str) -> str:
        """`sites/S/…` and `projects/-/sites/S/…` mean `projects/P/sites/S/…`."""
        project = name.split("/")[1] if name.startswith("projects/") else "-"
        ours = project in ("-", self.cloud.number, self.cloud.project)
        return f"projects/{self.cloud.project if ours else project}/{self.public(name)}"

    def public(self, name: str) -> str:
        return name[name.index("sites/") :]

    def require(self, name: str) -> Json:
        """The resource; ApiError 404 without it."""
        if (resource := self.cloud.resources.get(HOST, name)) is None:
            raise ApiError(404, f"Requested entity {name} was not found.")
        return resource

    def site(self, call: Call) -> str:
        """Full name of the site that a call is about; ApiError 404 if there is none or it is too new."""
        name = self.full(call.params["parent"])
        self.require(name)
        site, _, _ = name.partition("/channels/")
        if self.cloud.is_within("new_sites", self.made.get(site, float("-inf")), SITE_SECONDS):
            raise ApiError(404, f"Requested entity {name} was not found.")
        return name

    def put(self, name: str, resource: Json) -> Json:
        self.cloud.resources.put(HOST, name, resource)
        return resource

    def children(self, site: str, collection: str) -> list[Json]:
        """Versions or releases of a site, newest first."""
        children = self.cloud.resources.children(HOST, site, collection)
        if collection == "releases":  # by number: a clock that was set back must not bring an old release back
            return sorted(children, key=lambda release: int(release["name"].rpartition("/")[2]), reverse=True)
        return sorted(children, key=lambda version: (version["createTime"], version["name"]), reverse=True)

    def files(self, version: str) -> dict[str, str]:
        """Path → SHA-256 of the gzipped content."""
        return (self.cloud.resources.get(HOST, f"{version}/manifest") or {}).get("files", {})

    def set_files(self, version: str, files: dict[str, str]) -> None:
        self.put(f"{version}/manifest", {"files": files})

    def blob(self, digest: str) -> Path:
        return self.blobs / digest

    @contextlib.contextmanager
    def draft(self) -> Generator[IO[bytes]]:
        """A file for an upload under way; gone afterwards unless kept."""
        self.blobs.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.blobs, prefix=".upload-", delete=False) as file:
            try:
                yield file
            finally:
                Path(file.name).unlink(missing_ok=True)

    def keep(self, draft: Path, digest: str) -> None:
        """The draft becomes the content, whole or not at all: a reader never sees a part."""
        draft.replace(self.blob(digest))

    def now(self) -> str:
        seconds = self.cloud.clock()
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}Z"


def number(call: Call, field: str) -> int:
    """Raises `ApiError` 400 for what is no number of ours."""
    text = call.query.get(field) or "0"
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ApiError(400, f"Invalid {field} {text[:80]!r}.")
    return int(text)


def page(call: Call, field: str, items: list[Json]) -> Json:
    """One page of a list answer, as `pageSize` and `pageToken` ask for it."""
    size, start = (number(call, field) or default for field, default in (("pageSize", 100), ("pageToken", 0)))
    answer: Json = {field: items[start : start + size]} if items else {}
    if start + size < len(items):
        answer["nextPageToken"] = str(start + size)
    return answer
