"""The rendered configuration of the viewer, as a version of a secret that the release step reads.

Owns: that version. Deliberately not: what is in it (the caller renders it), the secret itself and its readers.

This is the one value that goes through Pulumi into Secret Manager: the site publishes it anyway (store, client id,
no secret), so that it is in the state costs nothing, and a release gets its configuration with the same guarantees
as code.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:ViewerConfig"


@dataclass(frozen=True, kw_only=True)
class ViewerConfigArgs:
    secret: pulumi.Input[str]
    """Full name of the secret."""
    content: pulumi.Input[str]
    """JSON of `window.config`."""


class ViewerConfig(pulumi.ComponentResource):
    """`version` is the version's full name."""

    version: pulumi.Output[str]

    def __init__(self, name: str, args: ViewerConfigArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"secret": args.secret}, opts)
        stored = gcp.secretmanager.SecretVersion(
            f"{name}-version",
            secret=args.secret,
            secret_data=args.content,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.version = stored.name
        self.register_outputs({"version": self.version})
