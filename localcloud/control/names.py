"""Names of resources: one form for each, by project id, whatever form a request used."""

from __future__ import annotations

import re

from engine.discovery import Method
from localcloud.cloud import Cloud
from localcloud.errors import ApiError

PROJECTS = "cloudresourcemanager.googleapis.com"
ANY_ID = (r"[^\s/?#:]{1,256}", "an id has 1 to 256 characters and no '/', ':' or space")
_HEALTHCARE = (r"[\w.-]{1,256}", "an id has 1 to 256 letters, digits, '_', '-' or '.'")
_PUBSUB = (
    r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{0,254}",
    "an id has up to 255 letters, digits or '-', '.', '_', '~', '+', '%', begins with a letter and not with goog",
)
_LABEL = (
    r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?",
    "an id has 1 to 63 small letters, digits or '-' and begins with a letter",
)
_WORD = "letters, digits, '_' or '-'"
IDS: dict[tuple[str, str], tuple[str, str]] = {
    **{
        ("healthcare", collection): _HEALTHCARE
        for collection in ("datasets", "dicomStores", "fhirStores", "hl7V2Stores")
    },
    **{("pubsub", collection): _PUBSUB for collection in ("topics", "subscriptions")},
    **dict.fromkeys((("run", "jobs"), ("run", "services")), _LABEL),
    ("artifactregistry", "repositories"): _LABEL,
    ("secretmanager", "secrets"): (r"[A-Za-z0-9_-]{1,255}", f"an id has 1 to 255 {_WORD}"),
    ("cloudscheduler", "jobs"): (r"[A-Za-z0-9_-]{1,500}", f"an id has 1 to 500 {_WORD}"),
    ("workflows", "workflows"): (r"[A-Za-z][A-Za-z0-9_-]{0,63}", f"an id has 1 to 64 {_WORD}, first a letter"),
}
"""(service, collection) -> what Google's reference allows as an id, in a pattern and in words. Pub/Sub asks for three
characters at least; here one is enough. Buckets, accounts and roles have their rules where they are made."""


def canonical(cloud: Cloud, name: str) -> str:
    """`projects/<number>/…` and `sites/S/…` by project id; 403 for a project that is not ours, as Google answers."""
    if name.startswith("sites/"):
        return f"projects/{cloud.project}/{name}"
    head, _, rest = name.partition("/")
    if head != "projects" or not rest:
        return name
    project, slash, below = rest.partition("/")
    is_there = not cloud.creator or cloud.resources.get(PROJECTS, f"projects/{cloud.project}")
    if is_there and project in (cloud.number, cloud.project):
        return f"projects/{cloud.project}{slash}{below}"
    if project == "-" and below.startswith("serviceAccounts/"):
        return f"projects/{cloud.project}{slash}{below}"
    if project in ("_", "-"):
        return name
    raise ApiError(403, f"Permission denied on resource project {project} (or it may not exist).")


def target(cloud: Cloud, method: Method, params: dict[str, str]) -> str:
    """The resource a call is about, by project id; of create and list the parent."""
    name = method.target(params)
    if method.document.host == "storage.googleapis.com" and name.startswith("b/"):
        bucket, _, rest = name.removeprefix("b/").partition("/o/")
        return f"projects/_/buckets/{bucket}" + (f"/objects/{rest}" if rest else "")
    return canonical(cloud, name) or f"projects/{cloud.project}"


def full(cloud: Cloud, host: str, name: str) -> str:
    """Google's full resource name, as IAM wants it: `//pubsub.googleapis.com/projects/P/topics/T`."""
    if (name.startswith("projects/") and name.count("/") == 1) or host == "cloudresourcemanager.googleapis.com":
        return f"//cloudresourcemanager.googleapis.com/projects/{cloud.project}"
    if host == "iamcredentials.googleapis.com":  # its resources are IAM's
        host = "iam.googleapis.com"
    return f"//{host}/{name}"


def by_number(cloud: Cloud, name: str) -> str:
    """Some APIs answer with the project's number."""
    return name.replace(f"projects/{cloud.project}/", f"projects/{cloud.number}/", 1)


def check_id(host: str, collection: str, identifier: str) -> str:
    """`identifier`, or 400 if it could not be the last segment of a name in that collection."""
    pattern, words = IDS.get((host.split(".")[0], collection), ANY_ID)
    if not re.fullmatch(pattern, identifier) or identifier in (".", ".."):
        why = f"{words}, and it is not '.' or '..'."
        raise ApiError(400, f"Invalid id {identifier[:300]!r} for {collection}: {why}")
    return identifier


def has_parent_resource(name: str) -> bool:
    """Whether `name` is a resource, which must exist before something is made in it, and not a project or location."""
    return re.fullmatch(r"(projects|billingAccounts)/[^/]+(/locations/[^/]+)?", name) is None
