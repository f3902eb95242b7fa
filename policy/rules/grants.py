"""Grants: added one by one, to known principals, no wider than the duty. Who has what is the matrix's business."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policy.resource_view import Seen
from policy.rule import Finding, rule, stack_rule
from policy.stack import Stack

AUTHORITATIVE = re.compile(r"(?i)iam(?:policy|binding)$|:(?:IAMPolicy|IAMBinding)$")
PUBLIC = ("allUsers", "allAuthenticatedUsers")
BASIC = ("roles/owner", "roles/editor", "roles/viewer")
PROJECT_GRANT = "gcp:projects/iAMMember:IAMMember"
HIGHER = (
    "gcp:organizations/iAMMember:IAMMember",
    "gcp:folder/iAMMember:IAMMember",
)
NEVER_PROJECT_WIDE = re.compile(
    r"roles/(?:iam\.(?:serviceAccountUser|serviceAccountTokenCreator|serviceAccountOpenIdTokenCreator"
    r"|serviceAccountKeyAdmin|workloadIdentityUser)"
    r"|secretmanager\.secretAccessor|secretmanager\.secretVersionManager"
    r"|storage\.(?:object\w+|legacy\w+)|cloudkms\.\w*(?:Encrypter|Decrypter)\w*"
    r"|pubsub\.(?:publisher|subscriber)|run\.invoker|iap\.httpsResourceAccessor)"
)
"""Roles on data or identities: each has one resource that it belongs on."""
ADMINISTERS = re.compile(
    r"roles/(?:resourcemanager\.projectIamAdmin|iam\.\w*[aA]dmin|cloudkms\.admin|secretmanager\.admin|storage\.admin"
    r"|healthcare\.\w+Admin|run\.admin|artifactregistry\.admin|pubsub\.admin|logging\.(?:admin|configWriter))"
)
DEPLOYER = re.compile(r"serviceAccount:[\w-]*deployer@.*")
"""The one kind of account that administers a project."""


def members(seen: Seen) -> list[Any]:
    several = seen.get("members")
    return [member for member in (seen.get("member"), *(several or [])) if member]


@rule("grants-are-additive", "14", "*")
def grants_are_additive(seen: Seen) -> Iterator[Finding]:
    """A grant adds one member; a binding or policy of a whole role would evict Google's agents and other teams."""
    if AUTHORITATIVE.search(seen.type):
        yield Finding(
            "replaces all other members of the role or resource, Google's own agents among them",
            "Use the type that ends in IAMMember (or IamMember), one for each member.",
        )


@rule("no-public-principal", "18", "*", reads=("member",))
def no_public_principal(seen: Seen) -> Iterator[Finding]:
    """Nothing is granted to everybody, signed in or not."""
    for member in members(seen):
        if member in PUBLIC:
            yield Finding(f"grants {seen.get('role')} to {member}, which is the whole internet", "Name a group.")


@rule("no-basic-role", "14", "*", reads=("role",))
def no_basic_role(seen: Seen) -> Iterator[Finding]:
    """No grant of owner, editor or viewer: each of them reads every image, or more."""
    if members(seen) and seen.get("role") in BASIC:
        yield Finding(
            f"grants the basic role {seen.get('role')}, which reaches every image of the project",
            "Grant the small roles that the duty needs.",
        )


@rule("nothing-above-the-project", "14 15", HIGHER)
def nothing_above_the_project(seen: Seen) -> Iterator[Finding]:
    """The stack grants nothing on a folder or organisation."""
    yield Finding("grants beyond this stack's project", "Grant on the project or on one resource.")


@rule("data-roles-on-one-resource", "14 17", PROJECT_GRANT, reads=("role",))
def data_roles_on_one_resource(grant: Seen) -> Iterator[Finding]:
    """Roles on data and identities are bound on one resource, never on the project."""
    role = str(grant.get("role"))
    if NEVER_PROJECT_WIDE.fullmatch(role):
        yield Finding(
            f"gives {role} on everything of that kind in the project, what is made tomorrow included",
            "Bind it on the one secret, bucket, key, topic, service or account that it is for.",
        )


@rule("only-the-deployer-administers", "14 19", "*", reads=("role",))
def only_the_deployer_administers(grant: Seen) -> Iterator[Finding]:
    """Roles that administer grants, keys, secrets or images belong to the deployer alone, on whatever resource."""
    if not (given := members(grant)):
        return
    role = str(grant.get("role"))
    for member in given if ADMINISTERS.fullmatch(role) else ():
        if not DEPLOYER.fullmatch(str(member)):
            yield Finding(f"lets {member} administer with {role}", "Leave this role to the account that deploys.")


@rule("audit-logs-read-by-groups", "5", PROJECT_GRANT, reads=("member",))
def audit_logs_read_by_groups(grant: Seen) -> Iterator[Finding]:
    """Who read which image is shown to a group of auditors, not to single persons or accounts."""
    if grant.get("role") == "roles/logging.privateLogViewer" and not str(grant.get("member")).startswith("group:"):
        yield Finding("lets a single principal read who looked at which image", "Grant it to a Google group.")


@stack_rule("key-duties-are-split", "8")
def key_duties_are_split(stack: Stack, _: Seen) -> Iterator[Finding]:
    """Who administers keys does not also use them."""
    types = (
        PROJECT_GRANT,
        "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
        "gcp:kms/keyRingIAMMember:KeyRingIAMMember",
    )
    administer = {grant.get("member") for grant in stack.of(*types) if grant.get("role") == "roles/cloudkms.admin"}
    for grant in stack.of(*types):
        if grant.get("member") in administer and "crypter" in str(grant.get("role")):
            yield Finding(
                "lets the keys' administrator decrypt with them too",
                "Give the two roles to two principals.",
                at=grant,
            )


RULES = (
    grants_are_additive,
    no_public_principal,
    no_basic_role,
    nothing_above_the_project,
    data_roles_on_one_resource,
    only_the_deployer_administers,
    audit_logs_read_by_groups,
    key_duties_are_split,
)
