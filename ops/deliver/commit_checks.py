"""A delivery refuses a commit whose required checks did not pass, whoever pushed it and however it got onto the branch.

Which checks are required is GitHub's answer (rulesets, branch protection), and REQUIRED, which nobody can take away
without a commit. A check counts on the commit itself, or on the head of the pull request that it merged.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from ops.client.google import GoogleApi
from ops.client.refusal import OpsRefused
from ops.deliver.github import GitHub
from ops.deliver.stack import Stack

REQUIRED = ("offline",)
"""Job of .github/workflows/pull-request.yaml: lint, scanners, the platform on the local cloud, all tests, the gate."""
PASSED, PENDING = ("success", "neutral", "skipped"), ("queued", "in_progress", "waiting", "requested", "pending")
PATIENCE, PAUSE = 2700.0, 30.0
"""Seconds: a push starts its checks and its delivery at the same moment, so a delivery waits for them."""


def require_checks(
    stack: Stack,
    commit: str,
    google: GoogleApi,
    *,
    sleep: Callable[[float], None] = time.sleep,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Raises `OpsRefused` unless every required check passed; waits as long as one is under way."""
    repository = stack.settings.github_repository
    if repository is None:
        print(f"{stack.name} has no githubRepository, so no checks of {commit[:12]} are asked for")
        return
    github = GitHub(
        {**environment, "GITHUB_REPOSITORY": repository, "GITHUB_TOKEN": _token(stack, google, environment)}
    )
    required = {*REQUIRED, *github.required_checks(stack.settings.github_branch)}
    waited = 0.0
    while True:
        results = _results(github, commit, required)
        lacking = {name: results.get(name, "missing") for name in sorted(required) if results.get(name) not in PASSED}
        if not lacking:
            print(f"{commit[:12]} passed {', '.join(sorted(required))}")
            return
        if waited >= PATIENCE or any(state not in (*PENDING, "missing") for state in lacking.values()):
            break
        sleep(PAUSE)
        waited += PAUSE
    states = ", ".join(f"{name} is {state}" for name, state in lacking.items())
    raise OpsRefused(
        f"{commit[:12]} is not delivered to {stack.name}, as its required checks did not pass: {states}; see "
        f"https://github.com/{repository}/commit/{commit}/checks, and start this delivery again when they have"
    )


def _results(github: GitHub, commit: str, required: set[str]) -> dict[str, str]:
    """Check results of the commit; of what it did not pass, those of the pull request that it merged, where these
    passed.
    """
    own = github.check_results(commit)
    if all(own.get(name) in PASSED for name in required):
        return own
    head = github.merged_head(commit)
    merged = github.check_results(head) if head else {}
    # A failure on the commit itself stays one: what passed before it was merged may fail after.
    return {**{name: state for name, state in merged.items() if state in PASSED}, **own}


def _token(stack: Stack, google: GoogleApi, environment: Mapping[str, str]) -> str:
    """GITHUB_TOKEN, or the token for reading that Cloud Build's connection makes for whoever may build from it."""
    if token := environment.get("GITHUB_TOKEN"):
        return token
    repository = str(stack.settings.github_repository)
    name = f"{stack.place_of_builds}/connections/github/repositories/{repository.replace('/', '-')}"
    answer: dict[str, Any] = google.call("POST", "cloudbuild", f"v2/{name}:accessReadToken", {})
    return str(answer["token"])
