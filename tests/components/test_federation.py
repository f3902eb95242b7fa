from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pulumi_gcp as gcp
import pytest

from components.federation import MAPPING, Federation, FederationArgs, Workflow, condition
from tests.components.looking import children, grants, inputs, node
from tests.harness import Deploy, Graph
from tests.infra import stacks

LOOKER = "projects/dicom-local/serviceAccounts/a-looker@dicom-local.iam.gserviceaccount.com"
WORKFLOWS = [
    Workflow(file="preview.yaml", event="pull_request", account=LOOKER),
    Workflow(file="drift.yaml", event="schedule", account=LOOKER),
]
ARGS = FederationArgs(
    project="dicom-local", repository="lab/platform", repository_id=815, branch="main", workflows=WORKFLOWS
)
PULL_REQUEST = {
    "repository_id": "815",
    "event_name": "pull_request",
    "sub": "repo:lab/platform:pull_request",
    "ref": "refs/pull/7/merge",
    "workflow_ref": "lab/platform/.github/workflows/preview.yaml@refs/pull/7/merge",
}
NIGHTLY = {
    "repository_id": "815",
    "event_name": "schedule",
    "sub": "repo:lab@42/platform@815:ref:refs/heads/main",
    "ref": "refs/heads/main",
    "workflow_ref": "lab/platform/.github/workflows/drift.yaml@refs/heads/main",
}


def federation(deploy: Deploy) -> Graph:
    def program() -> None:
        gcp.serviceaccount.Account("looker", account_id="a-looker")
        Federation("federation", ARGS)

    return deploy(program)


class Text(str):
    """A CEL string, as far as our conditions use one."""

    def startsWith(self, prefix: str) -> bool:  # noqa: N802 - CEL's name
        return self.startswith(prefix)


def lets_in(claims: dict[str, str], expression: str = condition(ARGS)) -> bool:
    """The condition on a token's claims. CEL's `&&` and `||` are the only words that Python writes otherwise."""
    assert re.fullmatch(r'(assertion\.\w+|\.startsWith\("[^"]*"\)|"[^"]*"|==|&&|\|\||[() ])+', expression)
    python = expression.replace("&&", "and").replace("||", "or")
    assertion = SimpleNamespace(**{key: Text(value) for key, value in claims.items()})
    return bool(eval(python, {"__builtins__": {}}, {"assertion": assertion}))


def test_it_declares_a_pool_a_provider_and_one_grant_a_workflow(deploy: Deploy) -> None:
    graph = federation(deploy)

    assert children(graph, "federation") == {
        "federation-pool": "iam/workloadIdentityPool:WorkloadIdentityPool",
        "federation-provider": "iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
        "federation-preview": "serviceaccount/iAMMember:IAMMember",
        "federation-drift": "serviceaccount/iAMMember:IAMMember",
    }
    pool = "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/github"
    assert grants(graph) == {
        (f"{pool}/attribute.workflow/{file}", "roles/iam.workloadIdentityUser", LOOKER)
        for file in ("preview.yaml", "drift.yaml")
    }
    assert str(node(graph, "federation").outputs["provider"]).endswith("workloadIdentityPools/github/providers/actions")


def test_the_provider_trusts_github_and_maps_what_grants_speak_of(deploy: Deploy) -> None:
    provider = inputs(federation(deploy), "federation-provider")

    assert provider["oidc"] == {"issuerUri": "https://token.actions.githubusercontent.com"}
    assert provider["attributeMapping"] == dict(MAPPING)
    assert "attribute.workflow" in MAPPING
    assert provider["attributeCondition"] == condition(ARGS)


@pytest.mark.parametrize("subject", ["repo:lab/platform", "repo:lab@42/platform@815"], ids=["old", "since 2026-07-15"])
@pytest.mark.parametrize("claims", [PULL_REQUEST, NIGHTLY], ids=["pull request", "nightly"])
def test_our_own_workflows_are_let_in_whichever_subject_github_gives(claims: dict[str, str], subject: str) -> None:
    _, _, rest = claims["sub"].removeprefix("repo:").partition(":")

    assert lets_in(claims | {"sub": f"{subject}:{rest}"})


@pytest.mark.parametrize(
    ("claims", "changed"),
    [
        (PULL_REQUEST, {"repository_id": "816"}),
        (PULL_REQUEST, {"event_name": "push"}),
        (PULL_REQUEST, {"event_name": "pull_request_target"}),
        (PULL_REQUEST, {"event_name": "workflow_dispatch"}),
        (PULL_REQUEST, {"workflow_ref": "lab/platform/.github/workflows/other.yaml@refs/pull/7/merge"}),
        (PULL_REQUEST, {"workflow_ref": "lab/platform/.github/workflows/preview.yaml@refs/heads/topic"}),
        (PULL_REQUEST, {"workflow_ref": "evil/platform/.github/workflows/preview.yaml@refs/pull/7/merge"}),
        (NIGHTLY, {"workflow_ref": "lab/platform/.github/workflows/drift.yaml@refs/heads/topic"}),
        (NIGHTLY, {"ref": "refs/heads/topic"}),
        (NIGHTLY, {"workflow_ref": "lab/platform/.github/workflows/preview.yaml@refs/heads/main"}),
        (NIGHTLY, {"event_name": "push"}),
    ],
)
def test_whatever_differs_in_one_claim_is_kept_out(claims: dict[str, str], changed: dict[str, str]) -> None:
    assert not lets_in(claims | changed)


def opened(graph: Graph) -> dict[str, str]:
    """Workflow → account that it takes on."""
    return {
        who.rpartition("/")[2]: where.rpartition("/")[2].partition("@")[0]
        for who, role, where in grants(graph)
        if role == "roles/iam.workloadIdentityUser"
    }


def test_in_prod_github_may_only_look() -> None:
    assert opened(stacks.prod()) == {"preview.yaml": "imaging-previewer", "drift.yaml": "imaging-previewer"}


def test_elsewhere_a_pull_request_may_show_its_viewer() -> None:
    settings: dict[str, Any] = {"gcp:project": "my-imaging", "githubRepository": "lab/platform"}

    assert opened(stacks.harness.stack("dev", **settings, githubRepositoryId=815)) == {
        "preview.yaml": "imaging-previewer",
        "drift.yaml": "imaging-previewer",
        "preview-viewer.yaml": "imaging-preview-viewer",
    }


def test_without_the_repositorys_number_nobody_is_let_in() -> None:
    assert opened(stacks.empty_dev()) == {}
