"""Who may do what with DICOM: custom roles of a few permissions, bound on one store each.

Owns: the roles, the grants on stores, `healthcare.operations.get` on the dataset for those who must wait for an
operation, and the import buckets' grant to Google's agent. Deliberately not: predefined roles
(`roles/healthcare.dicomViewer` may also export the whole store to a bucket, `dicomEditor` may delete it), grants
wider than a store, and authoritative bindings (`…IamBinding` would evict Google's agents and other teams).

An operation is a child of the dataset, not of the store that started it: hence the one permission bound there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

TYPE = "dicom-platform:components:ArchiveAccess"

ROLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "viewer": ("Reads DICOM through DICOMweb; cannot export", ("healthcare.dicomStores.dicomWebRead",)),
    "annotator": (
        "Reads DICOM and stores annotations beside it",
        ("healthcare.dicomStores.dicomWebRead", "healthcare.dicomStores.dicomWebWrite"),
    ),
    "ingest": ("Stores DICOM, cannot read it back", ("healthcare.dicomStores.dicomWebWrite",)),
    "reader": ("Reads what arrives, and cannot change it", ("healthcare.dicomStores.dicomWebRead",)),
    "job": (
        "Reads and adds to the images of a smoke test, which viewers read where they are",
        ("healthcare.dicomStores.dicomWebRead", "healthcare.dicomStores.dicomWebWrite"),
    ),
    "mover": (
        # Google asks for the right to store where a storage class is set: no permission is smaller.
        "Moves images that viewers do not read to another storage class",
        ("healthcare.dicomStores.dicomWebWrite",),
    ),
    "publisher": (
        "Shows viewers what is ready, and takes back what it showed; for the viewers' own store",
        (
            "healthcare.dicomStores.dicomWebDelete",
            "healthcare.dicomStores.dicomWebRead",
            "healthcare.dicomStores.dicomWebWrite",
        ),
    ),
    "export": ("Copies the whole store to a bucket; for the account of a schedule", ("healthcare.dicomStores.export",)),
    "loader": ("Starts bulk imports", ("healthcare.dicomStores.import",)),
    "smoke": (
        "Stores, reads and deletes; for a store with nothing but test slides",
        (
            "healthcare.dicomStores.dicomWebDelete",
            "healthcare.dicomStores.dicomWebRead",
            "healthcare.dicomStores.dicomWebWrite",
        ),
    ),
    "operations": ("Sees whether an operation of the dataset is done", ("healthcare.operations.get",)),
}
"""Short name → what for, permissions. Each becomes the custom role `dicom<Name>`."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """`member` gets the role `role` of `ROLES` on `store`; `key` names the grant within the stack, so keep it."""

    key: str
    role: str
    store: str
    member: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class ArchiveAccessArgs:
    project: str
    dataset: pulumi.Input[str]
    stores: Mapping[str, pulumi.Input[str]]
    """Full names by short name."""
    grants: Sequence[Grant]
    pollers: Mapping[str, pulumi.Input[str]]
    """Members that must wait for operations, by a key that stays."""
    import_buckets: Sequence[str]
    healthcare_agent: pulumi.Input[str]


class ArchiveAccess(pulumi.ComponentResource):
    """All grants on images there are: the list in `ArchiveAccessArgs.grants` is the access matrix."""

    roles: Mapping[str, gcp.projects.IAMCustomRole]

    def __init__(self, name: str, args: ArchiveAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, {"dataset": args.dataset, "grants": [g.key for g in args.grants]}, opts)
        child = pulumi.ResourceOptions(parent=self)
        used = {grant.role for grant in args.grants} | ({"operations"} if args.pollers else set())
        self.roles = {
            role: gcp.projects.IAMCustomRole(
                f"{name}-{role}",
                project=args.project,
                role_id=f"dicom{role.capitalize()}",
                title=f"DICOM {role}",
                description=words,
                permissions=list(permissions),
                stage="GA",
                opts=child,
            )
            for role, (words, permissions) in ROLES.items()
            if role in used
        }
        for grant in args.grants:
            gcp.healthcare.DicomStoreIamMember(
                f"{name}-{grant.key}-{grant.role}-on-{grant.store}",
                dicom_store_id=args.stores[grant.store],
                role=self.roles[grant.role].name,
                member=grant.member,
                opts=child,
            )
        for key, member in args.pollers.items():
            gcp.healthcare.DatasetIamMember(
                f"{name}-{key}-polls",
                dataset_id=args.dataset,
                role=self.roles["operations"].name,
                member=member,
                opts=child,
            )
        for bucket in args.import_buckets:
            gcp.storage.BucketIAMMember(
                f"{name}-imports-from-{bucket}",
                bucket=bucket,
                role="roles/storage.objectViewer",
                member=args.healthcare_agent,
                opts=child,
            )
        self.register_outputs({"roles": {role: made.name for role, made in self.roles.items()}})
