"""A release: create a version, name its files, upload the missing ones, finalize, release; and the way back.

Only the last step changes what is served, so a run that stops before it leaves the site as it was, and the next run
uploads only what is still missing. The same content as what is live makes no new version.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from ops.viewer.hosting import HostingApi, HostingError
from viewer.build import CONFIG, FileSet
from viewer.headers import serving_config

LABEL = "content"
"""Label of a version: the hash of its files and headers."""
REF, CONFIG_LABEL = "ref", "config"
"""Labels of a version for a person: which viewer, and the hash of the configuration."""
UPLOADS_AT_ONCE = 4
HISTORY = 50
"""Releases among which a rollback looks."""

Progress = Callable[[int, int], None]
"""Called with (files uploaded, files to upload)."""


@dataclass(frozen=True, kw_only=True)
class Released:
    """What a release did. `uploaded` counts files; `changed` is False when the same content was live already."""

    version: str
    changed: bool
    uploaded: int
    total: int


def content_hash(files: FileSet, firebase: Mapping[str, Any]) -> str:
    """The same for the same files and headers; fits in a label."""
    text = json.dumps([sorted(files.digests().items()), firebase], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def labels(files: FileSet, firebase: Mapping[str, Any]) -> dict[str, str]:
    """What a version says about itself. Google takes lower-case letters, digits, `-` and `_`, 63 at most."""
    return {
        LABEL: content_hash(files, firebase),
        REF: re.sub(r"[^a-z0-9_-]+", "-", files.ref.lower())[:63],
        CONFIG_LABEL: hashlib.sha256(files.files[CONFIG]).hexdigest()[:16],
    }


def differences(live: Mapping[str, str], ours: Mapping[str, str]) -> list[str]:
    """How the labels of the live version differ from ours, in words; empty when the content is the same."""
    if live.get(LABEL) == ours[LABEL]:
        return []
    named = {REF: "ref", CONFIG_LABEL: "configuration"}
    lines = [
        f"{words} {live.get(key, 'unknown')}, here {ours[key]}"
        for key, words in named.items()
        if live.get(key) != ours[key]
    ]
    return lines or ["other files or headers"]


def release(
    api: HostingApi,
    files: FileSet,
    firebase: Mapping[str, Any],
    *,
    message: str = "",
    progress: Progress = lambda done, total: None,
) -> Released:
    """Make `files` with these headers live on the site. Raises HostingError; then the site is as it was."""
    named = labels(files, firebase)
    live = api.live()
    if live and live.get("version", {}).get("labels", {}).get(LABEL) == named[LABEL]:
        return Released(version=live["version"]["name"], changed=False, uploaded=0, total=len(files.files))
    version = api.create_version(serving_config(firebase), named)
    zipped = files.zipped
    by_hash = {hashlib.sha256(data).hexdigest(): data for data in zipped.values()}
    url, missing = api.populate(version, {path: hashlib.sha256(data).hexdigest() for path, data in zipped.items()})
    progress(0, len(missing))
    _upload(api, url, {digest: by_hash[digest] for digest in sorted(missing)}, progress)
    api.finalize(version)
    api.release(version, message=message or files.ref)
    return Released(version=version, changed=True, uploaded=len(missing), total=len(files.files))


def _upload(api: HostingApi, url: str, contents: Mapping[str, bytes], progress: Progress) -> None:
    """All of them; the first refusal, or Ctrl-C, ends it after those that are on their way."""
    pool = ThreadPoolExecutor(UPLOADS_AT_ONCE)
    try:
        uploads = [pool.submit(api.upload, url, digest, content) for digest, content in contents.items()]
        for done, upload in enumerate(as_completed(uploads), start=1):
            upload.result()
            progress(done, len(contents))
    finally:
        pool.shutdown(cancel_futures=True)


def rollback(api: HostingApi) -> str:
    """Release again what was live before; gives its version. Raises HostingError when there is nothing before.

    Rollbacks do not count as what was before: a second one goes a step further back, not forth again.
    """
    releases = [entry for entry in api.releases(HISTORY) if "version" in entry]
    live = releases[0]["version"]["name"] if releases else None
    deployed = [entry["version"]["name"] for entry in releases if entry["type"] != "ROLLBACK"]
    since = deployed.index(live) if live in deployed else 0
    before = next((name for name in deployed[since:] if name != live), None)
    if before is None:
        raise HostingError(f"{api.site} has no earlier release to go back to")
    api.release(before, kind="ROLLBACK", message=f"back from {live}")
    return before
