"""Who may do what with images: roles of a few permissions, on one store, for groups and accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.resource_view import Seen
from policy.rule import Finding, rule, stack_rule
from policy.stack import Stack

STORE_GRANT = "gcp:healthcare/dicomStoreIamMember:DicomStoreIamMember"
DATASET_GRANT = "gcp:healthcare/datasetIamMember:DatasetIamMember"
CUSTOM_ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"
MANAGING = (
    "roles/healthcare.datasetAdmin",
    "roles/healthcare.datasetViewer",
    "roles/healthcare.dicomStoreAdmin",
    "roles/healthcare.dicomStoreViewer",
)
"""The predefined roles that declare datasets and stores and read no image."""
NEVER = re.compile(
    r"healthcare\.(?:dicomStores\.(?:export|delete|deidentify|setIamPolicy|update)"
    r"|datasets\.(?:delete|deidentify|setIamPolicy|update)|.*\*)"
)
ON_IMAGES = re.compile(r"healthcare\.dicomStores\.(?:dicomWeb\w+|import|export)")
DELETES = "healthcare.dicomStores.dicomWebDelete"
EXPORT_ROLE, EXPORTS = "dicomExport", "healthcare.dicomStores.export"
SMOKE, VIEWER = "smoke", "viewer"
"""Names of the store that holds nothing but test slides, and of the viewers' own, which holds copies."""
CUSTOM = re.compile(r"(?:projects|organizations)/[^/]+/roles/(\w+)")


@rule("no-predefined-dicom-role", "15", "*", reads=("role",))
def no_predefined_dicom_role(grant: Seen) -> Iterator[Finding]:
    """No predefined role of the Healthcare API that reads images: even dicomViewer can export a whole store."""
    role = str(grant.get("role") or "")
    if role.startswith("roles/healthcare.") and role not in MANAGING:
        yield Finding(
            f"grants {role}, which can also export the store to a bucket, or more",
            "Use a custom role with the few dicomWeb permissions that are needed, on one store.",
        )


@rule("custom-role-cannot-take-images-away", "15", CUSTOM_ROLE, reads=("permissions",))
def custom_role_cannot_take_images_away(role: Seen) -> Iterator[Finding]:
    """A role of ours neither exports, de-identifies, replaces or deletes a store or dataset, nor changes its grants."""
    for permission in role.get("permissions") or []:
        if NEVER.fullmatch(str(permission)) and not (role.get("roleId") == EXPORT_ROLE and permission == EXPORTS):
            yield Finding(f"holds {permission}, with which all images can leave or be lost", f"Remove {permission}.")


@rule("custom-role-is-final", "13 15", CUSTOM_ROLE, holds=("permissions",), reads=("stage",))
def custom_role_is_final(role: Seen) -> Iterator[Finding]:
    """A custom role has permissions, says that it is generally available, and is not switched off."""
    if not role.get("permissions"):
        yield Finding("has no permission, so who holds it cannot do its duty", "List its permissions.")
    if role.get("stage") not in ("GA", None):
        yield Finding(f"is at stage {role.get('stage')}, and a disabled one grants nothing", 'Set stage to "GA".')


@stack_rule("images-by-store", "15", (DATASET_GRANT, "gcp:projects/iAMMember:IAMMember"), reads=("role",))
def images_by_store(stack: Stack, grant: Seen) -> Iterator[Finding]:
    """A role that touches images is bound on one store, never on the dataset or project."""
    touched = [permission for permission in permissions_of(stack, grant) if ON_IMAGES.fullmatch(permission)]
    if touched:
        yield Finding(
            f"gives {touched[0]} on every store there is, the ones of tomorrow included",
            "Bind the role on one store (gcp.healthcare.DicomStoreIamMember).",
        )


@rule("images-for-groups-and-accounts", "15", STORE_GRANT, holds=("member",))
def images_for_groups_and_accounts(grant: Seen) -> Iterator[Finding]:
    """Images are opened to a group, in which people come and go, or to a service account; not to single persons."""
    member = str(grant.get("member"))
    if not member.startswith(("group:", "serviceAccount:", "principal://", "principalSet://")):
        yield Finding(f"opens a store to {member}", "Put the person into a Google group and grant to that.")


