"""Service accounts, one a duty, and the project-wide roles that have no smaller resource to be bound on.

Owns: the accounts, their project roles, who may act as them, and the previewer's access to the stack's state.
Deliberately not: keys (never: an identity is attached to what runs, or impersonated), and grants on single
resources, which the component of that resource declares. Default service accounts are not used by anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:Identities"


@dataclass(frozen=True, kw_only=True)
class Duty:
    """What one account is for."""

    account_id: str
    """6 to 30 characters; becomes ACCOUNT@PROJECT.iam.gserviceaccount.com."""
    description: str
    project_roles: Sequence[str] = ()
    permissions: Sequence[str] = ()
    """In place of roles that are wider: a custom role on the project with these alone."""
    acts_as: Sequence[str] = ()
    """Duties whose account it may attach to a resource (`iam.serviceAccounts.actAs`), instead of all in the project."""
    takes_on: Sequence[str] = ()
    """Duties whose short-lived tokens it may have (`iam.serviceAccounts.getAccessToken`), without any key."""


@dataclass(frozen=True, kw_only=True)
class IdentitiesArgs:
    project: str
    duties: Mapping[str, Duty]
    """Keyed by a short name, which is also in the resources' names."""
    state_readers: Sequence[str] = ()
    """Duties that may read the Pulumi state, decrypt its secrets and take its lock, but not write it."""
    state_writers: Sequence[str] = ()
    """Duties that may write the state and encrypt its secrets: those that run `pulumi up`."""
    state_bucket: str | None = None
    state_key: str | None = None
    """Full name of the KMS key that encrypts the stack's secrets."""


class Identities(pulumi.ComponentResource):
    """Accounts by duty; a matrix test holds that no two share one."""

    accounts: Mapping[str, gcp.serviceaccount.Account]

    def __init__(self, name: str, args: IdentitiesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"project": args.project, "duties": sorted(args.duties)}, opts)
        self.accounts = {
            duty: gcp.serviceaccount.Account(
                f"{name}-{duty}",
                project=args.project,
                account_id=spec.account_id,
                display_name=spec.account_id,
                description=spec.description,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for duty, spec in args.duties.items()
        }
        for duty, spec in args.duties.items():
            for role in spec.project_roles:
                self._grant_project_role(f"{name}-{duty}-{role.rpartition('/')[2]}", args.project, duty, role)
            if spec.permissions:
                own = self._role(name, args.project, duty, spec)
                self._grant_project_role(f"{name}-{duty}-permissions", args.project, duty, own)
            for other in spec.acts_as:
                self._grant_account(f"{name}-{duty}-acts-as-{other}", duty, "iam.serviceAccountUser", other)
            for other in spec.takes_on:
                self._grant_account(f"{name}-{duty}-takes-on-{other}", duty, "iam.serviceAccountTokenCreator", other)
        for duty in args.state_readers:
            self._let_read_state(name, args, duty)
        for duty in args.state_writers:
            self._let_write_state(name, args, duty)
        self.register_outputs({"emails": {duty: account.email for duty, account in self.accounts.items()}})

    def email(self, duty: str) -> pulumi.Output[str]:
        return self.accounts[duty].email

    def member(self, duty: str) -> pulumi.Output[str]:
        """`serviceAccount:…`, as IAM writes it."""
        return self.accounts[duty].member

    def _role(self, name: str, project: str, duty: str, spec: Duty) -> pulumi.Output[str]:
        return gcp.projects.IAMCustomRole(
            f"{name}-{duty}-role",
            project=project,
            role_id=f"imaging{duty[0].upper()}{duty[1:]}",
            title=f"Imaging {duty}",
            description=spec.description,
            permissions=list(spec.permissions),
            stage="GA",
            opts=pulumi.ResourceOptions(parent=self),
        ).name

    def _grant_project_role(self, name: str, project: str, duty: str, role: pulumi.Input[str]) -> None:
        gcp.projects.IAMMember(
            name,
            project=project,
            role=role,
            member=self.accounts[duty].member,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _grant_account(self, name: str, duty: str, role: str, other: str) -> None:
        gcp.serviceaccount.IAMMember(
            name,
            service_account_id=self.accounts[other].name,
            role=f"roles/{role}",
            member=self.accounts[duty].member,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _let_read_state(self, name: str, args: IdentitiesArgs, duty: str) -> None:
        member = self.accounts[duty].member
        if args.state_bucket:
            locks = f"projects/_/buckets/{args.state_bucket}/objects/.pulumi/locks/"
            gcp.storage.BucketIAMMember(
                f"{name}-{duty}-reads-state",
                bucket=args.state_bucket,
                role="roles/storage.objectViewer",
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            )
            gcp.storage.BucketIAMMember(
                f"{name}-{duty}-takes-lock",
                bucket=args.state_bucket,
                role="roles/storage.objectUser",
                member=member,
                condition={"title": "locks only", "expression": f'resource.name.startsWith("{locks}")'},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self._grant_key(f"{name}-{duty}-decrypts-state", args, duty, "cryptoKeyDecrypter")

    def _let_write_state(self, name: str, args: IdentitiesArgs, duty: str) -> None:
        if args.state_bucket:
            gcp.storage.BucketIAMMember(
                f"{name}-{duty}-writes-state",
                bucket=args.state_bucket,
                role="roles/storage.objectUser",
                member=self.accounts[duty].member,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self._grant_key(f"{name}-{duty}-keeps-state-secret", args, duty, "cryptoKeyEncrypterDecrypter")

    def _grant_key(self, name: str, args: IdentitiesArgs, duty: str, role: str) -> None:
        if args.state_key:
            gcp.kms.CryptoKeyIAMMember(
                name,
                crypto_key_id=args.state_key,
                role=f"roles/cloudkms.{role}",
                member=self.accounts[duty].member,
                opts=pulumi.ResourceOptions(parent=self),
            )
