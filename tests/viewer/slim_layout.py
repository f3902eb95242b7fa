"""An archive with the layout of SLIM's release: made in the test, with none of SLIM's content."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from viewer.slim_pin import SlimPin

INLINE = "window.slimTheme = 'light'"
PAGE = f"""<!doctype html><html lang="en"><head><title>Slim</title>
<script src="/config/env.js"></script><script src="/config/local.js"></script><script>{INLINE}</script>
<script defer src="/static/js/main.0a1b2c3d.js"></script><link href="/static/css/main.4e5f6a7b.css" rel="stylesheet">
<link rel="manifest" href="/manifest.json"></head><body><div id="root"></div></body></html>"""
FILES: dict[str, bytes] = {
    "index.html": PAGE.encode(),
    "manifest.json": b'{"name": "Slim"}',
    "favicon.ico": b"\0\0\1\0",
    "logo192.png": b"\x89PNG",
    "silent-renew.html": b"<!doctype html><script>renew()</script>",
    "config/local.js": b"window.config = {servers: [{url: 'https://elsewhere.example'}]}",
    "config/env.js": b"window.slim = {}",
    "config/demo.js": b"window.config = {}",
    "static/css/main.4e5f6a7b.css": b"body {}",
    "static/js/main.0a1b2c3d.js": b"start()",
    "static/js/main.0a1b2c3d.js.map": b"{}",
    "static/js/main.0a1b2c3d.js.LICENSE.txt": b"MIT",
    "static/js/453.8d9e0f1a.chunk.js": b"more()",
    "static/js/dataLoader.worker.min.js": b"decode()",
    "static/js/charlswasm_decode.wasm": b"\0asm charls",
    "static/js/libjpegturbowasm_decode.wasm": b"\0asm jpeg",
    "static/js/openjpegwasm_decode.wasm": b"\0asm j2k",
    "static/js/dicomiccwasm.wasm": b"\0asm icc",
    "static/media/logo.1a2b3c4d5e6f.svg": b"<svg/>",
}


def write(path: Path, files: dict[str, bytes] | None = None, folder: str = "build/") -> Path:
    """The archive, its files in `folder` as SLIM's release has them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (FILES if files is None else files).items():
            archive.writestr(zipfile.ZipInfo(folder + name), content)
    return path


def pin(archive: Path | None = None, **changes: str) -> SlimPin:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest() if archive else ""
    values = {
        "repository": "https://slim.invalid/slim",
        "tag": "v9.9.9",
        "commit": "c0ffee" + "0" * 34,
        "sha256": digest,
    }
    return SlimPin(**{**values, **changes})


def write_pin(path: Path, pinned: SlimPin) -> Path:
    top = "".join(f'{field} = "{getattr(pinned, field)}"\n' for field in ("repository", "tag", "commit", "sha256"))
    path.write_text(f"# ours\n{top}")
    return path
