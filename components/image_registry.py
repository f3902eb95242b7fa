"""The Artifact Registry repository for the platform's images.

Owns: that a tag never moves, that images are scanned, that old ones go and the deployed one stays, who may push, and
the bucket in which a build by hand finds its source. Not its business: building images (`JobImage`, `Delivery`).

Traps: Container Registry is shut, so no name is on gcr.io. A DELETE policy without KEEP would remove the digest that
runs. Durations are in seconds, since Google answers `7776000s` for `90d` and every later plan would show a
difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:ImageRegistry"


@dataclass(frozen=True, kw_only=True)
class ImageRegistryArgs:
    project: str
    location: str
    repository: str
    writers: Mapping[str, pulumi.Input[str]]
    """IAM members that may push, by a key that stays."""
    labels: Mapping[str, str]
    source_bucket: str
    """Bucket for the sources of builds by hand, which Google would put in one of no region."""
    source_readers: Mapping[str, pulumi.Input[str]]
    """IAM members whose builds read their source there, by a key that stays."""
    protected: bool
    readers: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """IAM members of other projects that may pull, by a key that stays."""
    keep: int = 20
    """Newest versions of each image that are kept whatever their age."""
    delete_untagged_after_days: int = 30
    kms_key: str | None = None
    """Full name of a customer-managed key for the sources. The repository's own can only be chosen when it is made."""


class ImageRegistry(pulumi.ComponentResource):
    """`address` is `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY`, under which images are named."""

    repository: gcp.artifactregistry.Repository
    address: pulumi.Output[str]

    def __init__(self, name: str, args: ImageRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"repositoryId": args.repository, "location": args.location}, opts)
        self.repository = gcp.artifactregistry.Repository(
            f"{name}-images",
            project=args.project,
            location=args.location,
            repository_id=args.repository,
            description="Images of the imaging platform",
            format="DOCKER",
            labels=args.labels,
            docker_config={"immutable_tags": True},
            vulnerability_scanning_config={"enablement_config": "INHERITED"},
            cleanup_policy_dry_run=False,
            cleanup_policies=[
                {"id": "keep-newest", "action": "KEEP", "most_recent_versions": {"keep_count": args.keep}},
                {
                    "id": "delete-untagged",
                    "action": "DELETE",
                    "condition": {
                        "tag_state": "UNTAGGED",
                        "older_than": f"{args.delete_untagged_after_days * 86_400}s",
                    },
                },
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        for verb, role, members in (("pushed", "writer", args.writers), ("pulled", "reader", args.readers)):
            for key, member in members.items():
                gcp.artifactregistry.RepositoryIamMember(
                    f"{name}-{verb}-by-{key}",
                    project=args.project,
                    location=args.location,
                    repository=self.repository.name,
                    role=f"roles/artifactregistry.{role}",
                    member=member,
                    opts=pulumi.ResourceOptions(parent=self),
                )
        self._sources(name, args)
        self.address = self.repository.repository_id.apply(
            lambda repository: f"{args.location}-docker.pkg.dev/{args.project}/{repository}"
        )
        self.register_outputs({"address": self.address})

    def _sources(self, name: str, args: ImageRegistryArgs) -> None:
        bucket = gcp.storage.Bucket(
            f"{name}-sources",
            project=args.project,
            name=args.source_bucket,
            location=args.location,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning={"enabled": True},
            soft_delete_policy={"retention_duration_seconds": 7 * 86_400 if args.protected else 0},
            lifecycle_rules=[
                {"action": {"type": "Delete"}, "condition": {"days_since_noncurrent_time": 30}},
                {"action": {"type": "Delete"}, "condition": {"age": 30, "matches_prefixes": ["source/"]}},
            ],
            encryption={"default_kms_key_name": args.kms_key} if args.kms_key else None,
            force_destroy=not args.protected,
            deletion_policy="PREVENT" if args.protected else "DELETE",
            labels=args.labels,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protected),
        )
        for key, member in args.source_readers.items():
            gcp.storage.BucketIAMMember(
                f"{name}-sources-read-by-{key}",
                bucket=bucket.name,
                role="roles/storage.objectViewer",
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            )
