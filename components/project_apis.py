"""The Google APIs that the platform uses, and the service agents through which Google acts in the project.

Owns: that each API is on, that the agents we grant something to exist before the grant, and that those which encrypt
may use a customer's key before anything is made with it. Not its business: what else an agent may do (the component
whose resource is granted says so), and turning APIs off: other things in the project may use them, and disabling one
can delete its data, so `disable_on_destroy` is false.

Trap: Cloud Storage's agent is not asked for as others are. It comes into being when its name is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:ProjectApis"
FORMER_GRANT = (
    "urn:pulumi:{stack}::{project}::dicom-platform:components:ImagingArchive"
    "$gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember::archive-key-usable"
)
"""The one grant on the key that releases before had. To replace it would take it away after it was made again."""


@dataclass(frozen=True, kw_only=True)
class ProjectApisArgs:
    project: str
    services: Sequence[str]
    """Short names: `healthcare` for healthcare.googleapis.com."""
    agents: Sequence[str] = ()
    """Those of `services` whose service agent is granted something; many agents only come into being when asked for."""

    kms_key: str | None = None
    """Full name of a customer-managed key."""
    key_users: Sequence[str] = ()
    """Those of `agents`, and `storage`, that encrypt with it."""


class ProjectApis(pulumi.ComponentResource):
    """Everything else depends on this component explicitly: an API that is not on yet answers 403."""

    agents: Mapping[str, pulumi.Output[str]]
    """IAM member (`serviceAccount:…`) of each agent by the short name of its API; known only when the API is on."""

    def __init__(self, name: str, args: ProjectApisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"project": args.project, "services": list(args.services)}, opts)
        self._services = services = {
            service: gcp.projects.Service(
                f"{name}-{service}",
                project=args.project,
                service=f"{service}.googleapis.com",
                disable_on_destroy=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for service in args.services
        }
        self.agents = {
            service: gcp.projects.ServiceIdentity(
                f"{name}-{service}-agent",
                project=args.project,
                service=f"{service}.googleapis.com",
                opts=pulumi.ResourceOptions(parent=self, depends_on=[services[service]]),
            ).member
            for service in args.agents
        }
        if args.kms_key:
            self._let_use(name, args.kms_key, args)
        self.register_outputs({"agents": self.agents})

    def _let_use(self, name: str, key: str, args: ProjectApisArgs) -> None:
        """An agent that may not use a key yet makes nothing with it."""
        for service in args.key_users:
            former = FORMER_GRANT.format(stack=pulumi.get_stack(), project=pulumi.get_project())
            gcp.kms.CryptoKeyIAMMember(
                f"{name}-key-used-by-{service}",
                crypto_key_id=key,
                role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
                member=self._storage_agent(args.project) if service == "storage" else self.agents[service],
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[self._services[required] for required in ("cloudkms", service)],
                    aliases=[former] if service == "healthcare" else None,
                ),
            )

    def _storage_agent(self, project: str) -> pulumi.Output[str]:
        return gcp.storage.get_project_service_account_output(
            project=project,
            opts=pulumi.InvokeOutputOptions(parent=self, depends_on=[self._services["storage"]]),
        ).member
