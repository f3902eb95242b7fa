"""Organisation policies that would refuse what the program declares, each with the setting or exception that helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from infra.foundation import KEY_USERS
from infra.settings import Settings
from ops.client.google import Json
from ops.client.refusal import OpsRefused
from ops.operate.doctor import Diagnosis, Situation, unseen

USED = tuple(f"{service}.googleapis.com" for service in (*KEY_USERS, "artifactregistry", "logging", "secretmanager"))
"""Services that hold something and could demand a key of one's own."""
PAGES = "https://console.cloud.google.com/iam-admin/orgpolicies"
GITHUB_ISSUER = "https://token.actions.githubusercontent.com"


def is_enforced(rules: list[Json]) -> bool:
    return any(rule.get("enforce") is True for rule in rules)


def allows(rules: list[Json], *wanted: str) -> bool:
    """Whether a list policy lets one of `wanted` through; values may have prefixes such as `is:` and `in:`."""

    def bare(values: list[str]) -> set[str]:
        return {value.partition(":")[2] if value[:3] in ("is:", "in:") else value for value in values}

    for rule in rules:
        values = rule.get("values", {})
        if rule.get("denyAll") or bare(values.get("deniedValues", [])) & set(wanted):
            return False
        allowed = bare(values.get("allowedValues", []))
        if allowed and not allowed & set(wanted):
            return False
    return True


def groups_of(location: str) -> list[str]:
    """A region and the value groups of Google's that it is in."""
    continent = location.partition("-")[0]
    wider = {"europe": ["eu", "europe"], "northamerica": ["northamerica"]}.get(continent, [continent])
    return [location, *(f"{group}-locations" for group in (location, *wider))]


def needs_key(rules: list[Json], settings: Settings) -> list[str]:
    """Services that demand a key and are given none."""
    keyed = {f"{service}.googleapis.com" for service in KEY_USERS} if settings.dataset_key else set[str]()
    return [service for service in USED if service not in keyed and not allows(rules, service)]


def closed_regions(rules: list[Json], settings: Settings) -> str:
    wanted = {settings.location: ""}
    wanted.setdefault(settings.region_of_builds, " (buildRegion, where builds run)")
    closed = [f"{region}{note}" for region, note in wanted.items() if not allows(rules, *groups_of(region))]
    return f"nothing may be made in {' and '.join(closed)}" if closed else ""


Judge = Callable[[list[Json], Settings], str]
"""What is in the way, in words; empty when nothing is."""
JUDGES: dict[str, Judge] = {
    "gcp.resourceLocations": lambda rules, settings: closed_regions(rules, settings),
    "iam.disableServiceAccountCreation": lambda rules, _: (
        "no service account may be made" if is_enforced(rules) else ""
    ),
    "gcp.restrictNonCmekServices": lambda rules, settings: (
        f"without a key of your own nothing may be made in {', '.join(needs_key(rules, settings))}"
        if needs_key(rules, settings)
        else ""
    ),
    "gcp.restrictServiceUsage": lambda rules, _: (
        "" if allows(rules, "healthcare.googleapis.com") else "the Healthcare API may not be used"
    ),
    "iam.workloadIdentityPoolProviders": lambda rules, settings: (
        ""
        if settings.github_repository is None or allows(rules, GITHUB_ISSUER)
        else f"{GITHUB_ISSUER} may not be trusted, so pull requests get no preview"
    ),
    "cloudbuild.allowedIntegrations": lambda rules, settings: (
        ""
        if settings.github_repository is None or allows(rules, "github.com")
        else "Cloud Build may not be started from github.com"
    ),
}


def org_policies(at: Situation) -> Iterator[Diagnosis]:
    project = at.settings.project
    fine: list[str] = []
    for constraint, judge in JUDGES.items():
        path = f"v2/projects/{project}/policies/{constraint}:getEffectivePolicy"
        try:
            rules = at.get("orgpolicy", path).get("spec", {}).get("rules", [])
        except OpsRefused as refused:
            yield unseen("organisation", f"policy {constraint}", refused, "roles/orgpolicy.policyViewer")
            continue
        if words := judge(rules, at.settings):
            page = f"{PAGES}/{constraint.replace('.', '-')}?project={project}"
            ask = f"ask your organisation's administrators for an exception for project {project}: {page}"
            yield Diagnosis("organisation", "todo", f"policy {constraint}: {words}", (ask,))
        else:
            fine.append(constraint)
    if fine:
        yield Diagnosis("organisation", "ok", f"in nobody's way: {', '.join(fine)}")
    who = "groups of other domains are refused where policy iam.allowedPolicyMemberDomains is set: "
    groups = ", ".join((*at.settings.viewers, *at.settings.annotators, *at.settings.ingest_writers)) or "none are set"
    yield Diagnosis("organisation", "by hand", f"{who}{groups}")
