"""Names of resources: one form for each, by project id, whatever form a request used."""

from __future__ import annotations

import re

from engine.discovery import Method
from localcloud.cloud import Cloud
from localcloud.errors import ApiError

_ID = re.compile(r"[^\s/?#:]{1,256}")


def canonical(cloud: Cloud, name: str) -> str:
    """`projects/<number>/…` and `sites/S/…` by project id; 403 for a project that is not ours, as Google answers."""
    if name.startswith("sites/"):
        return f"projects/{cloud.project}/{name}"
    head, _, rest = name.partition("/")
    if head != "projects" or not rest:
        return name
    project, slash, below = rest.partition("/")
    if project in (cloud.number, cloud.project) or (project == "-" and below.startswith("serviceAccounts/")):
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


def valid_id(identifier: str, what: str) -> str:
    """`identifier`, or 400 if it could not be the last segment of a name."""
    if not _ID.fullmatch(identifier) or identifier in (".", ".."):
        why = "an id has 1 to 256 characters, no '/', ':' or space, and is not '.' or '..'."
        raise ApiError(400, f"Invalid {what} {identifier[:300]!r}: {why}")
    return identifier


def has_parent_resource(name: str) -> bool:
    """Whether `name` is a resource, which must exist before something is made in it, and not a project or location."""
    return re.fullmatch(r"(projects|billingAccounts)/[^/]+(/locations/[^/]+)?", name) is None
