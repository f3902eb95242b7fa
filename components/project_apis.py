"""The Google APIs that the platform uses, and the service agents through which Google acts in the project.

Owns: that each API is on, and that the agents we grant something to exist before the grant. Not its business: what
an agent may do (the component whose resource is granted says so), and turning APIs off: other things in the project
may use them, and disabling one can delete its data, so `disable_on_destroy` is false.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:ProjectApis"


@dataclass(frozen=True, kw_only=True)
class ProjectApisArgs:
    project: str
    services: Sequence[str]
    """Short names: `healthcare` for healthcare.googleapis.com."""
    agents: Sequence[str] = ()
    """Those of `services` whose service agent is granted something; many agents only come into being when asked for."""


class ProjectApis(pulumi.ComponentResource):
    """Everything else depends on this component explicitly: an API that is not on yet answers 403."""

    agents: Mapping[str, pulumi.Output[str]]
    """IAM member (`serviceAccount:…`) of each agent by the short name of its API; known only when the API is on."""

    def __init__(self, name: str, args: ProjectApisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"project": args.project, "services": list(args.services)}, opts)
        services = {
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
        self.register_outputs({"agents": self.agents})
