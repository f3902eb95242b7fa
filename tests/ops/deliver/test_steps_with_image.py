"""The same steps where the viewer is an image on Cloud Run: `pulumi up` brings it, and takes it back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.client.refusal import OpsRefused
from ops.deliver import steps
from ops.deliver.stack import Stack, load
from tests.ops.deliver.deliveries import DIGESTS, VIEWERS, A, B, Deliveries


def test_a_delivery_records_the_viewers_image(with_image: Deliveries) -> None:
    with_image.deliver(A, "build-1")

    release = with_image.record().release
    assert (release.viewer_hash, release.viewer_digest) == (A, VIEWERS[A])
    assert (with_image.served, with_image.shown) == ([VIEWERS[A]], [])


def test_a_failed_smoke_test_brings_back_both_images(with_image: Deliveries) -> None:
    with_image.deliver(A, "build-1")
    with_image.smoke = 3

    with pytest.raises(OpsRefused, match=rf"local is back at aaaaaaaaaaaa: job image .*, viewer image {VIEWERS[A]}$"):
        with_image.deliver(B, "build-2")

    assert with_image.served == [VIEWERS[A], VIEWERS[B], VIEWERS[A]]
    assert with_image.deployed == [DIGESTS[A], DIGESTS[B], DIGESTS[A]]
    assert with_image.record().release.viewer_digest == VIEWERS[A]


def test_a_viewer_that_does_not_come_up_is_taken_back_before_the_smoke_tests(with_image: Deliveries) -> None:
    with_image.deliver(A, "build-1")
    with_image.ready = False

    with pytest.raises(
        OpsRefused, match=r"^service viewer is not ready: CONDITION_FAILED; local is back at aaaaaaaaaaaa"
    ):
        with_image.deliver(B, "build-2")

    assert with_image.served[-1] == VIEWERS[A]


@pytest.mark.parametrize("done", range(6))
def test_a_delivery_that_was_killed_after_any_step_is_finished_by_the_same_commit(
    with_image: Deliveries, done: int
) -> None:
    with_image.deliver(A, "build-1")
    for step in with_image.steps(B, "build-2")[:done]:
        step()

    with_image.deliver(B, "build-3")

    record = with_image.record()
    assert (record.state, record.release.viewer_digest, with_image.served[-1]) == ("proved", VIEWERS[B], VIEWERS[B])
    assert record.previous
    assert record.previous.viewer_digest == VIEWERS[A]


def test_a_rollback_by_hand_brings_back_both_images(with_image: Deliveries) -> None:
    with_image.deliver(A, "build-1")
    with_image.deliver(B, "build-2")

    steps.rollback(with_image.stack, "by hand, somebody")

    assert (with_image.served[-1], with_image.deployed[-1]) == (VIEWERS[A], DIGESTS[A])
    assert with_image.record().release.viewer_digest == VIEWERS[A]


def test_the_first_that_a_delivery_builds_goes_back_to_the_one_that_was_set_by_hand(with_image: Deliveries) -> None:
    by_hand = "sha256:" + "9" * 64
    with_image.deliver(A, "build-1")
    current, generation = with_image.ledger.read("local")
    assert current
    before = replace(current, release=replace(current.release, viewer_hash=None, viewer_digest=None))
    with_image.ledger.write(before, generation)
    with_image.stack = with_setting(with_image.stack, viewerImageDigest=by_hand)
    with_image.smoke = 1

    with pytest.raises(OpsRefused, match=f"viewer image {by_hand}$"):
        with_image.deliver(B, "build-2")

    assert with_image.served[-2:] == [VIEWERS[B], by_hand]


def test_where_there_was_no_viewer_before_the_one_that_there_is_stays(with_image: Deliveries) -> None:
    with_image.deliver(A, "build-1")
    current, generation = with_image.ledger.read("local")
    assert current
    before = replace(current, release=replace(current.release, viewer_hash=None, viewer_digest=None))
    with_image.ledger.write(before, generation)
    with_image.smoke = 1

    with pytest.raises(OpsRefused, match="is back at aaaaaaaaaaaa"):
        with_image.deliver(B, "build-2")

    release = with_image.record().release
    assert (release.commit, release.job_digest) == (A, DIGESTS[A])
    assert (release.viewer_digest, with_image.served[-1]) == (VIEWERS[B], VIEWERS[B])


def test_a_preview_is_of_the_images_that_the_stack_runs_unless_somebody_else_builds_them(
    with_image: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_image.deliver(A, "build-1")
    set_: list[tuple[str, ...]] = []
    monkeypatch.setattr("ops.deliver.cli.pulumi", lambda stack, *arguments, **_: set_.append(arguments))  # type: ignore[misc]

    steps.settings(with_image.stack)
    assert [arguments[2:] for arguments in set_] == [
        ("dicom-platform:jobImageDigest", DIGESTS[A]),
        ("dicom-platform:viewerImageDigest", VIEWERS[A]),
    ]
    set_.clear()
    steps.settings(with_setting(with_image.stack, viewerImage="prebuilt", jobImage="prebuilt"))
    assert set_ == []


def test_a_prebuilt_image_goes_back_too(with_image: Deliveries) -> None:
    prebuilt = with_setting(with_image.stack, viewerImage="prebuilt", jobImage="prebuilt")

    assert prebuilt.images("j", "v") == {"jobImageDigest": "j", "viewerImageDigest": "v"}
    assert prebuilt.images("j", "v", owned=True) == {}


def with_setting(stack: Stack, **settings: Any) -> Stack:
    """The stack after a commit that changes its file."""
    path = Path(f"Pulumi.{stack.name}.yaml")
    written = yaml.safe_load(path.read_text())
    written["config"] |= {f"dicom-platform:{key}": value for key, value in settings.items()}
    path.write_text(yaml.safe_dump(written))
    return load(stack.name)
