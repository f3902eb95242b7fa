"""GitHub's REST API, as far as a report needs it: one comment on a pull request, one tracking issue a stack."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import requests

from ops.client.refusal import OpsRefused

LABEL = "drift"
BOT = "github-actions[bot]"
"""Who a workflow's token writes as."""
PAGE = 100


class GitHub:
    """One repository, as the workflow that runs this (`GITHUB_TOKEN`, `GITHUB_REPOSITORY`, `GITHUB_API_URL`)."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        missing = [name for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY") if not environment.get(name)]
        if missing:
            raise OpsRefused(
                f"{', '.join(missing)} is not set: run this in a workflow, or give a token that may comment"
            )
        self._root = environment.get("GITHUB_API_URL", "https://api.github.com")
        self._repository = environment["GITHUB_REPOSITORY"]
        self._in_a_workflow = bool(environment.get("GITHUB_ACTIONS"))
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update(
            {
                "Authorization": f"Bearer {environment['GITHUB_TOKEN']}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            }
        )

    def get(self, path: str) -> Any:
        """What GitHub says of the repository. Raises `OpsRefused`."""
        return self._call("GET", path)

    def stick(self, number: int, marker: str, text: str) -> str:
        """The one comment of ours with `marker` on pull request `number` says `text`; returns its URL."""
        path = f"issues/{number}/comments"
        # Two runs may find none at the same moment: who writes looks again, and the first comment stays.
        kept, *others = self._own_comments(path, marker) or [self._call("POST", path, {"body": text})]
        if not others and kept["body"] == text:
            kept, *others = self._own_comments(path, marker) or [kept]
        for other in others:
            self._call("DELETE", f"issues/comments/{other['id']}")
        return str(self._call("PATCH", f"issues/comments/{kept['id']}", {"body": text})["html_url"])

    def track(self, marker: str, title: str, text: str | None, fingerprint: str = "") -> str:
        """The open issue with `marker` says `text`; without any text it is closed. Returns what was done, in words.

        One that has the fingerprint already is left as it is, with what people wrote into it.
        """
        mine = next(iter(self._own_comments("issues", marker, state="open", labels=LABEL)), None)
        if text is None:
            if mine is None:
                return "nothing to say, no issue open"
            self._call("POST", f"issues/{mine['number']}/comments", {"body": "The stack is as declared again."})
            self._call("PATCH", f"issues/{mine['number']}", {"state": "closed", "state_reason": "completed"})
            return f"closed issue {mine['number']}"
        if mine is None:
            made = self._call("POST", "issues", {"title": title, "body": text, "labels": [LABEL]})
            return f"opened issue {made['number']}"
        if fingerprint and f"`{fingerprint}`" in mine["body"]:
            return f"issue {mine['number']} says this already"
        self._call("PATCH", f"issues/{mine['number']}", {"title": title, "body": text})
        return f"updated issue {mine['number']}"

    def required_checks(self, branch: str) -> set[str]:
        """Names of the checks that rulesets and branch protection require before something gets onto the branch."""
        names: set[str] = set()
        for rule in self._all(f"rules/branches/{quote(branch, safe='')}"):
            if rule["type"] == "required_status_checks":
                names |= {check["context"] for check in rule["parameters"]["required_status_checks"]}
        protection = self._call("GET", f"branches/{quote(branch, safe='')}").get("protection") or {}
        return names | set((protection.get("required_status_checks") or {}).get("contexts", []))

    def check_results(self, commit: str) -> dict[str, str]:
        """Check → `success`, `failure`, `in_progress` …; of a check that ran twice the run that began last."""
        results: dict[str, str] = {}
        runs: list[dict[str, Any]] = []
        for page in range(1, 20):
            query = {"per_page": str(PAGE), "page": str(page), "filter": "latest"}
            some = self._call("GET", f"commits/{commit}/check-runs", params=query)["check_runs"]
            runs += some
            if len(some) < PAGE:
                break
        for run in sorted(runs, key=lambda one: one.get("started_at") or ""):
            results[run["name"]] = run["conclusion"] or run["status"]
        for status in self._call("GET", f"commits/{commit}/status").get("statuses", []):
            results.setdefault(status["context"], status["state"])
        return results

    def merged_head(self, commit: str) -> str:
        """Head of the pull request that GitHub merged as this commit; empty when it came otherwise."""
        for pull in self._call("GET", f"commits/{commit}/pulls"):
            if pull.get("merge_commit_sha") == commit and pull.get("merged_at"):
                return str(pull["head"]["sha"])
        return ""

    def _own_comments(self, path: str, marker: str, **params: str) -> list[dict[str, Any]]:
        """The comments with the marker that this token's user wrote, the oldest first; anybody can write a marker."""
        me = BOT if self._in_a_workflow else self._request("GET", f"{self._root}/user")["login"]
        comments = [comment for comment in self._all(path, **params) if marker in (comment.get("body") or "")]
        return sorted((comment for comment in comments if comment["user"]["login"] == me), key=lambda one: one["id"])

    def _all(self, path: str, **params: str) -> Iterator[dict[str, Any]]:
        for page in range(1, 100):
            page_items = self._call("GET", path, params={**params, "per_page": str(PAGE), "page": str(page)})
            yield from page_items
            if len(page_items) < PAGE:
                return

    def _call(self, verb: str, path: str, body: Any = None, params: Mapping[str, str] | None = None) -> Any:
        return self._request(verb, f"{self._root}/repos/{self._repository}/{path}", body, params)

    def _request(self, verb: str, url: str, body: Any = None, params: Mapping[str, str] | None = None) -> Any:
        try:
            answer = self._session.request(verb, url, json=body, params=params, timeout=(10, 60))
        except requests.RequestException as error:
            raise OpsRefused(f"{verb} {url} got no answer ({type(error).__name__}); run again") from None
        if answer.status_code >= 400:
            raise OpsRefused(f"{verb} {url} was refused: {answer.status_code} {answer.text[:200]}", answer.status_code)
        return answer.json() if answer.content else None
