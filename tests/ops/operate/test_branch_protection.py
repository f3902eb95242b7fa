"""The doctor on GitHub's rules for the branch that deploys: each guard taken away is named, in both kinds of rules."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings import Settings
from ops.client.google import GoogleApi
from ops.operate.commands import CHECKS
from ops.operate.doctor import Diagnosis, Situation
from ops.operate.doctor.branch_protection import GUARDS, REQUIRED_CHECK, branch_protection
from tests.ops.deliver.fake_github import REPOSITORY, FakeGitHub, fake_github

ROOT = Path(__file__).resolve().parents[3]
RULES: list[dict[str, Any]] = [
    {
        "type": "pull_request",
        "ruleset_id": 42,
        "parameters": {
            "required_approving_review_count": 1,
            "require_code_owner_review": True,
            "dismiss_stale_reviews_on_push": True,
        },
    },
    {
        "type": "required_status_checks",
        "ruleset_id": 42,
        "parameters": {"required_status_checks": [{"context": "offline", "integration_id": 15368}]},
    },
    {"type": "non_fast_forward", "ruleset_id": 42},
    {"type": "deletion", "ruleset_id": 42},
    {"type": "required_linear_history", "ruleset_id": 42},
]
CLASSIC: dict[str, Any] = {
    "required_pull_request_reviews": {
        "required_approving_review_count": 2,
        "require_code_owner_reviews": True,
        "dismiss_stale_reviews": True,
    },
    "required_status_checks": {"strict": True, "contexts": ["offline"], "checks": [{"context": "offline"}]},
    "enforce_admins": {"enabled": True},
    "allow_force_pushes": {"enabled": False},
    "allow_deletions": {"enabled": False},
}


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with fake_github() as made:
        yield made


def findings(github: FakeGitHub, repository: str | None = REPOSITORY, **environment: str) -> list[Diagnosis]:
    settings = Settings(project="my-imaging", environment="dev", github_repository=repository)  # pyright: ignore
    at = Situation(
        stack="dev",
        settings=settings,
        google=GoogleApi({"storage": "http://127.0.0.1:1/"}, lambda: "t"),
        environment={**github.environment, **environment},
    )
    return list(branch_protection(at))


def test_the_doctor_looks_at_it() -> None:
    assert branch_protection in CHECKS


def test_without_a_repository_there_is_nothing_to_protect(github: FakeGitHub) -> None:
    assert findings(github, repository=None) == []


def test_without_a_token_it_says_how_to_look(github: FakeGitHub) -> None:
    (found,) = findings(github, GITHUB_TOKEN="")

    assert found.status == "unknown"
    assert found.do == ("GITHUB_TOKEN=$(gh auth token) make doctor STACK=dev",)


def test_rulesets_that_hold_everything_leave_who_may_bypass_them(github: FakeGitHub) -> None:
    github.rules = RULES

    ok, by_hand = findings(github)

    assert (ok.status, by_hand.status) == ("ok", "by hand")
    assert by_hand.do == (f"https://github.com/{REPOSITORY}/settings/rules/42",)
    assert github.writes == []


def test_the_classic_protection_is_as_good(github: FakeGitHub) -> None:
    github.protection = CLASSIC

    assert [found.status for found in findings(github)] == ["ok"]


def test_an_open_branch_is_named_with_all_that_may_happen(github: FakeGitHub) -> None:
    (found,) = findings(github)

    assert found.status == "todo"
    assert all(words in found.what for words in GUARDS.values())


@pytest.mark.parametrize(
    ("rule", "parameters", "guards"),
    [
        (0, {"required_approving_review_count": 0}, {"review", "code owners", "stale"}),
        (0, {"require_code_owner_review": False}, {"code owners"}),
        (0, {"dismiss_stale_reviews_on_push": False}, {"stale"}),
        (1, {"required_status_checks": [{"context": "lint"}]}, {"check"}),
        (2, None, {"force"}),
        (3, None, {"deletion"}),
    ],
)
def test_each_guard_that_a_ruleset_lacks_is_named(
    github: FakeGitHub, rule: int, parameters: dict[str, Any] | None, guards: set[str]
) -> None:
    github.rules = copy.deepcopy(RULES)
    if parameters is None:
        del github.rules[rule]
    else:
        github.rules[rule]["parameters"] |= parameters

    missing = next(found for found in findings(github) if found.status == "todo")

    assert {guard for guard, words in GUARDS.items() if words in missing.what} == guards


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"required_pull_request_reviews": None}, GUARDS["review"]),
        ({"required_status_checks": {"contexts": [], "checks": []}}, GUARDS["check"]),
        ({"allow_force_pushes": {"enabled": True}}, GUARDS["force"]),
        ({"allow_deletions": {"enabled": True}}, GUARDS["deletion"]),
        ({"enforce_admins": {"enabled": False}}, "does not hold for administrators"),
    ],
)
def test_each_guard_that_the_protection_lacks_is_named(github: FakeGitHub, change: dict[str, Any], words: str) -> None:
    github.protection = CLASSIC | change

    assert [words in found.what for found in findings(github) if found.status == "todo"] == [True]


def test_a_protection_that_the_token_may_not_see_is_not_taken_for_none(github: FakeGitHub) -> None:
    github.protection = "Not Found"

    (found,) = findings(github)

    assert found.status == "unknown"
    assert "administrator" in found.do[0]


def test_what_github_refuses_is_unknown(github: FakeGitHub) -> None:
    (found,) = findings(github, GITHUB_TOKEN="wrong")

    assert found.status == "unknown"
    assert "401" in found.what


def test_the_required_check_is_a_job_of_every_pull_request() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "pull-request.yaml").read_text())

    assert REQUIRED_CHECK in {job["name"] for job in workflow["jobs"].values()}
    assert "pull_request" in workflow[True]
