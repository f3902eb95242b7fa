"""Steps that are interrupted, repeated, or run by two builds at once: the bucket's precondition decides.

`pulumi up`, the viewer's release and the smoke tests are noted down here; tests/ops/deliver/test_deploy_pipeline.py
runs them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ops.client.refusal import OpsRefused
from ops.deliver import cli, steps
from ops.deliver.ledger import ABSENT, Ledger, name_of
from ops.deliver.record import Record
from ops.deliver.stack import Stack
from tests.ops.deliver.deliveries import DIGESTS, A, B, C, Deliveries

KILLED = "11111111-1111-4111-8111-111111111111"
"""A build that Cloud Build no longer runs, as it knows nothing of it."""


def test_a_build_that_cannot_find_the_state_stops_at_its_first_step(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)

    with pytest.raises(OpsRefused, match="nothing says where Pulumi's state of local is"):
        steps.image(deliveries.stack, A)

    assert deliveries.ledger.read("local") == (None, ABSENT)


def test_a_delivery_ends_proved_with_all_that_it_consists_of(deliveries: Deliveries) -> None:
    deliveries.deliver(A, "build-1")

    record = deliveries.record()
    assert (record.state, record.previous) == ("proved", None)
    assert record.release.job_digest == DIGESTS[A]
    assert record.release.viewer_hash == "a" * 40
    assert record.release.config_hash == deliveries.stack.config_hash


def test_a_failed_smoke_test_brings_back_image_and_viewer_and_fails_the_build(deliveries: Deliveries) -> None:
    deliveries.deliver(A, "build-1")
    deliveries.smoke = 3

    with pytest.raises(OpsRefused, match=r"ended with 3; local is back at aaaaaaaaaaaa: job image sha256:aaaa"):
        deliveries.deliver(B, "build-2")

    assert deliveries.deployed == [DIGESTS[A], DIGESTS[B], DIGESTS[A]]
    assert deliveries.shown == ["a" * 40, "b" * 40, "a" * 40]
    assert (deliveries.record().state, deliveries.record().release.commit) == ("proved", A)


def test_a_first_release_that_fails_has_nothing_to_go_back_to_and_says_so(deliveries: Deliveries) -> None:
    deliveries.smoke = 1

    with pytest.raises(OpsRefused, match="the stack is as they left it: local has no earlier release to go back to"):
        deliveries.deliver(A, "build-1")

    assert deliveries.record().state == "failed"


def test_a_failed_pulumi_up_lets_the_next_delivery_begin(deliveries: Deliveries) -> None:
    deliveries.deliver(A, "build-1")
    deliveries.broken = True
    with pytest.raises(OpsRefused, match="pulumi up ended with 1"):
        deliveries.deliver(B, "build-2")
    assert deliveries.record().state == "failed"
    deliveries.broken = False

    deliveries.deliver(A, "build-3")

    assert deliveries.record().state == "proved"


@pytest.mark.parametrize("done", range(8))
def test_a_delivery_that_was_killed_after_any_step_is_finished_by_the_same_commit(
    deliveries: Deliveries, done: int
) -> None:
    deliveries.deliver(A, "build-1")
    for step in deliveries.steps(B, "build-2")[:done]:
        step()

    deliveries.deliver(B, "build-3")

    record = deliveries.record()
    assert (record.state, record.release.commit, record.release.job_digest) == ("proved", B, DIGESTS[B])
    assert record.previous
    assert record.previous.commit == A


@pytest.mark.parametrize("done", range(3, 7))
def test_of_two_builds_of_one_commit_the_later_goes_on_and_the_other_says_so(deliveries: Deliveries, done: int) -> None:
    one, other = deliveries.steps(A, "build-1"), deliveries.steps(A, "build-2")
    for step in one[:done]:
        step()
    for step in other[:done]:
        step()

    with pytest.raises(
        OpsRefused, match=r"^build build-2 \(aaaaaaaaaaaa, deploying\) took over .* ends here and changes"
    ):
        one[done]()

    for step in other[done:]:
        step()
    assert (deliveries.record().state, deliveries.record().build) == ("proved", "build-2")


def test_of_two_that_begin_at_the_same_moment_the_bucket_lets_one(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Ledger.read

    def both_read(ledger: Ledger, stack: str) -> tuple[Record | None, int]:
        found = read(ledger, stack)
        monkeypatch.setattr(Ledger, "read", read)
        steps.begin(deliveries.stack, A, "build-2")
        return found

    deliveries.image(A)
    monkeypatch.setattr(Ledger, "read", both_read)

    with pytest.raises(OpsRefused, match=r"^another delivery wrote gs://.*/local/000000001.json at the same moment"):
        steps.begin(deliveries.stack, A, "build-1")

    assert deliveries.record().build == "build-2"


def test_another_commit_waits_until_the_first_has_ended_or_was_given_up(deliveries: Deliveries) -> None:
    for step in deliveries.steps(A, "build-1")[:4]:
        step()
    deliveries.image(B)
    with pytest.raises(OpsRefused, match="give-up --stack local"):
        steps.begin(deliveries.stack, B, "build-2")

    steps.give_up(deliveries.stack)
    deliveries.deliver(B, "build-2")

    assert deliveries.record().release.commit == B


def test_a_rollback_by_hand_does_what_a_failed_smoke_test_does(deliveries: Deliveries) -> None:
    deliveries.deliver(A, "build-1")
    deliveries.deliver(B, "build-2")

    steps.rollback(deliveries.stack, "by hand, somebody")

    assert deliveries.deployed[-1] == DIGESTS[A]
    assert deliveries.shown[-1] == "a" * 40
    assert (deliveries.record().release.commit, deliveries.record().went_back_from) == (A, B)


def test_a_second_rollback_and_one_before_any_release_have_nowhere_to_go(deliveries: Deliveries) -> None:
    with pytest.raises(OpsRefused, match="has no release record, so there is nothing to go back to"):
        steps.rollback(deliveries.stack, "by hand, somebody")
    deliveries.deliver(A, "build-1")
    deliveries.deliver(B, "build-2")
    steps.rollback(deliveries.stack, "by hand, somebody")
    before, deployed = deliveries.ledger.read("local"), list(deliveries.deployed)

    with pytest.raises(OpsRefused, match="local has no earlier release to go back to"):
        steps.rollback(deliveries.stack, "by hand, somebody")

    assert (deliveries.ledger.read("local"), deliveries.deployed) == (before, deployed)


def test_a_delivery_that_begins_during_a_rollback_waits(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries.deliver(A, "build-1")
    deliveries.deliver(B, "build-2")
    up = deliveries.up

    def meanwhile(stack: Stack, images: cli.Images) -> None:
        deliveries.image(A)
        with pytest.raises(OpsRefused, match="build by hand, somebody has been delivering bbbbbbbbbbbb"):
            steps.begin(stack, A, "build-3")
        up(stack, images)

    monkeypatch.setattr(cli, "up", meanwhile)
    steps.rollback(deliveries.stack, "by hand, somebody")

    assert (deliveries.record().state, deliveries.record().release.commit) == ("proved", A)


def test_a_rollback_that_fails_can_be_run_again(deliveries: Deliveries) -> None:
    deliveries.deliver(A, "build-1")
    deliveries.deliver(B, "build-2")
    deliveries.broken = True
    with pytest.raises(OpsRefused, match="pulumi up ended with 1"):
        steps.rollback(deliveries.stack, "by hand, somebody")
    assert deliveries.record().state == "failed"
    deliveries.broken = False

    steps.rollback(deliveries.stack, "by hand, somebody")

    assert (deliveries.record().state, deliveries.record().release.commit) == ("proved", A)


def test_nobody_rolls_back_under_a_delivery(deliveries: Deliveries) -> None:
    deliveries.deliver(A, "build-1")
    for step in deliveries.steps(B, "build-2")[:4]:
        step()

    with pytest.raises(OpsRefused, match="build build-2 has been delivering bbbbbbbbbbbb"):
        steps.rollback(deliveries.stack, "by hand, somebody")


BAD: dict[str, tuple[str, str]] = {
    "garbled": ("{", "is no release record"),
    "no object": ("[]", "is no release record"),
    "no record": ('{"stack": "local"}', "is no release record (commit: Field required)"),
    "of another stack": ("stack=dev", "it is of stack dev"),
    "of the future": ("since=2999-01-01T00:00:00+00:00", "since: 2999-01-01T00:00:00+00:00 is in the future"),
    "without a time zone": ("since=2026-01-01T00:00:00", "it names no time zone"),
    "with a tag for a digest": ("jobDigest=latest", "is no release record (jobDigest"),
    "with another field": ("evil=1", "is no release record (evil"),
}
"""Content, or what is other in an honest record; and what is said of it."""


@pytest.mark.parametrize("kind", BAD)
def test_a_record_that_is_none_is_passed_over_in_words_and_holds_nobody_up(
    kind: str, deliveries: Deliveries, capsys: pytest.CaptureFixture[str]
) -> None:
    deliveries.deliver(A, "build-1")
    honest, number = deliveries.record(), deliveries.ledger.read("local")[1]
    content, words = BAD[kind]
    key, _, value = content.partition("=")
    if value:
        content = json.dumps({**honest.as_json(), "state": "deploying", "build": "forged", key: value})
    deliveries.ledger.put(name_of("local", number + 1), content, ifGenerationMatch=0)

    assert deliveries.ledger.read("local") == (honest, number + 1)
    said = capsys.readouterr().err
    assert f"{name_of('local', number + 1)} is no release record" in said
    assert words in said

    deliveries.deliver(B, "build-2")

    assert (deliveries.record().state, deliveries.record().release.commit) == ("proved", B)


def test_a_record_that_was_overwritten_counts_as_it_was(
    deliveries: Deliveries, capsys: pytest.CaptureFixture[str]
) -> None:
    deliveries.deliver(A, "build-1")
    honest, number = deliveries.record(), deliveries.ledger.read("local")[1]
    forged = {**honest.as_json(), "jobDigest": f"sha256:{'e' * 64}"}
    deliveries.ledger.put(name_of("local", number), json.dumps(forged))

    assert deliveries.ledger.read("local") == (honest, number)
    assert "was overwritten: the first version of it counts" in capsys.readouterr().err


def test_a_build_that_cloud_build_does_not_know_holds_nobody_up(deliveries: Deliveries) -> None:
    """Somebody wrote that a delivery is at work; there is no such build."""
    deliveries.deliver(A, "build-1")
    forged = replace(
        deliveries.record(),
        state="deploying",
        build="00000000-0000-4000-8000-000000000000",
        since=datetime.now(UTC).isoformat(timespec="seconds"),
        release=replace(deliveries.record().release, commit="e" * 40),
    )
    deliveries.ledger.write(forged, deliveries.ledger.read("local")[1])

    deliveries.deliver(B, "build-2")

    assert (deliveries.record().state, deliveries.record().release.commit) == ("proved", B)


@pytest.mark.parametrize("done", range(4, 7))
def test_what_a_killed_build_left_is_taken_back_before_the_next_is_even_looked_at(
    done: int, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after `up`: the next commit is refused by its checks, and yet the unproved release does not stay."""
    deliveries.deliver(A, "build-1")
    for step in deliveries.steps(B, KILLED)[:done]:
        step()

    def refuse(*_: object) -> None:
        raise OpsRefused("its required checks did not pass")

    monkeypatch.setattr(steps, "require_checks", refuse)
    with pytest.raises(OpsRefused, match="its required checks did not pass"):
        deliveries.deliver(C, "build-3")

    assert deliveries.deployed[-1] == DIGESTS[A]
    assert (deliveries.record().state, deliveries.record().release.commit) == ("proved", A)
    assert deliveries.record().went_back_from == B


