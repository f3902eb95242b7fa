"""Artifact Registry as far as the job needs it: a source folder becomes an OCI image whose digest depends on its files
alone; an image is unpacked by digest. No build, no base layers, no push: the local runner brings the interpreter."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

from localcloud.cloud import Cloud
from localcloud.errors import ApiError

LEFT_OUT = {"__pycache__", ".git", ".venv", ".pytest_cache", ".ruff_cache", ".DS_Store", "node_modules"}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True, kw_only=True)
class OciImage:
    manifest: bytes
    config: bytes
    layer: bytes

    @property
    def digest(self) -> str:
        return digest(self.manifest)


class Registry:
    """Blobs by digest under `<data>/registry`, as in an OCI image layout."""

    def __init__(self, cloud: Cloud) -> None:
        self.blobs = cloud.data / "registry" / "blobs" / "sha256"

    def seed(self, source: Path) -> str:
        """Register the image of a source folder; returns `sha256:...`, the same for the same files on every machine."""
        image = image_of(source)
        self.blobs.mkdir(parents=True, exist_ok=True)
        for blob in (image.layer, image.config, image.manifest):
            path = self.path(digest(blob))
            draft = path.with_name(f"{path.name}.{os.getpid()}")
            draft.write_bytes(blob)
            draft.replace(path)
        return image.digest

    def digest_of(self, source: Path) -> str:
        """The digest `seed` would give, without registering anything."""
        return image_of(source).digest

    def unpack(self, image: str, into: Path) -> None:
        """The image's files in the folder `into`; `ApiError` 404 for a digest that was never registered."""
        path = self.path(image)
        if not path.is_file():
            raise ApiError(
                404,
                f"OciImage {image} is not in the local registry ({self.blobs}); "
                "register its source with Registry.seed, as make up does, and declare the digest it returns.",
            )
        into.mkdir(parents=True, exist_ok=True)
        for layer in json.loads(path.read_bytes())["layers"]:
            with tarfile.open(self.path(layer["digest"])) as tar:
                # Only what image_of wrote can be here: regular files with relative names.
                for member in tar.getmembers():
                    content = tar.extractfile(member)
                    assert content is not None, member.name
                    target = into / member.name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content.read())
                    target.chmod(member.mode & 0o700)

    def path(self, image: str) -> Path:
        return self.blobs / image.removeprefix("sha256:")


def image_of(source: Path) -> OciImage:
    """One uncompressed layer with the folder's files in the order of names, no times, no owners."""
    if not source.is_dir():
        raise FileNotFoundError(f"{source} is not a folder, so no image can be made of it")
    layer = layer_of(source)
    config = canonical(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
        }
    )
    manifest = canonical(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(CONFIG, config),
            "layers": [descriptor(LAYER, layer)],
        }
    )
    return OciImage(manifest=manifest, config=config, layer=layer)


def layer_of(source: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(source.rglob("*"), key=lambda path: path.relative_to(source).as_posix()):
            relative = path.relative_to(source)
            if not path.is_file() or LEFT_OUT & set(relative.parts) or path.suffix == ".pyc":
                continue
            content = path.read_bytes()
            member = tarfile.TarInfo(relative.as_posix())
            member.size = len(content)
            member.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def digest(blob: bytes) -> str:
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def canonical(document: dict[str, object]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def descriptor(media_type: str, blob: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest(blob), "size": len(blob)}
