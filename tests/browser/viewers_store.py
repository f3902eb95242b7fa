"""A store that only viewers read, beside the raw one of a cloud, and a page on it."""

from __future__ import annotations

from dataclasses import replace

from ops.viewer.release import release
from tests.localcloud.hosting.platform import PROJECT, READER, Platform


def with_viewers_store(raw: Platform) -> Platform:
    """The page released on the viewers' store, which is made here, as are the buckets of the job."""
    raw.create_store("viewers")
    raw.grant("roles/healthcare.dicomViewer", READER, "viewers")
    for bucket in ("records", "staged"):
        raw.call("POST", "storage.googleapis.com", "storage/v1/b", {"name": bucket}, params={"project": PROJECT})
    site = f"projects/{PROJECT}/sites/{PROJECT}-viewers"
    viewers = replace(raw, url=raw.create_site(site)["defaultUrl"], site=site, store="viewers")
    release(viewers.hosting(), viewers.viewer(), viewers.firebase())
    return viewers
