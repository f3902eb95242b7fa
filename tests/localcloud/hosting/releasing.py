"""The steps of a release as REST calls, one function each."""

from __future__ import annotations

import gzip
import hashlib
from typing import Any

import requests

from tests.localcloud.hosting.platform import SITE, Platform

HOST = "firebasehosting.googleapis.com"
PAGE = gzip.compress(b"<!doctype html><title>one</title>", mtime=0)
HASH = hashlib.sha256(PAGE).hexdigest()


def create_version(served: Platform, **body: Any) -> str:
    return served.call("POST", HOST, f"v1beta1/{SITE}/versions", body)["name"]


def populate(served: Platform, version: str, files: dict[str, str] | None = None) -> dict[str, Any]:
    return served.call("POST", HOST, f"v1beta1/{version}:populateFiles", {"files": files or {"/index.html": HASH}})


def upload(
    served: Platform, url: str, digest: str = HASH, body: bytes = PAGE, email: str | None = None
) -> requests.Response:
    return requests.post(
        f"{url}/{digest}", data=body, headers={"Authorization": f"Bearer {served.token(email)}"}, timeout=10
    )


def finalize(served: Platform, version: str) -> requests.Response:
    return served.send("PATCH", HOST, f"v1beta1/{version}", {"status": "FINALIZED"}, params={"updateMask": "status"})


def make_live(served: Platform, version: str) -> requests.Response:
    return served.send("POST", HOST, f"v1beta1/{SITE}/releases", {}, params={"versionName": version})


def release_page(served: Platform, page: bytes = PAGE, **body: Any) -> str:
    version, digest = create_version(served, **body), hashlib.sha256(page).hexdigest()
    answer = populate(served, version, {"/index.html": digest})
    if answer.get("uploadRequiredHashes"):
        assert upload(served, answer["uploadUrl"], digest, page).ok
    assert finalize(served, version).ok
    assert make_live(served, version).ok
    return version
