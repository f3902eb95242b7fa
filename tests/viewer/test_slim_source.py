"""A build from source, with a repository made here and a stand-in for pnpm that copies files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.viewer import slim_layout
from viewer.slim_pin import Pin, SlimError
from viewer.slim_source import COMMANDS, digest, from_source, patch_files

NODE = (sys.executable, "-c", "print('v24.1.0')")
COPY = "import os, pathlib; b = pathlib.Path('build'); b.mkdir(); (b / 'index.html').write_text(open('src.txt').read())"
BUILD = ((sys.executable, "-c", COPY),)


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ("git", *identity, *words), cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def pinned(tmp_path: Path) -> Pin:
    home = tmp_path / "origin"
    home.mkdir()
    git(home, "init", "--quiet")
    (home / "src.txt").write_text("one\ntwo\nthree\n")
    git(home, "add", "-A")
    git(home, "commit", "--quiet", "-m", "first")
    git(home, "tag", "v9.9.9")
    return slim_layout.pin(repository=f"file://{home}", commit=git(home, "rev-parse", "HEAD"))


def patch(tmp_path: Path, name: str, old: str, new: str) -> Path:
    path = tmp_path / "patches" / name
    path.parent.mkdir(exist_ok=True)
    lines = {"one": 1, "two": 2, "three": 3}
    place = lines.get(old, 1)
    path.write_text(f"--- a/src.txt\n+++ b/src.txt\n@@ -{place} +{place} @@\n-{old}\n+{new}\n")
    return path


def built(pinned: Pin, patches: Sequence[Path] = (), commands: Sequence[Sequence[str]] = BUILD) -> str:
    return from_source(pinned, patches, commands, NODE)["/index.html"].decode()


def test_the_tag_is_built_as_it_is(pinned: Pin) -> None:
    assert built(pinned) == "one\ntwo\nthree\n"


def test_patches_are_applied_in_the_order_of_their_names(pinned: Pin, tmp_path: Path) -> None:
    patch(tmp_path, "0002-again.patch", "deux", "zwei").write_text(
        "--- a/src.txt\n+++ b/src.txt\n@@ -1,3 +1,3 @@\n one\n-deux\n+zwei\n three\n"
    )
    patch(tmp_path, "0001-first.patch", "two", "deux").write_text(
        "--- a/src.txt\n+++ b/src.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+deux\n three\n"
    )

    assert built(pinned, patch_files(tmp_path / "patches")) == "one\nzwei\nthree\n"


def test_a_patch_that_does_not_apply_is_named(pinned: Pin, tmp_path: Path) -> None:
    bad = patch(tmp_path, "0001-logo.patch", "four", "vier")

    with pytest.raises(SlimError, match=r"^0001-logo\.patch does not apply to slim v9\.9\.9 \w{12}: error: .*$"):
        built(pinned, [bad])


def test_a_tag_that_does_not_exist_is_named(pinned: Pin) -> None:
    with pytest.raises(SlimError, match=r"^tag v1\.0\.0 cannot be fetched from file://.*: fatal: .*v1\.0\.0.*$"):
        built(replace(pinned, tag="v1.0.0"))


def test_a_tag_that_was_moved_is_refused(pinned: Pin) -> None:
    with pytest.raises(SlimError, match=f"is commit {pinned.commit}, pinned is {'0' * 40}; the tag was moved"):
        built(replace(pinned, commit="0" * 40))


def test_another_node_than_the_pinned_one_is_refused(pinned: Pin) -> None:
    with pytest.raises(SlimError, match=r"SLIM is built with Node 22, here is 24\.1\.0"):
        built(replace(pinned, node="22"))


def test_a_step_that_fails_or_is_not_installed_is_named(pinned: Pin) -> None:
    fails = (sys.executable, "-c", "raise SystemExit('out of memory')")

    with pytest.raises(SlimError, match=r"building slim v9\.9\.9 .* failed at: .*: out of memory$"):
        built(pinned, commands=[fails])
    with pytest.raises(SlimError, match=r"no-such-tool is not installed"):
        built(pinned, commands=[("no-such-tool",)])


def test_a_build_that_leaves_nothing_is_refused(pinned: Pin) -> None:
    with pytest.raises(SlimError, match=r"left no build/index\.html"):
        built(pinned, commands=[])


def test_pnpm_is_the_pinned_one_and_dependencies_run_no_scripts() -> None:
    install, run = COMMANDS

    assert install[:2] == run[:2] == ("corepack", "pnpm@{pnpm}")
    assert {"--frozen-lockfile", "--ignore-scripts"} <= set(install)


def test_a_build_is_told_from_another_by_commit_and_patches(pinned: Pin, tmp_path: Path) -> None:
    one = patch(tmp_path, "0001-a.patch", "two", "deux")

    assert digest(pinned, [one]) == digest(pinned, [one])
    assert len({digest(pinned, [one]), digest(pinned, []), digest(replace(pinned, commit="0" * 40), [])}) == 3
