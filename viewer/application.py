"""Which files a release consists of: the lite page, or SLIM from its archive or its source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewer import slim_build, slim_passes
from viewer.build import FileSet, build
from viewer.headers import firebase_config
from viewer.packages import CACHE, install
from viewer.slim_archive import Progress, archive, unpack
from viewer.slim_pin import PATCHES, PIN, Pin, SlimError, read_pin
from viewer.slim_source import digest, from_source, patch_files


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How to come by SLIM: an archive at hand, a build from source, or (neither) the cache or the release page."""

    archive: Path | None = None
    source: bool = False
    pin: Path = PIN
    patches: Path = PATCHES
    passes: Path = slim_passes.PASSES
    cache: Path = CACHE


def assemble(
    app: str,
    config: dict[str, Any],
    choice: Choice,
    *,
    guarded: bool = False,
    progress: Progress = lambda done, total: None,
) -> tuple[FileSet, dict[str, Any]]:
    """Files and `hosting` block of `app` for one `window.config`.

    `guarded`: SLIM needs a recorded pass. Raises SlimError, PackagesRefused, or ValueError for a config.
    """
    root, authority = config["servers"][0]["url"], config["oidc"]["authority"]
    if app != "slim":
        return build(config, install()), firebase_config(root, authority)
    pin = read_pin(choice.pin)
    identity = slim_digest(pin, choice)
    if guarded:
        slim_passes.require(pin, identity, choice.passes)
    files = slim_build.build(config, _slim(pin, choice, progress), pin.ref)
    return files, firebase_config(root, authority, slim_build.needs(files))


def slim_digest(pin: Pin, choice: Choice) -> str:
    """Names one build of the pinned SLIM, as `slim_passes` wants it."""
    return digest(pin, patch_files(choice.patches)) if choice.source else pin.sha256


def _slim(pin: Pin, choice: Choice, progress: Progress) -> dict[str, bytes]:
    patches = patch_files(choice.patches)
    if choice.source:
        return from_source(pin, patches)
    if patches:
        raise SlimError(
            f"{patches[0].name} cannot be applied to the archive, which is built already; "
            "release with --from-source, or move the patch out of viewer/slim/patches"
        )
    return unpack(archive(pin, choice.archive, choice.cache, progress))
