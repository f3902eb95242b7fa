"""Google knows a while later of what was just made: one `pulumi up` of a new project waits for that and succeeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi_gcp as gcp
import pytest

from engine import DeploymentFailed
from infra import platform
from infra.propagation import PATIENCE, is_worth_another_try, pause_after
from localcloud.awkward import AGENT_SECONDS, API_SECONDS, GRANT_SECONDS, WITHOUT_WAITING, AwkwardPoint
from tests import harness
from tests.clock import SETTLED
from tests.infra import stacks

WHOLE: dict[str, Any] = {"environment": "dev", "gcp:project": "my-imaging", "jobImageDigest": stacks.A_DIGEST}
REFUSALS: dict[AwkwardPoint, str] = {
    "apis": "has not been used in project",
    "eventarc_agent": "Eventarc Service Agent",
    "grants": "lacks permission",
    "new_agents": "does not exist",
}
"""What Google answers to a program that does not wait, by the point in which it is awkward."""


def test_the_first_up_of_a_new_project_succeeds_in_one_run() -> None:
    graph = harness.deploy_whole(config=WHOLE)

    waited = graph.clock.ahead - SETTLED
    assert max(API_SECONDS, AGENT_SECONDS, GRANT_SECONDS) < waited < PATIENCE
    assert graph.outputs["job"]


@pytest.mark.parametrize("point", REFUSALS)
def test_without_the_wait_it_is_refused(point: AwkwardPoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "wait_for_google", lambda: None)

    with pytest.raises(DeploymentFailed, match=REFUSALS[point]):
        harness.deploy_whole(config=WHOLE, awkward=WITHOUT_WAITING | frozenset[AwkwardPoint]((point,)))


def test_what_knows_at_once_is_not_waited_for() -> None:
    assert harness.deploy_whole(config=WHOLE, awkward=WITHOUT_WAITING).clock.ahead == pytest.approx(SETTLED, abs=1)


NOT_YET = (
    "Error 403: Healthcare API has not been used in project 1 before or it is disabled. If you enabled this API "
    "recently, wait a few minutes for the action to propagate",
    'Error 400: Invalid resource state for "": Permission denied while using the Eventarc Service Agent.',
    "Error 400: Service account service-1@gcp-sa-healthcare.iam.gserviceaccount.com does not exist.",
)
PERHAPS = (
    "Error 403: Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource",
    "Error 404: Requested entity was not found.",
)
NEVER = (
    "Error 409: a role named studyJobStarter already exists.",
    "Error 400: The user-provided retention is out of range",
    "Error 400: Buckets must be in an ACTIVE state to be modified: you have no permission to do that now",
    "Error 404: The specified bucket does not exist., notFound",
)


@pytest.mark.parametrize("error", NOT_YET)
def test_an_answer_about_time_is_worth_another_try_whatever_was_made(error: str) -> None:
    assert is_worth_another_try(error, float("inf"))


@pytest.mark.parametrize("error", PERHAPS)
def test_a_refusal_that_may_be_honest_is_believed_when_nothing_was_made_lately(error: str) -> None:
    assert is_worth_another_try(error, PATIENCE)
    assert not is_worth_another_try(error, PATIENCE + 1)


@pytest.mark.parametrize("error", NEVER)
def test_what_time_does_not_cure_is_told_at_once(error: str) -> None:
    assert not is_worth_another_try(error, 0)


def test_pauses_grow_to_half_a_minute() -> None:
    assert [pause_after(tries) for tries in (1, 2, 3, 4, 5, 9)] == [2, 4, 8, 16, 30, 30]


def granting_on_nothing(*, made_before: bool) -> Callable[[], None]:
    def program() -> None:
        if made_before:
            gcp.serviceaccount.Account("a", account_id="account-1")
        gcp.pubsub.TopicIAMMember("g", topic="none", role="roles/pubsub.viewer", member="user:a@example.org")

    return program


@pytest.mark.parametrize("made_before", [False, True])
def test_patience_ends(made_before: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What never comes is refused in Google's words: at once when nothing new could explain it."""
    clocks: list[float] = []
    run = harness.run

    def watched(*args: Any, **options: Any) -> Any:
        try:
            return run(*args, **options)
        finally:
            clocks.append(options["clock"].ahead)

    monkeypatch.setattr(harness, "run", watched)
    with pytest.raises(DeploymentFailed, match="none"):
        harness.deploy(granting_on_nothing(made_before=made_before), config={"gcp:project": "my-imaging"})

    assert clocks == [pytest.approx(0, abs=1)] if not made_before else PATIENCE - 1 < clocks[0] < PATIENCE + 31
