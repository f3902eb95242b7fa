from __future__ import annotations

from pathlib import Path

import pytest

from tests.viewer import slim_layout
from viewer.slim_passes import record, require
from viewer.slim_pin import PIN, SlimError, read_pin, write_pin

PASSED = '<testsuites><testsuite tests="3" failures="0" errors="0" skipped="0"/></testsuites>'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return slim_layout.write_pin(tmp_path / "pin.toml", slim_layout.pin(sha256="a" * 64))


def test_what_is_written_is_read(file: Path) -> None:
    assert read_pin(file) == slim_layout.pin(sha256="a" * 64)


def test_recording_a_hash_keeps_the_rest_and_the_comments(file: Path) -> None:
    write_pin(file, sha256="b" * 64)

    assert read_pin(file) == slim_layout.pin(sha256="b" * 64)
    assert file.read_text().startswith("# ours\n")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('tag = "v9.9.9"', 'tag = ""', "no SLIM is pinned yet: tag is empty"),
        ('tag = "v9.9.9"', 'tag = "latest"', "tag = 'latest' in viewer/slim/pin.toml must be a release's tag"),
        ('commit = "c0ffee', 'commit = "', "must be 40 hexadecimal digits"),
        ('pnpm = "11.9.0"', 'pnpm = "11"', "pnpm = '11' in viewer/slim/pin.toml must be an exact version"),
        ("[build]", 'colour = "blue"\n[build]', "has the unknown field colour"),
        ("[build]", "[build", "cannot be read"),
    ],
)
def test_a_pin_that_cannot_be_used_is_one_sentence(file: Path, old: str, new: str, sentence: str) -> None:
    file.write_text(file.read_text().replace(old, new))

    with pytest.raises(SlimError) as refusal:
        read_pin(file)

    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_malformed_value_is_not_recorded(file: Path) -> None:
    before = file.read_text()

    with pytest.raises(SlimError, match="commit 'main' must be 40 hexadecimal digits"):
        write_pin(file, commit="main")

    assert file.read_text() == before


def test_the_pin_of_this_repository_says_what_the_ref_must_contain() -> None:
    text = PIN.read_text()

    assert "#427" in text
    assert "retries" in text


def test_only_the_build_that_passed_may_go_to_prod(tmp_path: Path) -> None:
    passes, junit = tmp_path / "passes.json", tmp_path / "slim.xml"
    junit.write_text(PASSED)
    pinned = slim_layout.pin()

    assert record(pinned, "a" * 64, junit, "2026-01-01T00:00:00+00:00", passes) == 3

    require(pinned, "a" * 64, passes)
    for other in ((slim_layout.pin(tag="v1.0.0"), "a" * 64), (pinned, "b" * 64)):
        with pytest.raises(SlimError, match="no pass of the browser suite is recorded for it"):
            require(*other, passes)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('tests="3"', 'tests="0"'),
        ('failures="0"', 'failures="1"'),
        ('errors="0"', 'errors="1"'),
        ('skipped="0"', 'skipped="3"'),
    ],
)
def test_a_report_of_anything_but_a_pass_is_not_recorded(tmp_path: Path, old: str, new: str) -> None:
    passes, junit = tmp_path / "passes.json", tmp_path / "slim.xml"
    junit.write_text(PASSED.replace(old, new))

    with pytest.raises(SlimError, match="is not a pass"):
        record(slim_layout.pin(), "a" * 64, junit, "now", passes)

    assert not passes.exists()