@stack_rule("only-smoke-deletes", "15 10", STORE_GRANT, reads=("dicomStoreId", "role", "member"))
def only_smoke_deletes(stack: Stack, grant: Seen) -> Iterator[Finding]:
    """Deleting DICOM is granted on the smoke store, of test slides, and on the viewers' own, of copies, to the job."""
    store, member = str(grant.get("dicomStoreId")).rpartition("/")[2], str(grant.get("member"))
    is_publisher = store == VIEWER and member.startswith("serviceAccount:imaging-job@")
    if store != SMOKE and not is_publisher and DELETES in permissions_of(stack, grant):
        yield Finding(
            f"lets {member} delete images from the store {store}",
            "Grant it on smoke alone, or to imaging-job on viewer.",
        )


@stack_rule("only-the-exporter-exports", "15 11", STORE_GRANT, reads=("member", "role"))
def only_the_exporter_exports(stack: Stack, grant: Seen) -> Iterator[Finding]:
    """Exporting a store is granted to the account of the schedule alone, which nobody has a key of."""
    member = str(grant.get("member"))
    if EXPORTS in permissions_of(stack, grant) and not member.startswith("serviceAccount:imaging-exporter@"):
        yield Finding(f"lets {member} copy every image to a bucket of its choice", "Grant it to imaging-exporter.")


@rule("role-fits-its-duty", "15", CUSTOM_ROLE, reads=("permissions",))
def role_fits_its_duty(role: Seen) -> Iterator[Finding]:
    """The roles with a fixed duty hold exactly what the duty needs; a role that is not known here is a finding."""
    name = str(role.get("roleId"))
    wanted = DUTIES.get(name)
    if wanted is None and name not in DELIVERY_ROLES:
        yield Finding(f"is role {name}, which no rule knows", "Add its permissions to DUTIES, or remove it.")
    if wanted is not None and set(role.get("permissions") or []) != set(wanted):
        yield Finding(f"must hold {', '.join(wanted)} and nothing else", "Set permissions to exactly these.")


DUTIES: dict[str, tuple[str, ...]] = {
    "dicomAnnotator": ("healthcare.dicomStores.dicomWebRead", "healthcare.dicomStores.dicomWebWrite"),
    "dicomExport": ("healthcare.dicomStores.export",),
    "dicomIngest": ("healthcare.dicomStores.dicomWebWrite",),
    "dicomJob": ("healthcare.dicomStores.dicomWebRead", "healthcare.dicomStores.dicomWebWrite"),
    "dicomLoader": ("healthcare.dicomStores.import",),
    "dicomMover": ("healthcare.dicomStores.dicomWebWrite",),
    "dicomOperations": ("healthcare.operations.get",),
    "dicomPublisher": (DELETES, "healthcare.dicomStores.dicomWebRead", "healthcare.dicomStores.dicomWebWrite"),
    "dicomReader": ("healthcare.dicomStores.dicomWebRead",),
    "dicomSmoke": (DELETES, "healthcare.dicomStores.dicomWebRead", "healthcare.dicomStores.dicomWebWrite"),
    "dicomViewer": ("healthcare.dicomStores.dicomWebRead",),
    "studyJobScaler": ("run.jobs.run", "run.jobs.runWithOverrides"),
    "studyJobStarter": ("run.jobs.get", "run.jobs.run", "run.jobs.runWithOverrides"),
    "studyJobTester": ("run.executions.get", "run.jobs.run", "run.jobs.runWithOverrides"),
}
"""Custom role → its permissions. A wider duty is a reviewed change of this list."""
DELIVERY_ROLES = ("imagingDeployer", "imagingPreviewer")
"""Roles that hold what the declared resources need, which `ops access` compares with what was agreed."""


def permissions_of(stack: Stack, grant: Seen) -> list[str]:
    """Permissions of the custom role of this stack that is granted; none for a role that is not the stack's."""
    named = CUSTOM.fullmatch(str(grant.get("role")))
    roles = stack.of(CUSTOM_ROLE) if named else []
    return [
        str(permission)
        for role in roles
        if named and role.get("roleId") == named[1]
        for permission in role.get("permissions") or []
    ]


RULES = (
    no_predefined_dicom_role,
    custom_role_cannot_take_images_away,
    custom_role_is_final,
    images_by_store,
    images_for_groups_and_accounts,
    only_smoke_deletes,
    only_the_exporter_exports,
    role_fits_its_duty,
)
