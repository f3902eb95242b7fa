"""How GitHub Actions become an identity of the project without any key: a Workload Identity pool with one provider.

Owns: the pool, the provider with its condition, and which workflow may take on which account. Deliberately not: what
these accounts may do (each resource grants that), and deploying: no workflow at GitHub takes on the deployer.

Traps: without a condition every repository at GitHub would be let in. Names of repositories can be taken over, their
numbers cannot; and a token's `sub` has another form in repositories made or renamed since 2026-07-15, so nothing here
leans on it. A pull request may change the workflow that it runs, so whatever is let in must be harmless in the
hands of anybody who can push a branch. A fork's pull request gets no token from GitHub. A deleted pool's id stays
taken for 30 days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:Federation"
ISSUER = "https://token.actions.githubusercontent.com"
POOL, PROVIDER = "github", "actions"


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """One workflow file, the event that must have started it, and the account it takes on."""

    file: str
    """Name under `.github/workflows/`."""
    event: str
    """`pull_request`, or `schedule` for a run of the repository's own branch."""
    account: pulumi.Input[str]
    """Full name `projects/P/serviceAccounts/E-MAIL`."""


@dataclass(frozen=True, kw_only=True)
class FederationArgs:
    project: str
    repository: str
    """`OWNER/NAME` at GitHub."""
    repository_id: int
    branch: str
    workflows: Sequence[Workflow]
    adopted: bool = False
    """Pool and provider exist already and are taken over: an id that was deleted and had back is not free."""


class Federation(pulumi.ComponentResource):
    """`provider` is the full name that a workflow asks for."""

    provider: pulumi.Output[str]

    def __init__(self, name: str, args: FederationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"repository": args.repository, "repositoryId": args.repository_id}, opts)
        pool_name = f"projects/{args.project}/locations/global/workloadIdentityPools/{POOL}"
        pool = gcp.iam.WorkloadIdentityPool(
            f"{name}-pool",
            project=args.project,
            workload_identity_pool_id=POOL,
            display_name="GitHub Actions",
            description=f"Workflows of {args.repository}, for looking only",
            opts=pulumi.ResourceOptions(parent=self, import_=pool_name if args.adopted else None),
        )
        provider = gcp.iam.WorkloadIdentityPoolProvider(
            f"{name}-provider",
            project=args.project,
            workload_identity_pool_id=pool.workload_identity_pool_id,
            workload_identity_pool_provider_id=PROVIDER,
            display_name="GitHub Actions",
            oidc={"issuer_uri": ISSUER},
            attribute_mapping=dict(MAPPING),
            attribute_condition=condition(args),
            opts=pulumi.ResourceOptions(
                parent=self, import_=f"{pool_name}/providers/{PROVIDER}" if args.adopted else None
            ),
        )
        for workflow in args.workflows:
            gcp.serviceaccount.IAMMember(
                f"{name}-{workflow.file.partition('.')[0]}",
                service_account_id=workflow.account,
                role="roles/iam.workloadIdentityUser",
                member=pulumi.Output.format(
                    "principalSet://iam.googleapis.com/{0}/attribute.workflow/{1}", pool.name, workflow.file
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.provider = provider.name
        self.register_outputs({"provider": self.provider})


MAPPING: Mapping[str, str] = {
    "google.subject": "assertion.sub",
    "attribute.repository_id": "assertion.repository_id",
    "attribute.event_name": "assertion.event_name",
    "attribute.workflow": "assertion.workflow_ref.extract('/.github/workflows/{file}@')",
}
"""Attribute → CEL expression over GitHub's token."""


def condition(args: FederationArgs) -> str:
    """CEL: this repository by its number, and one of the workflows, started by its event."""
    return f'assertion.repository_id == "{args.repository_id}" && ({" || ".join(_lets_in(args))})'


def _lets_in(args: FederationArgs) -> list[str]:
    return [
        f'(assertion.event_name == "{workflow.event}"{_on_branch(args, workflow)}'
        f' && assertion.workflow_ref.startsWith("{_ref(args, workflow)}"))'
        for workflow in args.workflows
    ]


def _on_branch(args: FederationArgs, workflow: Workflow) -> str:
    """A pull request's reference is its own, and new with each."""
    return "" if workflow.event == "pull_request" else f' && assertion.ref == "refs/heads/{args.branch}"'


def _ref(args: FederationArgs, workflow: Workflow) -> str:
    """A pull request's own merge commit, or the branch's file as it was reviewed."""
    of_event = "refs/pull/" if workflow.event == "pull_request" else f"refs/heads/{args.branch}"
    return f"{args.repository}/.github/workflows/{workflow.file}@{of_event}"
