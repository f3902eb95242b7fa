"""The file set of the lite page: page, engine, config and a manifest, each under the path it is served from.

Everything except the page, the config and the manifest lies in a folder named after the hash of its content, so that it
can be cached for ever and an old page never meets a new script. Same input, same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from viewer.config import check, render_js
from viewer.headers import WORKER, SiteContent
from viewer.packages import LITE

CONFIG = "/config/local.js"
"""Where SLIM's own build looks for `window.config`; the lite page follows."""
MANIFEST = "/release.json"
"""What the release consists of. Not manifest.json: that is what a web app names its own description."""
ABSENT_PAGE = Path(__file__).parent / "slim" / "overlay" / "404.html"
"""Both viewers send it; a team that has a look of its own changes it for both."""
GUARD = Path(__file__).parent / "decoder_guard.js"
"""Stands before the engine's decoder worker in both viewers."""
ABSENT = "/404.html"
"""Sent for what is not there. Asked for by its own name it is a 404 as well, so the manifest leaves it out."""

CLIENT = "dicomweb-client.js"
ENGINE = {
    "dicom-microscopy-viewer/dist/dicomMicroscopyViewer.bundle.min.js": "viewer.js",
    "dicom-microscopy-viewer/dist/dynamic-import/dataLoader.worker.min.js": "dataLoader.worker.min.js",
    "dicom-microscopy-viewer/dist/dynamic-import/charlswasm_decode.wasm": "charlswasm_decode.wasm",
    "dicom-microscopy-viewer/dist/dynamic-import/dicomiccwasm.wasm": "dicomiccwasm.wasm",
    "dicom-microscopy-viewer/dist/dynamic-import/libjpegturbowasm_decode.wasm": "libjpegturbowasm_decode.wasm",
    "dicom-microscopy-viewer/dist/dynamic-import/openjpegwasm_decode.wasm": "openjpegwasm_decode.wasm",
    "dicom-microscopy-viewer/LICENSE": "dicom-microscopy-viewer.LICENSE.txt",
    "dicomweb-client/build/dicomweb-client.es.js": CLIENT,
    "dicomweb-client/LICENSE": "dicomweb-client.LICENSE.txt",
}
"""File of a package → name in the engine's folder. The worker asks for its wasm files by these names."""

TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".gif": "image/gif",
    ".ico": "image/vnd.microsoft.icon",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".txt": "text/plain",
}


@dataclass(frozen=True)
class FileSet:
    """Served path (with a leading slash) → content. `ref` says which viewer this is, for a person."""

    files: Mapping[str, bytes]
    ref: str = "lite"

    def digests(self) -> dict[str, str]:
        """Path → SHA-256 of the content as the browser sees it."""
        return {path: hashlib.sha256(content).hexdigest() for path, content in self.files.items()}

    @cached_property
    def zipped(self) -> dict[str, bytes]:
        """Path → content as Hosting wants it, the same bytes each time."""
        return {path: gzip.compress(content, mtime=0) for path, content in self.files.items()}

    def write(self, folder: Path) -> None:
        for path, content in self.files.items():
            target = folder / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def build(config: dict[str, Any], packages: Path, lite: Path = LITE, status_root: str = "") -> FileSet:
    """The lite viewer for one `window.config`. `packages` is the folder that `viewer.packages.install` gave.

    `status_root`: the URL to which an object's name is put to read what the job says of a study; empty: nobody says.
    """
    parts = {name: _read(packages / source) for source, name in ENGINE.items()}
    parts[WORKER] = guard_worker(parts[WORKER])
    engine, engine_files = _hash("engine", parts)
    shown = {path.name: path.read_bytes() for path in sorted((lite / "page").iterdir())}
    page, page_files = _hash("page", shown)
    modules = [f"{engine}/{CLIENT}", *(path for path in page_files if path.endswith(".js"))]
    index = (lite / "index.html").read_text()
    placeholders = {
        "{engine}": engine,
        "{page}": page,
        "{modules}": preloads(modules),
        "{status}": html.escape(status_root),
    }
    for placeholder, text in placeholders.items():
        index = index.replace(placeholder, text)
    files = {
        "/index.html": index.encode(),
        ABSENT: ABSENT_PAGE.read_bytes(),
        CONFIG: render_js(check(config)).encode(),
        **page_files,
        **engine_files,
    }
    versions = _versions(packages)
    ref = f"lite {versions['dicom-microscopy-viewer']}"
    return FileSet({**files, MANIFEST: manifest("lite", ref, versions, files)}, ref=ref)


def guard_worker(script: bytes) -> bytes:
    """The engine's decoder worker with our guard before it: a tile that cannot be decoded does not stop it."""
    return GUARD.read_bytes() + script


def site_content(files: FileSet, status_root: str = "") -> SiteContent:
    """Everything under /assets lies in a folder named by a hash of its content."""
    kept = tuple(path for path in files.files if path.startswith("/assets/"))
    return SiteContent(forever=kept, connects=(status_root,) if status_root else ())


def preloads(modules: list[str]) -> str:
    """Links that fetch the modules at once: an import is otherwise found only when its importer has come."""
    return "\n  ".join(f'<link rel="modulepreload" href="{path}">' for path in modules)


def content_type(path: str) -> str:
    """The media type (without parameters) that `path` must be served with."""
    return TYPES[Path(path).suffix]


def _hash(name: str, files: Mapping[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """The folder's served path and its files under it."""
    total = hashlib.sha256()
    for file, content in sorted(files.items()):
        total.update(f"{file}\0{len(content)}\0".encode() + content)
    folder = f"/assets/{name}-{total.hexdigest()[:12]}"
    return folder, {f"{folder}/{file}": content for file, content in files.items()}


def _read(path: Path) -> bytes:
    if not path.exists():
        raise FileNotFoundError(
            f"{path.name} is not in the package {path.parts[-3]}; the engine's layout has changed: mend ENGINE"
        )
    return path.read_bytes()


def _versions(packages: Path) -> dict[str, str]:
    names = sorted({source.split("/")[0] for source in ENGINE})
    return {name: json.loads((packages / name / "package.json").read_bytes())["version"] for name in names}


def manifest(app: str, ref: str, packages: Mapping[str, str], files: Mapping[str, bytes]) -> bytes:
    """JSON that lists every file which can be asked for with its hash, size and type."""
    described = {
        path: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "type": content_type(path)}
        for path, content in sorted(files.items())
        if path != ABSENT
    }
    return json.dumps({"app": app, "ref": ref, "packages": packages, "files": described}, indent=1).encode()
