"""A commit is delivered only when the checks that its branch requires have passed, on it or on what it merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ops.client.refusal import OpsRefused
from ops.deliver import commit_checks
from ops.deliver.commit_checks import PATIENCE, REQUIRED, require_checks
from ops.deliver.stack import Stack, load

COMMIT, HEAD = "a" * 40, "b" * 40
ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Repository:
    """Results by commit; each wait may bring others. `given` is what the API was asked with."""

    results: dict[str, dict[str, str]]
    required: set[str] = field(default_factory=set[str])
    merged: str = ""
    after: Callable[[Repository], None] = lambda _: None
    waited: float = 0.0
    given: dict[str, str] = field(default_factory=dict[str, str])

    def __call__(self, environment: dict[str, str]) -> Repository:
        self.given = environment
        return self

    def required_checks(self, branch: str) -> set[str]:
        return self.required if branch == "main" else set()

    def check_results(self, commit: str) -> dict[str, str]:
        return self.results.get(commit, {})

    def merged_head(self, commit: str) -> str:
        return self.merged if commit == COMMIT else ""

    def sleep(self, seconds: float) -> None:
        self.waited += seconds
        self.after(self)


class CloudBuild:
    """Gives the connection's token for reading."""

    def call(self, verb: str, api: str, path: str, body: Any = None) -> dict[str, str]:
        assert (verb, api, path.endswith("/connections/github/repositories/lab-platform:accessReadToken")) == (
            "POST", "cloudbuild", True,
        )  # fmt: skip
        return {"token": "read-token"}


@pytest.fixture
def stack() -> Stack:
    found = load("local", ROOT)
    return replace(found, settings=found.settings.model_copy(update={"github_repository": "lab/platform"}))


def asked(stack: Stack, repository: Repository, monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    monkeypatch.setattr(commit_checks, "GitHub", repository)
    require_checks(stack, COMMIT, CloudBuild(), sleep=repository.sleep, environment=environment)  # type: ignore[arg-type]


def test_a_commit_that_passed_is_delivered_and_asked_about_with_the_connections_token(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository({COMMIT: {"offline": "success"}})

    asked(stack, repository, monkeypatch)

    assert (repository.given["GITHUB_TOKEN"], repository.given["GITHUB_REPOSITORY"]) == ("read-token", "lab/platform")
    assert repository.waited == 0


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ({"offline": "failure"}, "offline is failure"),
        ({"offline": "cancelled"}, "offline is cancelled"),
        ({"offline": "success", "plan of prod": "failure"}, "plan of prod is failure"),
        ({"other": "success", "offline": "timed_out"}, "offline is timed_out"),
    ],
)
def test_a_commit_whose_check_failed_is_refused_in_a_sentence(
    results: dict[str, str], words: str, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository({COMMIT: results}, required={"plan of prod"})

    with pytest.raises(OpsRefused, match=f"its required checks did not pass: .*{words}"):
        asked(stack, repository, monkeypatch)
    assert repository.waited == 0


def test_a_commit_that_nobody_checked_is_refused_when_waiting_did_not_help(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository({})

    with pytest.raises(OpsRefused, match="offline is missing"):
        asked(stack, repository, monkeypatch)
    assert PATIENCE <= repository.waited <= PATIENCE + 60


def test_what_is_under_way_is_waited_for(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(repository: Repository) -> None:
        repository.results[COMMIT] = {"offline": "success"}

    repository = Repository({COMMIT: {"offline": "in_progress"}}, after=end)

    asked(stack, repository, monkeypatch)

    assert repository.waited > 0


def test_a_merge_counts_by_what_it_merged_unless_it_failed_itself(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(stack, Repository({HEAD: {"offline": "success"}}, merged=HEAD), monkeypatch)

    failed = {HEAD: {"offline": "success"}, COMMIT: {"offline": "failure"}}
    with pytest.raises(OpsRefused, match="offline is failure"):
        asked(stack, Repository(failed, merged=HEAD), monkeypatch)


def test_what_is_always_required_is_a_job_of_the_workflow() -> None:
    workflow = (ROOT / ".github/workflows/pull-request.yaml").read_text()
    assert all(f"    name: {name}\n" in workflow for name in REQUIRED)


def test_a_stack_without_a_repository_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository({})
    asked(load("local", ROOT), repository, monkeypatch)
    assert repository.given == {}
