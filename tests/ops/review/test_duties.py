"""Both ways, in the local cloud with enforced IAM: each identity can do its whole duty, and nothing beyond it."""

from __future__ import annotations

import functools
import json

import pytest

from ops.review.grants import grants
from ops.review.graph import Place, of_deployment, resources_of, stand_up
from tests.harness import ROOT
from tests.ops.review.asks import email, refused, send
from tests.ops.review.duties import BEYOND, DUTIES
from tests.ops.review.taken_away import OWNERS, cannot_make, distinct, drops, drops_of_deployer, failing

NEEDED = json.loads((ROOT / "tests" / "ops" / "review" / "least_privilege" / "needed.json").read_text())
"""Right → the duties that go when it is taken away; written by `python -m tests.ops.review.taken_away`."""


IDLE: dict[str, str] = {
    "deployer: roles/storage.objectUser on buckets/my-imaging-state": "roles/storage.admin on the project has it too",
    "deployer: roles/artifactregistry.writer on projects/my-imaging/locations/europe-west4/repositories/images": (
        "roles/artifactregistry.admin on the project has it too"
    ),
    "smoke: run.jobs.run of projects/my-imaging/roles/studyJobTester": (
        "Google asks for it beside runWithOverrides, the local cloud does not"
    ),
}
"""Rights that can be taken away without a duty failing here, and why they are granted all the same."""


@functools.cache
def dev() -> Place:
    return stand_up("dev")


@pytest.mark.parametrize("identity", DUTIES)
def test_it_can_do_its_whole_duty(identity: str) -> None:
    assert failing(dev(), identity) == []


@pytest.mark.parametrize("identity", BEYOND)
def test_it_can_do_nothing_beyond(identity: str) -> None:
    assert len(BEYOND[identity]) >= 5
    assert [ask for ask in BEYOND[identity] if not refused(dev(), identity, ask)] == []


@pytest.mark.parametrize("identity", [identity for identity in DUTIES if identity != "deployer"])
def test_taking_one_right_away_breaks_exactly_the_named_duties(identity: str) -> None:
    assert drops(dev(), identity) == NEEDED[identity]


def test_every_right_that_is_held_is_needed_for_something() -> None:
    """Red: nothing needs the right, so take it out of the role, or say in `IDLE` why it must be there."""
    idle = {f"{who}: {right}" for who, rights in NEEDED.items() for right, named in rights.items() if not named}

    assert idle == set(IDLE)


def test_every_identity_of_ours_is_looked_at() -> None:
    held = grants(resources_of(of_deployment("dev", dev().deployment)))
    ours = {grant.principal for grant in held if grant.principal.startswith("serviceAccount:imaging-")}

    assert ours == {f"serviceAccount:{email(identity)}" for identity in DUTIES}


def test_the_deployer_can_make_the_stack_but_for_what_is_the_owners() -> None:
    place = stand_up("dev")
    requests = distinct(place.sent)

    assert cannot_make(place, requests) == []
    for host in OWNERS:
        assert any(send(place, "deployer", request) for request in requests[host])


def test_each_role_of_the_deployer_is_there_for_the_named_apis() -> None:
    assert drops_of_deployer(stand_up("dev")) == NEEDED["deployer"]