def test_a_first_delivery_that_was_killed_holds_nobody_up(deliveries: Deliveries) -> None:
    for step in deliveries.steps(A, KILLED)[:4]:
        step()

    deliveries.deliver(B, "build-2")

    assert (deliveries.record().state, deliveries.record().release.commit) == ("proved", B)


def test_a_failed_step_other_than_the_smoke_tests_goes_back_too(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the smoke step's own preparation fails, or it runs out of time: nothing says why."""
    deliveries.deliver(A, "build-1")
    first, *others = deliveries.steps(B, "build-2")[:5]
    for step in (first, *others):
        step()

    with pytest.raises(OpsRefused, match=r"smoke did not end well; local is back at aaaaaaaaaaaa"):
        steps.finish(deliveries.stack, "build-2")

    assert deliveries.deployed == [DIGESTS[A], DIGESTS[B], DIGESTS[A]]


@pytest.mark.parametrize(("left_out", "step"), [("IMAGE", "image"), ("VIEWER_IMAGE", "viewer-image")])
def test_a_delivery_that_begins_before_its_images_are_decided_is_a_sentence(
    deliveries: Deliveries, left_out: str, step: str
) -> None:
    deliveries.image(A)
    getattr(steps, left_out).unlink()

    with pytest.raises(OpsRefused, match=rf"says nothing .* run first .* deliver {step} --stack local --commit COMMIT"):
        steps.begin(deliveries.stack, A, "1")

    for unusable in ("half of it {", "[]", "{}", '{"digest": 7, "source": null, "content": null}', '"a text"'):
        getattr(steps, left_out).write_text(unusable)
        with pytest.raises(OpsRefused, match=f"deliver {step} "):
            steps.begin(deliveries.stack, A, "1")
