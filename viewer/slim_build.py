"""The file set of a SLIM release: SLIM's own build, our overlay over it, our `window.config`, and a manifest.

Owns putting together. Whether the build is the pinned one was settled by `slim_archive`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from viewer.build import ABSENT, CONFIG, MANIFEST, FileSet, content_type, guard_worker, manifest
from viewer.config import check, render_js
from viewer.headers import WORKER, SiteContent
from viewer.slim_archive import read_folder
from viewer.slim_pin import OVERLAY, SlimError

INDEX = "/index.html"
_LEFT_OUT = re.compile(r".*\.map|.*/\.[^/]*")
"""Source maps are for SLIM's developers."""
_HASHED = re.compile(r".*[.-](?=[\w-]*\d)[\w-]{8,}\.(?:chunk\.)?\w+")
"""`main.0a1b2c3d.js` as Create React App writes it, `index-B3xYz12a.js` as Vite does."""
_ASSETS = ("/static/", "/assets/")


def build(config: dict[str, Any], app: Mapping[str, bytes], ref: str, overlay: Path = OVERLAY) -> FileSet:
    """`app` is SLIM's build (served path → content). Raises SlimError for what cannot be served as SLIM."""
    files = {path: content for path, content in app.items() if _is_wanted(path, app.get(INDEX, b""))}
    files |= read_folder(overlay, "the overlay")
    if INDEX not in files or ABSENT not in files:
        raise SlimError(f"{ref} with its overlay has no {INDEX if INDEX not in files else ABSENT}")
    for path in (CONFIG, MANIFEST):
        if path in files:
            raise SlimError(f"{ref} or its overlay brings {path}, which the release writes itself; rename it")
    if CONFIG.lstrip("/").encode() not in files[INDEX]:
        raise SlimError(f"the page of {ref} does not load {CONFIG}; build it with REACT_APP_CONFIG=local")
    for path in files:
        _typed(path, ref)
    workers = [path for path in files if path.endswith(f"/{WORKER}")]
    if not workers:
        raise SlimError(f"{ref} has no {WORKER}: its engine's layout has changed; look at the build before you pin it")
    files |= {path: guard_worker(files[path]) for path in workers}
    files[CONFIG] = render_js(check(config)).encode()
    return FileSet({**files, MANIFEST: manifest("slim", ref, {}, files)}, ref=ref)


def _is_wanted(path: str, index: bytes) -> bool:
    """Whether a file is released; of SLIM's configurations only what its page loads beside ours:
    the others name other people's servers.
    """
    if path.startswith("/config/"):
        return path != CONFIG and path.lstrip("/").encode() in index
    return not _LEFT_OUT.fullmatch(path)


def site_content(files: FileSet) -> SiteContent:
    """Which files may be kept, and the scripts in its pages. Our guard changes the worker, whatever its name says."""
    pages = [content.decode("utf-8", "replace") for path, content in files.files.items() if path.endswith(".html")]
    scripts = {script for page in pages for script in _inline_scripts(page)}
    assets = [path for path in files.files if path.startswith(_ASSETS)]
    hashed = {path for path in assets if _HASHED.fullmatch(path.rsplit("/", 1)[1]) and not path.endswith(WORKER)}
    return SiteContent(
        forever=tuple(sorted(hashed)),
        an_hour=tuple(sorted(set(assets) - hashed)),
        scripts=tuple(sorted(f"'sha256-{_sha256(script)}'" for script in scripts)),
        slim=True,
    )


def _typed(path: str, ref: str) -> None:
    try:
        content_type(path)
    except KeyError:
        raise SlimError(
            f"{path} of {ref} is of a kind that is not served; add its type to TYPES in viewer/build.py"
        ) from None


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class _InlineScripts(HTMLParser):
    """Collects what stands between script tags that have no src."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and "src" not in dict(attrs)
        if self._inside:
            self.found.append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"


def _inline_scripts(page: str) -> list[str]:
    parser = _InlineScripts()
    parser.feed(page)
    parser.close()
    return [script for script in parser.found if script.strip()]
