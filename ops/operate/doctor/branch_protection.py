"""What keeps a push from deploying code that nobody looked at: GitHub's rules for the branch that the stack deploys.

GitHub has two kinds that hold together: rulesets, which whoever may read the repository sees, and the branch's classic
protection, which only its administrators see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.client.refusal import OpsRefused
from ops.deliver.github import GitHub
from ops.operate.doctor import Diagnosis, Situation

TOPIC = "branch protection"
REQUIRED_CHECK = "offline"
"""The job of .github/workflows/pull-request.yaml: it runs for forks too and needs no identity."""
GUARDS: Mapping[str, str] = {
    "review": "a push needs no pull request with an approval",
    "code owners": "the owners in .github/CODEOWNERS need not approve",
    "stale": "an approval still counts after a later push",
    "check": f"the check {REQUIRED_CHECK} need not pass",
    "force": "history may be overwritten by a forced push",
    "deletion": "the branch may be deleted",
}
"""Guard → what may happen without it."""
Json = dict[str, Any]


def branch_protection(at: Situation) -> Iterator[Diagnosis]:
    repository, branch = at.settings.github_repository, at.settings.github_branch
    if repository is None:
        return
    look = f"GITHUB_TOKEN=$(gh auth token) make doctor STACK={at.stack}"
    if not at.environment.get("GITHUB_TOKEN"):
        words = f"what protects {branch} of {repository} was not looked at: there is no token for GitHub"
        yield Diagnosis(TOPIC, "unknown", words, (look,))
        return
    github = GitHub({**at.environment, "GITHUB_REPOSITORY": repository})
    try:
        rules = github.get(f"rules/branches/{branch}")
        classic = classic_protection(github, branch)
    except OpsRefused as refused:
        words = f"what protects {branch} of {repository} cannot be seen: {refused}"
        yield Diagnosis(TOPIC, "unknown", words, (look,))
        return
    held = held_by_rulesets(rules) | held_by_protection(classic or {})
    missing = [words for guard, words in GUARDS.items() if guard not in held]
    page = f"https://github.com/{repository}/settings/rules"
    if not missing:
        yield Diagnosis(TOPIC, "ok", f"{branch} of {repository} is changed by reviewed and checked pull requests only")
    elif classic is None:
        # A guard that the rulesets lack may be in the protection that this token may not see.
        words = f"no ruleset of {repository} holds for {branch}: {'; '.join(missing)}"
        yield Diagnosis(TOPIC, "unknown", words, (f"look as an administrator of the repository: {look}", page))
    else:
        words = f"{branch} of {repository}, which deploys {at.stack}, is not protected: {'; '.join(missing)}"
        yield Diagnosis(TOPIC, "todo", words, (f"add what is missing: {page}", "why each: docs/delivery.md"))
    yield from who_bypasses(rules, classic, repository, branch)


def classic_protection(github: GitHub, branch: str) -> Json | None:
    """Empty when there is none, None when the token may not see it."""
    try:
        return github.get(f"branches/{branch}/protection")
    except OpsRefused as refused:
        if refused.status == 404:
            # GitHub answers 404 both for "Branch not protected" and to a reader who may not see the protection.
            return {} if "not protected" in str(refused) else None
        if refused.status == 403:
            return None
        raise


def held_by_rulesets(rules: Sequence[Json]) -> set[str]:
    held: set[str] = set()
    for rule in rules:
        wanted = rule.get("parameters") or {}
        match rule["type"]:
            case "pull_request":
                held |= _reviews(
                    wanted.get("required_approving_review_count", 0),
                    wanted.get("require_code_owner_review"),
                    wanted.get("dismiss_stale_reviews_on_push"),
                )
            case "required_status_checks":
                if REQUIRED_CHECK in {check["context"] for check in wanted.get("required_status_checks", [])}:
                    held.add("check")
            case "non_fast_forward":
                held.add("force")
            case "deletion":
                held.add("deletion")
            case _:
                pass
    return held


def held_by_protection(protection: Json) -> set[str]:
    if not protection:
        return set()
    held: set[str] = set()
    if reviews := protection.get("required_pull_request_reviews"):
        held |= _reviews(
            reviews.get("required_approving_review_count", 0),
            reviews.get("require_code_owner_reviews"),
            reviews.get("dismiss_stale_reviews"),
        )
    checks = protection.get("required_status_checks") or {}
    if REQUIRED_CHECK in {*checks.get("contexts", []), *(check["context"] for check in checks.get("checks", []))}:
        held.add("check")
    if not (protection.get("allow_force_pushes") or {}).get("enabled"):
        held.add("force")
    if not (protection.get("allow_deletions") or {}).get("enabled"):
        held.add("deletion")
    return held


def _reviews(approvals: int, code_owners: Any, dismisses: Any) -> set[str]:
    if approvals < 1:
        return set()
    return {"review"} | ({"code owners"} if code_owners else set()) | ({"stale"} if dismisses else set())


def who_bypasses(rules: Sequence[Json], classic: Json | None, repository: str, branch: str) -> Iterator[Diagnosis]:
    """Nothing shows a reader whom a ruleset lets past; of the classic protection it is whether it holds for all."""
    if classic and not (classic.get("enforce_admins") or {}).get("enabled") and not rules:
        words = f"the protection of {branch} does not hold for administrators of {repository}"
        yield Diagnosis(TOPIC, "todo", words, (f"https://github.com/{repository}/settings/branches: no bypassing",))
    if rulesets := sorted({int(rule["ruleset_id"]) for rule in rules if "ruleset_id" in rule}):
        pages = tuple(f"https://github.com/{repository}/settings/rules/{number}" for number in rulesets)
        yield Diagnosis(TOPIC, "by hand", f"see that nobody may bypass the rulesets of {branch}", pages)
