from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from viewer.packages import KEPT, LITE, PackagesRefused, install


def test_the_lock_names_versions_and_hashes_and_no_place_to_download_from() -> None:
    lock = json.loads((LITE / "package-lock.json").read_text())["packages"]
    installed = {name: entry for name, entry in lock.items() if name}

    assert {f"node_modules/{name}" for name in KEPT} <= set(installed)
    assert [name for name, entry in installed.items() if not entry["integrity"].startswith("sha512-")] == []
    assert [name for name, entry in installed.items() if "resolved" in entry] == []


def test_nothing_of_a_package_is_in_the_repository() -> None:
    ours = {path.name for path in LITE.iterdir()} - {"node_modules"}

    assert ours == {".npmrc", "index.html", "package-lock.json", "package.json", "page"}


def test_packages_that_cannot_be_fetched_are_one_sentence(tmp_path: Path) -> None:
    lite = tmp_path / "lite"
    lite.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(LITE / name, lite)
    with (lite / ".npmrc").open("a") as npmrc:
        npmrc.write(f"registry=http://127.0.0.1:9/\ncache={tmp_path / 'npm'}\n")

    with pytest.raises(PackagesRefused) as refusal:
        install(lite, tmp_path / "cache")

    assert "\n" not in str(refusal.value)
    assert "ECONNREFUSED" in str(refusal.value)
    assert "run: .venv/bin/python -m ops viewer release" in str(refusal.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_packages_installed_once_are_not_installed_again(tmp_path: Path) -> None:
    lite = tmp_path / "lite"
    lite.mkdir()
    (lite / "package-lock.json").write_text("{}")
    first = tmp_path / "cache" / "lite-44136fa355b3678a"
    first.mkdir(parents=True)

    assert install(lite, tmp_path / "cache") == first
