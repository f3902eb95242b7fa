from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.hosting.platform import Platform, platform
from viewer.build import ENGINE, FileSet, build


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Platform]:
    with platform(tmp_path / "cloud") as made:
        yield made


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Packages with the engine's layout and other content, so that these tests need no npm."""
    folder = tmp_path / "packages"
    for source in ENGINE:
        file = folder / source
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content of {source}")
        (folder / source.split("/")[0] / "package.json").write_text(json.dumps({"version": "1.2.3"}))
    return folder


@pytest.fixture
def files(served: Platform, packages: Path) -> FileSet:
    return build(served.config(), packages)


@pytest.fixture
def firebase(served: Platform, files: FileSet) -> dict[str, Any]:
    return served.firebase(files)
