"""Secrets by name, who may read each, and the topic that says when one is due for renewal.

Owns: the empty secrets and their accessors. Deliberately not: values. They are added out of band (`gcloud secrets
versions add NAME --data-file=-`), so that none is in configuration, state or a log. The one exception is the
rendered viewer configuration, which the site publishes anyway; its version is `ViewerConfig`'s.

Trap: a secret can only rotate if it has a topic on which Secret Manager's own agent may publish, and that grant must
exist before the secret. The reminder has no other effect: renewing is for a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:SecretVault"
ROTATION = f"{90 * 86_400}s"
DAY = f"{86_400}s"
"""How long a destroyed version can be had back."""


@dataclass(frozen=True, kw_only=True)
class VaultSecret:
    description: str
    accessors: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """IAM members that may read the value, by a key that stays."""
    rotates_from: str | None = None
    """RFC 3339 time of the first reminder; Google refuses one in the past."""


@dataclass(frozen=True, kw_only=True)
class SecretVaultArgs:
    location: str
    """Values are kept in this region only."""
    secrets: Mapping[str, VaultSecret]
    secretmanager_agent: pulumi.Input[str]
    labels: Mapping[str, str]
    protected: bool
    kms_key: str | None = None
    """Full name of a customer-managed key for the topic. A secret's own can only be chosen when it is made."""


class SecretVault(pulumi.ComponentResource):
    """`secrets` by id; `accessors` are the grants that a reader of that secret must wait for."""

    secrets: Mapping[str, gcp.secretmanager.Secret]
    accessors: Mapping[str, Sequence[pulumi.Resource]]

    def __init__(self, name: str, args: SecretVaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"secretNames": sorted(args.secrets)}, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = gcp.pubsub.Topic(
            f"{name}-rotation",
            name="secret-rotation",
            labels=args.labels,
            message_storage_policy={"allowed_persistence_regions": [args.location]},
            kms_key_name=args.kms_key,
            opts=child,
        )
        announces = gcp.pubsub.TopicIAMMember(
            f"{name}-rotation-announced",
            topic=topic.name,
            role="roles/pubsub.publisher",
            member=args.secretmanager_agent,
            opts=child,
        )
        self.secrets = {
            secret: gcp.secretmanager.Secret(
                f"{name}-{secret}",
                secret_id=secret,
                labels=args.labels,
                annotations={"description": spec.description},
                replication={"user_managed": {"replicas": [{"location": args.location}]}},
                topics=[{"name": topic.id}],
                rotation={"rotation_period": ROTATION, "next_rotation_time": spec.rotates_from}
                if spec.rotates_from
                else None,
                version_destroy_ttl=DAY if args.protected else None,
                deletion_protection=args.protected,
                deletion_policy="PREVENT" if args.protected else "DELETE",
                # Google moves the next time along at each reminder.
                opts=pulumi.ResourceOptions(
                    parent=self,
                    protect=args.protected,
                    depends_on=[announces],
                    ignore_changes=["rotation.nextRotationTime"] if spec.rotates_from else None,
                ),
            )
            for secret, spec in args.secrets.items()
        }
        self.accessors = {
            secret: [
                gcp.secretmanager.SecretIamMember(
                    f"{name}-{secret}-read-by-{key}",
                    secret_id=self.secrets[secret].id,
                    role="roles/secretmanager.secretAccessor",
                    member=member,
                    opts=child,
                )
                for key, member in spec.accessors.items()
            ]
            for secret, spec in args.secrets.items()
        }
        self.register_outputs({"secrets": {secret: made.id for secret, made in self.secrets.items()}})
