"""Images of source folders: the same digest for the same files, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.errors import ApiError
from localcloud.registry import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(Cloud(data=tmp_path / "data", awkward=WITHOUT_WAITING))


def source(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_the_digest_depends_on_files_alone(registry: Registry, tmp_path: Path) -> None:
    one = source(tmp_path / "one", prepare__main_py="print(1)", Dockerfile="FROM x")
    two = source(tmp_path / "two", Dockerfile="FROM x", prepare__main_py="print(1)")
    os.utime(two / "Dockerfile", (0, 0))
    (two / "Dockerfile").chmod(0o600)
    (two / "prepare" / "__pycache__").mkdir()
    (two / "prepare" / "__pycache__" / "main.cpython-311.pyc").write_bytes(b"x")

    assert registry.seed(one) == registry.digest_of(two)
    assert registry.digest_of(one).startswith("sha256:")


@pytest.mark.parametrize("change", ["content", "name", "mode"])
def test_any_change_of_the_source_is_another_digest(registry: Registry, tmp_path: Path, change: str) -> None:
    folder = source(tmp_path / "one", main_py="print(1)")
    before = registry.digest_of(folder)

    if change == "content":
        (folder / "main.py").write_text("print(2)")
    elif change == "name":
        (folder / "main.py").rename(folder / "other.py")
    else:
        (folder / "main.py").chmod(0o755)

    assert registry.digest_of(folder) != before


def test_an_image_is_unpacked_as_it_was(registry: Registry, tmp_path: Path) -> None:
    folder = source(tmp_path / "one", prepare__main_py="print(1)", run="#!/bin/sh")
    (folder / "run").chmod(0o755)
    digest = registry.seed(folder)
    (folder / "prepare" / "main.py").write_text("print(2)")

    registry.unpack(digest, tmp_path / "out")

    assert (tmp_path / "out" / "prepare" / "main.py").read_text() == "print(1)"
    assert os.access(tmp_path / "out" / "run", os.X_OK)


def test_an_unknown_digest_is_refused_with_what_to_do(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(ApiError, match=r"sha256:00.*is not in the local registry.*make up") as refusal:
        registry.unpack("sha256:00", tmp_path / "out")

    assert refusal.value.code == 404


def test_a_source_that_is_not_there_is_named(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder"):
        registry.seed(tmp_path / "nowhere")
