"""What a test needs from the machine: found, or skipped with the remedy (a failure when REQUIRE_ALL=1)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from smoke_tests.browser import NAMES
from viewer.packages import PackagesRefused, install


def program(*names: str, install: str, paths: tuple[str, ...] = ()) -> Path:
    """The first of `names` on PATH or of `paths` that exists."""
    for name in names:
        if found := shutil.which(name):
            return Path(found)
    for path in map(Path, paths):
        if path.exists():
            return path
    return missing(f"{names[0]} is not installed; run: {install}")


def missing(reason: str) -> NoReturn:
    """Skip for this reason, or fail where nothing may be skipped."""
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def viewer_packages() -> Path:
    """The viewer's npm packages, installed now or earlier."""
    try:
        return install()
    except PackagesRefused as refusal:
        return missing(str(refusal))


def chromium() -> Path:
    """The shell without windows first: the same engine for less processor time."""
    names = ("chromium-headless-shell", *NAMES)
    return program(*names, install="apt-get install chromium-headless-shell")


def orthanc() -> Path:
    plugin = program(
        "libOrthancDicomWeb.so",
        install="apt-get install orthanc orthanc-dicomweb",
        paths=("/usr/share/orthanc/plugins/libOrthancDicomWeb.so",),
    )
    assert plugin.exists()
    return program("Orthanc", install="apt-get install orthanc orthanc-dicomweb", paths=("/usr/sbin/Orthanc",))
