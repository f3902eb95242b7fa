from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.client.refusal import OpsRefused
from ops.deliver.ledger import schema
from ops.deliver.record import LONGEST, Record, Release, State, parse, require_owner, roll_back, start_record
from tests.jobs.schema_check import problems

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def release(letter: str = "a", **changes: Any) -> Release:
    values = {
        "commit": letter * 40,
        "job_source": f"src-{letter * 16}",
        "job_digest": f"sha256:{letter * 64}",
        "viewer_hash": letter * 40,
        "viewer_digest": f"sha256:{letter * 64}",
        "config_hash": letter * 64,
        **changes,
    }
    return Release(**values)


def ended(record: Record, state: State) -> Record:
    return replace(record, state=state)


def first() -> Record:
    return start_record(None, "dev", release("a"), "build-a", NOW)


def test_a_record_is_what_its_schema_says_and_reads_back_the_same() -> None:
    proved = ended(first(), "proved")
    second = start_record(proved, "dev", release("b", viewer_hash=None, job_source=None), "build-b", NOW)

    for record in (first(), proved, second, roll_back(second, "build-b", NOW)):
        assert problems(record.as_json(), schema()) == []
        assert parse(record.as_json()) == record


def test_a_record_of_before_the_viewer_had_an_image_is_read() -> None:
    written = first().as_json()
    del written["viewerDigest"]

    assert parse(written).release.viewer_digest is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("commit", "main"),
        ("jobDigest", "europe-west4-docker.pkg.dev/p/images/prepare:latest"),
        ("viewerHash", "latest"),
        ("viewerDigest", "europe-west4-docker.pkg.dev/p/images/viewer:latest"),
        ("state", "done"),
        ("previous", {"commit": "a" * 40}),
        ("extra", 1),
    ],
)
def test_the_schema_refuses_what_is_no_record(key: str, value: Any) -> None:
    assert problems({**first().as_json(), key: value}, schema())


def test_previous_is_the_last_release_that_passed_its_smoke_tests() -> None:
    proved = ended(first(), "proved")
    failed = ended(start_record(proved, "dev", release("b"), "build-b", NOW), "failed")

    third = start_record(failed, "dev", release("c"), "build-c", NOW)

    assert third.previous == proved.release
    assert third.state == "deploying"


def test_while_one_delivery_is_at_work_another_commit_waits() -> None:
    with pytest.raises(OpsRefused, match=r"^build build-a has been delivering aaaaaaaaaaaa to dev since .*give-up"):
        start_record(first(), "dev", release("b"), "build-b", NOW + LONGEST - timedelta(seconds=1))


def test_a_build_that_must_have_ended_holds_nobody_up() -> None:
    assert start_record(first(), "dev", release("b"), "build-b", NOW + LONGEST).build == "build-b"


def test_the_same_commit_may_always_begin_again() -> None:
    again = start_record(first(), "dev", release("a"), "build-b", NOW)

    assert (again.build, again.previous) == ("build-b", None)


def test_who_was_taken_over_changes_nothing_more() -> None:
    again = start_record(first(), "dev", release("a"), "build-b", NOW)

    with pytest.raises(
        OpsRefused, match=r"^build build-b \(aaaaaaaaaaaa, deploying\) took over the release record of dev"
    ):
        require_owner(again, "build-a")
    assert require_owner(again, "build-b") == again


def test_going_back_says_from_what_and_cannot_be_done_twice() -> None:
    second = start_record(ended(first(), "proved"), "dev", release("b"), "build-b", NOW)

    back = roll_back(second, "build-b", NOW)

    assert (back.release, back.state, back.went_back_from) == (release("a"), "proved", "b" * 40)
    with pytest.raises(OpsRefused, match="no earlier release to go back to"):
        roll_back(back, "build-b", NOW)
