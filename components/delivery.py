"""How a push becomes a deployment: Cloud Build's link to GitHub, and the triggers that build and deploy.

Owns: the connection, the repository, and the triggers: deploy on a push; viewer, viewer image and job image by hand.
Deliberately not: what a build does (the repository's own files under `delivery/`, so that a build is reviewed with
the code), the token (`SecretVault` holds it, a person adds it), the GitHub App's installation (only GitHub's page
makes one).

Traps: Cloud Build's agent must be able to read the token *before* the connection is made. Repository and triggers
must be in the connection's region. A trigger runs as its own account, never the default one, and such a build must
log to Cloud Logging only, which each file says. A deploy with approval waits for a person, who sees the commit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:Delivery"


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """One trigger: on a push to the branch, or by hand when `on_push` is false."""

    description: str
    file: str
    """Build file in the repository."""
    service_account: pulumi.Input[str]
    """Full name `projects/P/serviceAccounts/E-MAIL`."""
    on_push: bool = False
    included_files: Sequence[str] = ()
    approval: bool = False
    substitutions: Mapping[str, pulumi.Input[str]] | None = None


@dataclass(frozen=True, kw_only=True)
class DeliveryArgs:
    project: str
    location: str
    repository: str
    """`OWNER/NAME` at GitHub."""
    branch: str
    installation_id: int
    token_version: pulumi.Input[str]
    """Full name of the secret's version."""
    token_readable: Sequence[pulumi.Resource]
    """Grants of the token that the connection waits for."""
    triggers: Mapping[str, Trigger]


class Delivery(pulumi.ComponentResource):
    """`triggers` by name."""

    triggers: Mapping[str, gcp.cloudbuild.Trigger]

    def __init__(self, name: str, args: DeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"repository": args.repository, "branch": args.branch}, opts)
        connection = gcp.cloudbuildv2.Connection(
            f"{name}-github",
            project=args.project,
            location=args.location,
            name="github",
            github_config={
                "app_installation_id": args.installation_id,
                "authorizer_credential": {"oauth_token_secret_version": args.token_version},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.token_readable)),
        )
        repository = gcp.cloudbuildv2.Repository(
            f"{name}-repository",
            project=args.project,
            location=args.location,
            name=args.repository.replace("/", "-"),
            parent_connection=connection.name,
            remote_uri=f"https://github.com/{args.repository}.git",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.triggers = {
            key: self._trigger(f"{name}-{key}", key, trigger, args, repository)
            for key, trigger in args.triggers.items()
        }
        self.register_outputs({"triggers": {key: made.name for key, made in self.triggers.items()}})

    def _trigger(
        self, name: str, key: str, trigger: Trigger, args: DeliveryArgs, repository: gcp.cloudbuildv2.Repository
    ) -> gcp.cloudbuild.Trigger:
        by_hand = not trigger.on_push
        ref = f"refs/heads/{args.branch}"
        return gcp.cloudbuild.Trigger(
            name,
            project=args.project,
            location=args.location,
            name=key,
            description=trigger.description,
            service_account=trigger.service_account,
            filename=None if by_hand else trigger.file,
            repository_event_config=None
            if by_hand
            else {"repository": repository.id, "push": {"branch": f"^{re.escape(args.branch)}$"}},
            source_to_build={"repository": repository.id, "ref": ref, "repo_type": "GITHUB"} if by_hand else None,
            git_file_source={
                "path": trigger.file,
                "repository": repository.id,
                "revision": ref,
                "repo_type": "GITHUB",
            }
            if by_hand
            else None,
            included_files=list(trigger.included_files) or None,
            approval_config={"approval_required": trigger.approval},
            substitutions=trigger.substitutions,
            opts=pulumi.ResourceOptions(parent=self),
        )
