"""What is there already and stands in a deploy's way is said before Google refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.config_loader import read_settings
from infra.settings import NAMESPACE
from ops.client.google import GoogleApi
from ops.operate.doctor import Check, Diagnosis, Situation, examine
from ops.operate.doctor.existing import (
    IN_THE_WAY,
    audit_log,
    identity_pool,
    notifications,
    regions,
)
from tests.ops.operate.google import answering

P, PLACE = "my-imaging", "projects/my-imaging/locations/europe-west4"
LOG = f"/v2/{PLACE}/buckets/imaging-audit"
POOL = f"/v1/projects/{P}/locations/global/workloadIdentityPools/github"
STORE = f"/v1/{PLACE}/datasets/imaging/dicomStores/slides"
ADOPTS: dict[str, Any] = {"imports": '["dataset", "raw"]', "rawStore": "slides"}
GITHUB: dict[str, Any] = {"githubRepository": "lab/p", "githubRepositoryId": 7}


def said(table: dict[str, Any], *checks: Check, **settings: Any) -> list[Diagnosis]:
    config = {f"{NAMESPACE}:{key}": value for key, value in {"environment": "prod", **settings}.items()}
    with answering(table) as answers:
        google = GoogleApi({"storage": answers.root}, lambda: "t")
        found = read_settings("prod", {"gcp:project": P, **config})
        return examine(Situation(stack="prod", settings=found, google=google), checks or IN_THE_WAY)


def test_where_nothing_exists_nothing_is_in_the_way() -> None:
    assert said({}, **ADOPTS, **GITHUB)[0].what == f"there is no {STORE.removeprefix('/v1/')} to take over"
    assert said({}, **GITHUB) == []


@pytest.mark.parametrize(
    ("there", "settings", "words", "remedy"),
    [
        ({LOG: {"lifecycleState": "DELETE_REQUESTED"}}, {}, "deleted in the last seven days", "buckets undelete"),
        ({LOG: {"locked": True, "retentionDays": 400}}, {"auditRetentionDays": 2190}, "locked at 400 days", " 400"),
        ({LOG: {"locked": True, "retentionDays": 400}}, {}, "cannot be undone", "auditRetentionLocked true"),
        ({POOL: {"state": "DELETED"}}, GITHUB, "stays taken for 30 days", "undelete github"),
        ({STORE: {"notificationConfigs": [{"pubsubTopic": "projects/x/topics/t"}]}}, ADOPTS, "topics/t", "PATCH"),
    ],
)
def test_what_google_would_refuse_comes_with_its_remedy(
    there: dict[str, Any], settings: dict[str, Any], words: str, remedy: str
) -> None:
    [found] = said(there, **settings)

    assert (found.status, words in found.what, remedy in " ".join(found.do)) == ("todo", True, True)


@pytest.mark.parametrize(
    ("there", "settings"),
    [
        ({LOG: {"locked": True, "retentionDays": 400}}, {"auditRetentionLocked": True}),
        ({LOG: {"lifecycleState": "ACTIVE", "retentionDays": 30}}, {"auditRetentionDays": 2190}),
        ({POOL: {"state": "ACTIVE"}}, GITHUB),
        ({STORE: {"notificationConfig": {"pubsubTopic": "projects/x/topics/t"}}}, ADOPTS),
    ],
)
def test_what_a_deploy_can_change_is_not_in_its_way(there: dict[str, Any], settings: dict[str, Any]) -> None:
    assert said(there, **settings) == []


@pytest.mark.parametrize("check", [audit_log, identity_pool, notifications])
def test_what_may_not_be_seen_is_not_taken_for_absent(check: Check) -> None:
    [found] = said({LOG: 403, POOL: 403, STORE: 403}, check, **ADOPTS, **GITHUB)

    assert found.status == "unknown"


def test_a_region_without_one_of_the_services_is_named_by_google_itself() -> None:
    served = {f"/v1/{PLACE}": {"locationId": "europe-west4"}}

    assert said(served, regions) == []
    [found] = said({}, regions)
    assert (found.status, "cloudscheduler" in found.what) == ("todo", True)
