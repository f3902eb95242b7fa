"""Who may do what with which resource, read from declared resources: grants, and the permissions that they come to.

Owns: finding grants whatever their type, naming the resource they are bound on by its full path, and expanding roles
(Google's predefined ones from `localcloud/iam/roles.json`, the stack's own from its custom roles). What a role that
neither knows would allow is not guessed: it counts as one permission of its own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, cast

from localcloud.iam import roles
from policy.resource import Resource

PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers"})
_PLACE = "projects/{project}/locations/{location}"
WHERE: Mapping[str, str] = {
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": f"{_PLACE}/repositories/{{repository}}",
    "gcp:cloudrunv2/jobIamMember:JobIamMember": f"{_PLACE}/jobs/{{name}}",
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": f"{_PLACE}/services/{{name}}",
    "gcp:healthcare/datasetIamMember:DatasetIamMember": "{datasetId}",
    "gcp:healthcare/dicomStoreIamMember:DicomStoreIamMember": "{dicomStoreId}",
    "gcp:iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember": (
        "projects/{project}/iap_web/cloud_run-{location}/services/{cloudRunServiceName}"
    ),
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": "{cryptoKeyId}",
    "gcp:logging/logViewIamMember:LogViewIamMember": "{parent}/locations/{location}/buckets/{bucket}/views/{name}",
    "gcp:projects/iAMMember:IAMMember": "projects/{project}",
    "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": "projects/{project}/subscriptions/{subscription}",
    "gcp:pubsub/topicIAMMember:TopicIAMMember": "projects/{project}/topics/{topic}",
    "gcp:secretmanager/secretIamMember:SecretIamMember": "projects/{project}/secrets/{secretId}",
    "gcp:serviceaccount/iAMMember:IAMMember": "{serviceAccountId}",
    "gcp:storage/bucketIAMMember:BucketIAMMember": "buckets/{bucket}",
}
"""Type of grant → full name of what it is bound on."""
ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"


@dataclass(frozen=True, order=True)
class Grant:
    principal: str
    """As IAM writes it: `serviceAccount:…`, `group:…`, `allUsers`."""
    role: str
    resource: str
    """`projects/P/…`, or `buckets/B`."""
    condition: str = ""
    """Expression under which alone it holds."""
    urn: str = ""


@dataclass(frozen=True, order=True)
class Right:
    """One cell of the matrix: principal, resource, permission."""

    principal: str
    resource: str
    permission: str
    condition: str = ""


def grants(resources: Iterable[Resource]) -> list[Grant]:
    """All grants, authoritative bindings and policies included, sorted."""
    all_grants: list[Grant] = []
    known = list(resources)
    project = _project(known)
    for resource in known:
        inputs = resource.properties
        if "role" in inputs and ("member" in inputs or "members" in inputs):
            members = _texts(inputs.get("members") or inputs.get("member"))
            condition = _expression(inputs.get("condition") or {})
            where = _where(resource, project)
            all_grants += [Grant(member, str(inputs["role"]), where, condition, resource.urn) for member in members]
    return sorted(all_grants)


def _texts(value: Any) -> tuple[str, ...]:
    """A list's, or the one text; a whole list may be a secret, or only known after the deployment."""
    return tuple(map(str, cast(list[Any], value))) if isinstance(value, list) else (str(value),)


def _expression(condition: Any) -> str:
    """The expression of a condition, or the words for one that is not known yet."""
    return str(cast(dict[str, Any], condition).get("expression", "")) if isinstance(condition, dict) else str(condition)


def rights(resources: Sequence[Resource], named: frozenset[str] = frozenset()) -> set[Right]:
    """The matrix. Of a predefined role with patterns: these, and which of the permissions `named` they come to."""
    own = custom_roles(resources)
    everything = roles.named() | named
    return {
        Right(grant.principal, grant.resource, permission, grant.condition)
        for grant in grants(resources)
        for permission in permissions(grant.role, own, everything)
    }


def custom_roles(resources: Iterable[Resource]) -> dict[str, tuple[str, ...]]:
    """`projects/P/roles/R` → its permissions."""
    known = list(resources)
    project = _project(known)
    return {
        f"projects/{made.properties.get('project', project)}/roles/{made.properties.get('roleId')}": _texts(
            made.properties.get("permissions") or []
        )
        for made in known
        if made.type == ROLE
    }


def permissions(role: str, own: Mapping[str, tuple[str, ...]], named: frozenset[str]) -> set[str]:
    """What a role allows: full names out of `named`, and the patterns (`pubsub.*`) that say it for names to come."""
    if role in own:
        return set(own[role])
    if not roles.is_predefined(role):
        return {role}
    patterns = {entry for entry in roles.entries(role) if "*" in entry and not entry.startswith("!")}
    return patterns | {name for name in named if roles.grants(role, name)}


def find_widened(before: Sequence[Resource], after: Sequence[Resource]) -> list[Right]:
    """Rights that nothing granted before: not on that resource, nor on one above it, nor under fewer conditions."""
    named = frozenset(name for names in (before, after) for own in custom_roles(names).values() for name in own)
    had: dict[tuple[str, str], list[Right]] = {}
    for right in rights(before, named):
        had.setdefault((right.principal, right.permission), []).append(right)
    patterns = [right for held in had.values() for right in held if "*" in right.permission]

    def is_new(right: Right) -> bool:
        principals = {right.principal, *PUBLIC}
        same = [other for principal in principals for other in had.get((principal, right.permission), [])]
        return not any(covers(other, right) for other in (*same, *(patterns if "*" in right.permission else ())))

    return _gather([right for right in rights(after, named) if is_new(right)])


def find_narrowed(before: Sequence[Resource], after: Sequence[Resource]) -> list[Right]:
    """Rights that nothing grants any more."""
    return find_widened(after, before)


def _gather(rights: list[Right]) -> list[Right]:
    """Without the permissions that a pattern among them already says."""
    patterns = [right for right in rights if "*" in right.permission]
    return sorted(right for right in rights if not any(other != right and covers(other, right) for other in patterns))


def covers(wide: Right, narrow: Right) -> bool:
    """Whether the first right includes the second."""
    return (
        (wide.principal == narrow.principal or wide.principal in PUBLIC)
        and wide.condition in ("", narrow.condition)
        and (narrow.resource == wide.resource or narrow.resource.startswith(f"{wide.resource}/"))
        and fnmatchcase(narrow.permission, wide.permission)
    )


def _where(resource: Resource, project: str) -> str:
    inputs = {"project": project, **resource.properties}
    template = WHERE.get(resource.type, "")
    try:
        name = template.format_map({key: _leaf(template, key, value) for key, value in inputs.items()})
    except KeyError:
        name = ""
    return name or f"{resource.type} {resource.name}"


def _leaf(template: str, key: str, value: Any) -> str:
    """A name that is already full counts by its last part where the template has the rest."""
    return str(value) if template.startswith(f"{{{key}}}") else str(value).rpartition("/")[2]


def _project(resources: Iterable[Resource]) -> str:
    """The project of the stack, for grants that leave it to the provider."""
    for resource in resources:
        if isinstance(project := resource.properties.get("project"), str):
            return project
    return "PROJECT"
