"""Which files a release consists of: the lite page, or SLIM from its released archive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewer import build, slim_build, slim_pin
from viewer.build import FileSet
from viewer.config import with_status, without_tools
from viewer.headers import firebase_config
from viewer.packages import CACHE, install
from viewer.slim_archive import Progress, archive, unpack


@dataclass(frozen=True, kw_only=True)
class SlimSource:
    """How to come by SLIM: an archive at hand, or (without) the cache or the release page."""

    archive: Path | None = None
    pin: Path = slim_pin.PIN
    passes: Path = slim_pin.PASSES
    cache: Path = CACHE


def assemble(
    app: str,
    config: dict[str, Any],
    source: SlimSource,
    *,
    guarded: bool = False,
    tools: bool | None = None,
    status_root: str = "",
    progress: Progress = lambda done, total: None,
) -> tuple[FileSet, dict[str, Any]]:
    """Files and `hosting` block of `app` for one `window.config`.

    `guarded`: SLIM needs a recorded pass. `tools`: whether SLIM may offer drawing; None: where a recorded pass says
    that it can save. `status_root`: where the lite page reads what the job says of a study.

    Raises SlimError, PackagesRefused, or ValueError for a config.
    """
    root, authority = config["servers"][0]["url"], config["oidc"]["authority"]
    if app != "slim":
        shown = with_status(without_tools(config)) if status_root else without_tools(config)
        files = build.build(shown, install(), status_root=status_root)
        return files, firebase_config(root, authority, build.site_content(files, status_root))
    pin = slim_pin.read_pin(source.pin)
    if guarded:
        slim_pin.require_pass(pin, source.passes)
    if not (slim_pin.can_save(pin, source.passes) if tools is None else tools):
        config = without_tools(config)
    unpacked = unpack(archive(pin, source.archive, source.cache, progress))
    files = slim_build.build(config, unpacked, pin.ref)
    return files, firebase_config(root, authority, slim_build.site_content(files))


def assemble_unpinned(config: dict[str, Any], given: Path) -> tuple[FileSet, dict[str, Any]]:
    """SLIM from an archive that nobody pinned, without drawing tools: for pictures and measurements, not for people."""
    files = slim_build.build(without_tools(config), unpack(given), f"slim {given.stem}")
    root, authority = config["servers"][0]["url"], config["oidc"]["authority"]
    return files, firebase_config(root, authority, slim_build.site_content(files))
