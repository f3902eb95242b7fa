"""The images that run the pipelines' steps, by digest: `infra/builders.yaml`, which a person pins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("builders.yaml")
UNPINNED = "sha256:unpinned"
"""No registry has this digest, so a build with it stops before its first step; a tag is never used in its place."""


def builders(file: Path = FILE) -> Mapping[str, str]:
    """`NAME@sha256:…` of each builder by short name. ValueError for a digest that is none."""
    images: dict[str, dict[str, str]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    wrong = [name for name, pin in images.items() if not re.fullmatch(r"(sha256:[0-9a-f]{64})?", pin["digest"])]
    if wrong:
        raise ValueError(f"{file.name}: the digest of {', '.join(wrong)} is not sha256: and 64 hexadecimal digits")
    return {name: f"{pin['image']}@{pin['digest'] or UNPINNED}" for name, pin in images.items()}


def unpinned(viewer_image: bool = False) -> list[str]:
    """What a delivery lacks; the viewer's base only counts where it builds an image of the viewer."""
    lacking = [name for name, image in builders().items() if image.endswith(UNPINNED)]
    return [name for name in lacking if viewer_image or name != "nginx"]
